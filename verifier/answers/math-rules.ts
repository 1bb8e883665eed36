import { leafLimit } from '../plain-text.ts'
import type { Judgement, Rule, RuleContext } from '../verdict.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import { compareStructures } from './compare.ts'
import { mathText } from './math-text.ts'
import { looksLikeMath } from './number.ts'
import { readAnswer } from './read.ts'
import { soleNumber } from './sole-number.ts'
import type { Structure } from './structure.ts'

/** Judges an answer against a gold number. */
export const judgeNumber: Rule = (gold, answer, context) => judge(gold, answer, context, 'not-a-number')

/** Judges an answer against a gold expression, equation, set, interval or the like. */
export const judgeExpression: Rule = (gold, answer, context) => judge(gold, answer, context, 'not-an-expression')

/** Judges a list whatever its brackets and order: [2, 1] is 1, 2. Texts are items too. */
export const judgeList: Rule = (gold, answer, context) => judge(gold, answer, context, 'different-list')

type NotRead = 'not-a-number' | 'not-an-expression' | 'different-list'

function judge(goldText: string, answerText: string, context: RuleContext, notRead: NotRead): Judgement {
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
  const inProse = alone?.type === 'quantity' ? soleNumber(answer, context.budget) : null
  if (alone !== undefined && inProse !== null) return compareStructures(alone, inProse, { ...context, unordered })
  if (answers.length > 0 && (unordered || !answers.every(isWords))) return best ?? incorrect(notRead)
  if (/\b(?:or|either)\b/i.test(answer)) return incorrect('hedged')
  return looksLikeMath(answer) ? unverifiable('not-understood') : incorrect(notRead)
}

/** A list in brackets with quotes is JSON; its quotes go. */
function readings(text: string, unordered: boolean, { budget }: RuleContext): Structure[] {
  return readAnswer(unordered ? text.replace(/["'“”]/g, ' ') : text, budget)
}

function isWords(structure: Structure): boolean {
  return structure.type === 'words'
}

/** The first pair of readings that agrees, else the judgement of the likeliest pair, an undecided one before a plain no. */
function bestOf(
  golds: readonly Structure[],
  answers: readonly Structure[],
  context: RuleContext & { unordered: boolean },
): Judgement | null {
  let first: Judgement | null = null
  for (const gold of golds) {
    for (const answer of answers) {
      const judged = compareStructures(gold, answer, context)
      if (judged.verdict === 'correct') return judged
      if (first === null || (first.verdict === 'incorrect' && judged.verdict === 'unverifiable')) first = judged
    }
  }
  return first
}
