import { judgeNumber } from './answers/judge-number.ts'
import { parseNumber } from './answers/number.ts'
import { Budget, BudgetSpent } from './budget.ts'
import { extractAnswer } from './extract.ts'
import { isChoiceGold, judgeChoice } from './kinds/choice.ts'
import { judgeText } from './kinds/short-text.ts'
import { isYesNoGold, judgeYesNo } from './kinds/yes-no.ts'
import type { AnswerKind, Judgement, Rule, VerifyCase, VerifyResult } from './verdict.ts'
import { incorrect, unverifiable } from './verdict.ts'

export type ConcreteKind = Exclude<AnswerKind, 'auto'>

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
        : judge(kind, goldAnswer(row.gold, kind), extracted, row)
  return { id: row.id, ...judgement, extracted: shown, rule }
}

function judge(kind: ConcreteKind, gold: string, answer: string, row: VerifyCase): Judgement {
  const { precision, choices = [], policy = {} } = row
  try {
    return RULES[kind](gold, answer, { precision, choices, policy, budget: new Budget() })
  } catch (error) {
    if (error instanceof BudgetSpent) return unverifiable('too-hard')
    throw error
  }
}

/** A gold answer may carry the marks of a data set: <answer>5</answer>, \boxed{5}. */
function goldAnswer(gold: string, kind: ConcreteKind): string {
  return /<answer>|\\boxed/.test(gold) ? (extractAnswer(gold, kind).extracted ?? gold) : gold
}

const RULES: Record<ConcreteKind, Rule> = {
  number: (gold, answer, { precision }) => judgeNumber(gold, answer, precision),
  expression: (gold, answer, { precision }) => judgeNumber(gold, answer, precision),
  list: judgeText,
  choice: (gold, answer, { choices }) => judgeChoice(gold, answer, choices),
  yesno: judgeYesNo,
  text: judgeText,
  date: judgeText,
  time: judgeText,
  ocr: judgeText,
  chart: judgeText,
  box: judgeText,
}
