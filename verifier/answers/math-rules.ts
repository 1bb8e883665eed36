import { boundAfter, boundBefore } from '../last-number.ts'
import { symbolsOf } from '../math/expression.ts'
import { equal } from '../math/rational.ts'
import { leafLimit, trimMarks } from '../plain-text.ts'
import type { Ruling, Rule, RuleContext } from '../verdict.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import { compareStructures } from './compare.ts'
import { checkCoded, checkCodedList } from './check-coded.ts'
import { mathText } from './math-text.ts'
import { isNoun } from './nouns.ts'
import { numberFromWords } from './number-words.ts'
import { looksLikeMath } from './number.ts'
import { statedValue } from './prose.ts'
import { readQuantities } from './quantity.ts'
import { readAnswer } from './read.ts'
import { soleNumber } from './sole-number.ts'
import { isName } from './relations.ts'
import type { Structure } from './structure.ts'

/** Checks an answer against a gold number. */
export const checkNumber: Rule = (gold, answer, context) => check(gold, answer, context, 'not-a-number')

/** Checks an answer against a gold expression, equation, set, interval or the like. */
export const checkExpression: Rule = (gold, answer, context) => check(gold, answer, context, 'not-an-expression')

/** Checks a list without regard to brackets and order: [2, 1] is 1, 2. Items may be texts. */
export const checkList: Rule = (gold, answer, context) => check(gold, answer, context, 'different-list')

type NotRead = 'not-a-number' | 'not-an-expression' | 'different-list'

function check(goldText: string, answerText: string, context: RuleContext, notRead: NotRead): Ruling {
  const [gold, answer] = [goldText.trim(), plainAnswer(answerText.trim())]
  if (gold === '') return unverifiable('bad-gold')
  if (gold === answer) return correct('same-text')
  if (gold.length > leafLimit || answer.length > leafLimit) return unverifiable('too-long')
  const coded = checkCoded(gold, answer) ?? checkCodedList(gold, answer)
  if (coded !== null) return coded
  const unordered = notRead === 'different-list'
  const golds = withoutFactors(readings(gold, unordered, context), notRead)
  if (golds.every(isWords)) return mathText(gold) === mathText(answer) ? correct('same-text') : unverifiable('bad-gold')
  if (/[\d)}]\s*\?.*\d/s.test(answer)) return unverifiable('unread')
  const answers = readings(answer, unordered, context)
  const best = bestOf(golds, answers, { ...context, unordered })
  if (best?.verdict === 'correct') return best
  if (mathText(gold) === mathText(answer)) return correct('same-text')
  const [alone] = golds
  const inProse = alone?.type === 'quantity' ? soleNumber(answer, context.effort) : null
  if (alone !== undefined && inProse !== null) return compareStructures(alone, inProse, { ...context, unordered })
  // A row or a relation that holds words is a sentence with a comma, an "and" or a sign in it.
  const isProse = !unordered && answers.some(holdsWords) && !golds.some(holdsWords) && isWordy(answer)
  const isRead = unordered ? answers.length > 0 : !answers.every(isWords)
  if (isRead && !isProse) return best ?? incorrect(notRead)
  return checkProse(gold, golds, answer, context) ?? unread(golds, answer, context, notRead)
}

/** "24, not 25" and "two hundred and thirty apples" as 24 and 230 apples. */
function plainAnswer(text: string): string {
  const picked = /^([^,;]{1,60}?),? (?:and )?(?:not|rather than|instead of) \$?-?[\d\\][^\s,;]{0,30}$/i.exec(text)?.[1]
  const value = picked !== undefined && /\d/.test(picked) && !/\b(?:or|not|if)\b/i.test(picked) ? picked : text
  const words = value.split(' ')
  if (words.length < 3 || words.length > 12 || /\d/.test(value)) return value
  for (let length = words.length - 1; length >= 2; length--) {
    const number = numberFromWords(words.slice(0, length).join(' '))
    if (number === null) continue
    const rest = words.slice(length).map((word) => trimMarks(word))
    return rest.length <= 2 && rest.every(isNoun) ? `${number} ${rest.join(' ')}` : value
  }
  return value
}

/** Compares with the value that a sentence states. Null when the sentence states none. */
function checkProse(gold: string, golds: readonly Structure[], answer: string, context: RuleContext): Ruling | null {
  const stated = isWordy(answer) ? statedValue(answer) : null
  if (stated === null || stated === answer) return null
  const [alone] = golds
  const sole = alone?.type === 'quantity' ? soleNumber(stated, context.effort) : null
  const answers = sole === null ? readAnswer(stated, context.effort) : [sole]
  if (answers.every(isWords) || (answers.some(holdsWords) && !golds.some(holdsWords))) return null
  const ruling = bestOf(golds, answers, { ...context, unordered: false })
  // "x + 3 remain" reads as letters: such a tail says nothing against the gold.
  const isLoose = /(?<![\\a-zA-Z])[a-zA-Z]{2,}(?:\s|$)/.test(stated) && answers.some(hasSymbols)
  if (ruling?.verdict === 'incorrect' && isLoose) return null
  return ruling ?? (gold === stated ? correct('same-text') : null)
}

const isWordy = (text: string): boolean => /\p{L}{2,}\s|\s\p{L}{2,}|[\u3040-\u9fff\uac00-\ud7af]{3}/u.test(text)

/** Words by which a text declines to answer. */
export const noAnswer =
  /\b(?:no idea|(?:do not|don['’]t|cannot|can['’]t|could not|couldn['’]t) (?:know|tell|say|see|determine|answer|help|be)|unable|not sure|unsure|unknown|unclear|undetermined|not enough|insufficient|impossible|sorry)\b|n\/a/i

/**
 * The ruling on an answer that was not read. A judge may read a sentence. One or two words without
 * any number, and a text that declines to answer, do not answer.
 */
function unread(golds: readonly Structure[], answer: string, { effort }: RuleContext, notRead: NotRead): Ruling {
  if (looksLikeMath(answer)) return unverifiable('not-understood')
  if (!isWordy(answer)) return /\b(?:or|either)\b/i.test(answer) ? incorrect('hedged') : incorrect(notRead)
  const numbers = answer.match(/\d[\d.,]*/g) ?? []
  const has = numbers.slice(0, 32).some((text) => {
    const [number] = readQuantities(trimMarks(text), effort)
    return (
      number?.exact != null &&
      golds.some((g) => g.type === 'quantity' && g.exact !== null && equal(g.exact, number.exact ?? g.exact))
    )
  })
  if (has) return isMoved(answer) ? incorrect(notRead) : unverifiable('contains-gold')
  if (numbers.length > 0 || /[^\p{Script=Latin}\p{P}\p{S}\p{N}\s]/u.test(answer)) return unverifiable('unread')
  if (/\b(?:maybe|perhaps|possibly)\b/i.test(answer)) return incorrect('hedged')
  const words = answer.split(/\s+/).filter((word) => !/^(?:the|an?)$/i.test(word))
  return noAnswer.test(answer) || words.length < 3 ? incorrect(notRead) : unverifiable('unread')
}

/** "not 12", "at least 12", "12 squared": a word beside the number makes it another amount. */
function isMoved(answer: string): boolean {
  const found = [...answer.matchAll(/\d[\d.,]*/g)].at(-1)
  if (found === undefined) return false
  return boundBefore.test(answer.slice(0, found.index)) || boundAfter.test(answer.slice(found.index + found[0].length))
}

/** 37 cm is an amount, and not 37 times c times m as well: 36 cm + 1 cm still has to be added. */
function withoutFactors(golds: readonly Structure[], notRead: NotRead): readonly Structure[] {
  const [first] = golds
  if (first?.type !== 'quantity' || first.unit?.dimensions == null || first.unit.uncertain === true) return golds
  if (notRead === 'not-an-expression' && first.unit.name.length === 1) return golds
  return golds.filter((gold) => gold.type !== 'quantity' || symbolsOf(gold.expression).size === 0)
}

/** A list in brackets with quotes is JSON. Its quotes are dropped. */
function readings(text: string, unordered: boolean, { effort }: RuleContext): Structure[] {
  return readAnswer(unordered ? text.replace(/["'“”]/g, ' ') : text, effort)
}

/** Whether a row or a relation, or a part of it, is a word. A name of a value is no such word. */
function holdsWords(structure: Structure): boolean {
  if (structure.type === 'words') return true
  if (structure.type === 'group') return structure.items.some(holdsWords)
  return structure.type === 'relation' && structure.sides.some((side) => holdsWords(side) && !isName(side))
}

function hasSymbols(structure: Structure): boolean {
  return structure.type === 'quantity' && symbolsOf(structure.expression).size > 0
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
