import { isChoiceGold, judgeChoice } from './choice.ts'
import { extractAnswer } from './extract.ts'
import { judgeNumber } from './judge-number.ts'
import { parseNumber } from './number.ts'
import { judgeText } from './short-text.ts'
import type { AnswerKind, Judgement, VerifyCase, VerifyResult } from './verdict.ts'
import { incorrect } from './verdict.ts'
import { isYesNoGold, judgeYesNo } from './yes-no.ts'

type ConcreteKind = Exclude<AnswerKind, 'auto'>

/** The kind that `auto` stands for: options first, then yes/no, then a number, else text. */
export function resolveKind(row: Pick<VerifyCase, 'gold' | 'kind' | 'choices'>): ConcreteKind {
  const kind = row.kind ?? 'auto'
  if (kind !== 'auto') return kind
  const choices = row.choices ?? []
  if (isChoiceGold(row.gold, choices)) return 'choice'
  if (isYesNoGold(row.gold)) return 'yesno'
  return parseNumber(row.gold) === null ? 'text' : 'number'
}

/**
 * Judges one answer. Pure, deterministic and bounded: the same case always gives the same result, and no input makes it slow.
 * `correct` is only said when a rule shows it; what no rule can decide is `unverifiable`.
 */
export function verifyCase(row: VerifyCase): VerifyResult {
  const kind = resolveKind(row)
  const { extracted, rule, unclosedReasoning } = extractAnswer(row.answer, kind)
  const shown = extracted === null ? null : extracted.slice(0, 500)
  const judgement =
    extracted === null
      ? incorrect(unclosedReasoning ? 'unclosed-reasoning' : 'no-answer')
      : extracted === ''
        ? incorrect('empty-answer')
        : RULES[kind](goldAnswer(row.gold, kind), extracted, row)
  return { id: row.id, ...judgement, extracted: shown, rule }
}

/** A gold answer may carry the marks of a data set: <answer>5</answer>, \boxed{5}. */
function goldAnswer(gold: string, kind: ConcreteKind): string {
  return /<answer>|\\boxed/.test(gold) ? (extractAnswer(gold, kind).extracted ?? gold) : gold
}

const RULES: Record<ConcreteKind, (gold: string, answer: string, row: VerifyCase) => Judgement> = {
  number: (gold, answer, row) => judgeNumber(gold, answer, row.precision),
  choice: (gold, answer, row) => judgeChoice(gold, answer, row.choices ?? []),
  yesno: judgeYesNo,
  text: judgeText,
}
