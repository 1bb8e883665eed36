import { checkExpression, checkList, checkNumber } from './answers/math-rules.ts'
import { mathText } from './answers/math-text.ts'
import { readAnswer } from './answers/read.ts'
import type { Structure } from './answers/structure.ts'
import { Effort, EffortSpent } from './effort.ts'
import { extractAnswer } from './extract.ts'
import type { ExtractionHelp } from './extract.ts'
import { checkBox, isBoxGold } from './kinds/box.ts'
import { checkChart } from './kinds/chart.ts'
import { isChoiceGold, checkChoice, picksOption } from './kinds/choice.ts'
import { checkDate, isDateGold } from './kinds/date.ts'
import { checkOcr } from './kinds/ocr.ts'
import { checkText } from './kinds/short-text.ts'
import { checkTime, isTimeGold } from './kinds/time.ts'
import { checkYesNo, isYesNoGold, saysYesOrNo } from './kinds/yes-no.ts'
import { leafLimit } from './plain-text.ts'
import type { AnswerKind, Ruling, Rule, VerifyCase, VerifyResult } from './verdict.ts'
import { incorrect, unverifiable } from './verdict.ts'

export type ConcreteKind = Exclude<AnswerKind, 'auto'>

/**
 * The kind that `auto` means for this gold answer: an option, yes or no, boxes, a date, a time,
 * mathematics, or else text.
 */
export function resolveKind(row: Pick<VerifyCase, 'gold' | 'kind' | 'choices'>): ConcreteKind {
  const kind = row.kind ?? 'auto'
  if (kind !== 'auto') return kind
  const choices = row.choices ?? []
  const gold = withoutTextBox(goldAnswer(row.gold, 'expression'))
  if (isChoiceGold(choices.length > 0 ? gold : mathText(gold), choices)) return 'choice'
  if (isYesNoGold(gold)) return 'yesno'
  if (isBoxGold(gold)) return 'box'
  if (isDateGold(gold)) return 'date'
  if (isTimeGold(gold)) return 'time'
  return mathKind(gold)
}

/** \text{Yes} and $\text{True}$ are words. */
function withoutTextBox(gold: string): string {
  const found = /^\s*\$?\s*\\(?:text|textbf|textit|mathrm|mathbf|textrm|mbox)\s*\{([^{}\\]*)\}\s*\$?\s*$/.exec(gold)
  return found === null ? gold : (found[1] ?? '').trim()
}

/**
 * Number, expression or text. Letters alone are words: a digit, a sign or a command makes
 * mathematics.
 */
function mathKind(gold: string): 'number' | 'expression' | 'text' {
  if (gold.length > leafLimit) return 'text'
  const text = mathText(gold)
  const isMarked =
    /[\d=<>≤≥∪∩∞∅ℝ±π√+*/^⦃|]|\\[a-zA-Z]|\b(?:sin|cos|tan|cot|sec|csc|ln|log) [a-zθαβ]\b|\b(?:sqrt|cbrt|abs|(?:arc)?(?:sin|cos|tan)h?|ln|log|exp|[a-zA-Z])\(|^-?pi$/.test(
      text,
    ) || /^\$.*\$$|^\\[([]/s.test(gold.trim())
  try {
    const [first] = readAnswer(gold, new Effort())
    if (first === undefined) return 'text'
    if (first.type === 'quantity' && first.exact !== null) return 'number'
    if (first.type === 'named-set') return 'expression'
    return isMarked && isMath(first) ? 'expression' : 'text'
  } catch (error) {
    if (error instanceof EffortSpent) return 'expression'
    throw error
  }
}

/** Whether the structure holds anything but words. */
function isMath(structure: Structure): boolean {
  if (structure.type === 'words') return false
  if (structure.type === 'group') return structure.items.some(isMath)
  if (structure.type === 'relation') return structure.sides.some(isMath)
  return true
}

/** A case after the rules. */
export interface VerifiedCase {
  result: VerifyResult
  /** The gold answer without the marks of a data set. */
  gold: string
  /**
   * The bare answer, as extracted, in full; '' where no answer was found. The result shows only the
   * beginning of it.
   */
  answer: string
}

/**
 * Checks one answer. Pure, deterministic and bounded: the same case always gives the same result,
 * and no input makes it slow. It says `correct` only when a rule shows this. It says `unverifiable`
 * when no rule can decide.
 */
export const verifyCase = (row: VerifyCase): VerifyResult => verifiedCase(row).result

/**
 * {@link verifyCase}, with the texts that were compared. A judge sees them where rules leave the
 * case open.
 */
export function verifiedCase(row: VerifyCase): VerifiedCase {
  const kind = resolveKind(row)
  const given = goldAnswer(row.gold, kind)
  const gold = kind === 'number' || kind === 'expression' || kind === 'list' ? given : withoutTextBox(given)
  const { extracted, rule, missing } = extractAnswer(row.answer, kind, helpOf(kind, row))
  const shown = extracted === null ? null : extracted.slice(0, 500)
  const ruling =
    extracted === null
      ? missing === 'retracted' || missing === 'cut-off'
        ? unverifiable(missing)
        : incorrect(missing)
      : extracted === ''
        ? incorrect('empty-answer')
        : applyRule(kind, gold, extracted, row)
  return { result: { id: row.id, ...ruling, extracted: shown, rule }, gold, answer: extracted ?? '' }
}

function helpOf(kind: ConcreteKind, { policy, choices = [] }: VerifyCase): ExtractionHelp {
  if (kind === 'choice') return { policy, isOption: (text) => picksOption(text, choices) }
  return kind === 'yesno' ? { policy, isOption: saysYesOrNo } : { policy }
}

function applyRule(kind: ConcreteKind, gold: string, answer: string, row: VerifyCase): Ruling {
  const { precision, choices = [], policy = {} } = row
  const context = { precision, choices, policy, effort: new Effort() }
  if (isDenied(kind, gold, answer)) return incorrect('hedged')
  try {
    const ruling = rules[kind](gold, answer, context)
    // 12:17 may be a time or a ratio, and only the row could tell.
    if (kind !== 'time' || row.kind === 'time' || ruling.verdict === 'correct' || !/^\d+:\d+$/.test(gold)) return ruling
    const ratio = checkExpression(gold, answer, context)
    return ratio.verdict === 'correct' ? ratio : ruling
  } catch (error) {
    if (error instanceof EffortSpent) return unverifiable('too-hard')
    throw error
  }
}

/** "anything but 12" in every kind, and "not 12" where the rule of the kind has no words for it. */
function isDenied(kind: ConcreteKind, gold: string, answer: string): boolean {
  const said =
    /^\W*(?:(?:(?:so|thus|therefore|hence),? )?(?:it|that|this|the answer|answer)(?:['’]s|:| is)? ?)?(?:(?:anything|everything|all) (?:but|except)|(not|isn['’]t))\b/i.exec(
      answer,
    )
  if (said === null || /^\W*(?:not|all|any|every)/i.test(gold)) return false
  const hasWords = kind === 'choice' || kind === 'yesno' || kind === 'text' || kind === 'ocr'
  return said[1] === undefined || !(hasWords || /\bbut\b/i.test(answer))
}

/** The gold answer without the marks of its data set: <answer>5</answer>, \boxed{5}. */
export function goldAnswer(gold: string, kind: ConcreteKind): string {
  return /<answer>|\\boxed|begin_of_box/.test(gold) ? (extractAnswer(gold, kind).extracted ?? gold) : gold
}

const rules: Record<ConcreteKind, Rule> = {
  number: checkNumber,
  expression: checkExpression,
  list: checkList,
  choice: checkChoice,
  yesno: checkYesNo,
  text: checkText,
  date: checkDate,
  time: checkTime,
  ocr: checkOcr,
  chart: checkChart,
  box: checkBox,
}
