import { leafLimit } from '../plain-text.ts'
import type { Ruling, Rule, RuleContext } from '../verdict.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import { compareStructures } from './compare.ts'
import { mathText } from './math-text.ts'
import { looksLikeMath } from './number.ts'
import { readAnswer } from './read.ts'
import { soleNumber } from './sole-number.ts'
import type { Structure } from './structure.ts'

/** Checks an answer against a gold number. */
export const checkNumber: Rule = (gold, answer, context) => check(gold, answer, context, 'not-a-number')

/** Checks an answer against a gold expression, equation, set, interval or the like. */
export const checkExpression: Rule = (gold, answer, context) => check(gold, answer, context, 'not-an-expression')

/** Checks a list without regard to brackets and order: [2, 1] is 1, 2. Items may be texts. */
export const checkList: Rule = (gold, answer, context) => check(gold, answer, context, 'different-list')

type NotRead = 'not-a-number' | 'not-an-expression' | 'different-list'

function check(goldText: string, answerText: string, context: RuleContext, notRead: NotRead): Ruling {
  const [gold, answer] = [goldText.trim(), answerText.trim()]
  if (gold === '') return unverifiable('bad-gold')
  if (gold === answer) return correct('same-text')
  if (gold.length > leafLimit || answer.length > leafLimit) return unverifiable('too-long')
  const unordered = notRead === 'different-list'
  const golds = readings(gold, unordered, context)
  if (golds.every(isWords)) return mathText(gold) === mathText(answer) ? correct('same-text') : unverifiable('bad-gold')
  const answers = readings(answer, unordered, context)
  const best = bestOf(golds, answers, { ...context, unordered })
  if (best?.verdict === 'correct') return best
  if (mathText(gold) === mathText(answer)) return correct('same-text')
  const [alone] = golds
  const inProse = alone?.type === 'quantity' ? soleNumber(answer, context.effort) : null
  if (alone !== undefined && inProse !== null) return compareStructures(alone, inProse, { ...context, unordered })
  if (answers.length > 0 && (unordered || !answers.every(isWords))) return best ?? incorrect(notRead)
  if (/\b(?:or|either)\b/i.test(answer)) return incorrect('hedged')
  return looksLikeMath(answer) ? unverifiable('not-understood') : incorrect(notRead)
}

/** A list in brackets with quotes is JSON. Its quotes are dropped. */
function readings(text: string, unordered: boolean, { effort }: RuleContext): Structure[] {
  return readAnswer(unordered ? text.replace(/["'“”]/g, ' ') : text, effort)
}

function isWords(structure: Structure): boolean {
  return structure.type === 'words'
}

/**
 * The ruling of the first pair of readings that agrees. Without such a pair, the ruling of the
 * likeliest pair, where an undecided pair comes before an incorrect pair.
 */
function bestOf(
  golds: readonly Structure[],
  answers: readonly Structure[],
  context: RuleContext & { unordered: boolean },
): Ruling | null {
  let first: Ruling | null = null
  for (const gold of golds) {
    for (const answer of answers) {
      const ruling = compareStructures(gold, answer, context)
      if (ruling.verdict === 'correct') return ruling
      if (first === null || (first.verdict === 'incorrect' && ruling.verdict === 'unverifiable')) first = ruling
    }
  }
  return first
}
