import { z } from 'zod'
import { editDistance } from '../../domain/edit-distance.ts'
import { parseJson } from '../../domain/json-text.ts'
import { leafLimit } from '../plain-text.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import type { Ruling, Rule, RuleContext } from '../verdict.ts'

const accepted = z.array(z.string()).min(1)

/**
 * Checks text that was read from a picture. Policy `ocr`:
 * - `anls` (default): the similarity must be at least 0.5. It is ANLS as DocVQA defines it (Biten
 *   et al. 2019, "Scene Text Visual Question Answering"): 1 − edit distance / longer length, in
 *   lower case. The similarity is the score of the answer. It forgives reading errors, so "5 kg"
 *   passes for "5 cm": this kind is for reading, not for units. Figures and negations must be
 *   equal.
 * - `exact`: the texts must be equal, also in case. Only runs of white space count as one space.
 *
 * A gold that is a JSON array of strings lists several accepted texts. The best of them counts.
 */
export const checkOcr: Rule = (goldText, answerText, context) => {
  if (goldText.length > leafLimit || answerText.length > leafLimit) return unverifiable('too-long')
  const golds = acceptedTexts(goldText).filter((gold) => gold.trim() !== '')
  if (golds.length === 0) return unverifiable('bad-gold')
  let best: Ruling = incorrect('different-text')
  for (const gold of golds) {
    const ruling = compareRead(gold, answerText, context)
    if (ruling.reason === 'same-text') return ruling
    if (ruling.verdict === 'correct' && (ruling.score ?? 1) >= (best.score ?? 0)) best = ruling
  }
  return best
}

function acceptedTexts(gold: string): string[] {
  if (!/^\s*\[/.test(gold)) return [gold]
  // A text that only begins with a bracket is no list.
  return accepted.safeParse(parseJson(gold)).data ?? [gold]
}

function compareRead(goldText: string, answerText: string, { policy, effort }: RuleContext): Ruling {
  effort.spend(1 + (goldText.length + answerText.length) / 50)
  const exact = policy.ocr === 'exact'
  const [gold, answer] = [goldText, answerText].map((text) => {
    const flat = text.normalize('NFC').replace(/\s+/g, ' ').trim()
    return exact ? flat : flat.toLowerCase()
  })
  if (gold === undefined || answer === undefined || answer === '') return incorrect('different-text')
  if (gold === answer) return correct('same-text')
  if (exact) return incorrect('different-text')
  if (isFigure(gold) && isFigure(answer)) {
    return figure(gold) === figure(answer) ? correct('same-text') : incorrect('different-number')
  }
  if (!sameFigures(gold, answer)) return incorrect('different-number')
  if (!sameNegations(gold, answer)) return incorrect('different-text')
  const longest = Math.max(Array.from(gold).length, Array.from(answer).length)
  const distance = editDistance(gold, answer, { spend: (steps) => effort.spend(steps) })
  if (2 * distance > longest) return incorrect('different-text')
  return { ...correct('similar-text'), score: 1 - distance / longest }
}

/** Whether two texts hold the same figures. A wrong digit is another value, not a reading error. */
function sameFigures(a: string, b: string): boolean {
  const figures = (text: string): string =>
    (figure(text.replace(/\s/g, '␣')).match(/\d+(?:[.,:/-]\d+)*/g) ?? []).sort().join(' ')
  return figures(a) === figures(b)
}

const negation = /^(?:no|not|non|never|none|nor|neither|without|nothing|cannot|\w+n't|kein\w*|nicht|pas|sans|sin)$/
const negated = /^(?:un|in|im|ir|il|dis|non-?)(?=\p{L}{3})/u

/** Whether two texts deny the same: "not approved" is no reading error for "approved". */
function sameNegations(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => text.replace(/[’`]/g, "'").match(/[\p{L}'-]+/gu) ?? [])
  if (left === undefined || right === undefined) return true
  const count = (words: readonly string[]): number => words.filter((word) => negation.test(word)).length
  if (count(left) !== count(right)) return false
  const has = new Set(right)
  const had = new Set(left)
  return ![
    ...left.filter((w) => !has.has(w)).map((w) => [w, has] as const),
    ...right.filter((w) => !had.has(w)).map((w) => [w, had] as const),
  ].some(([word, other]) => negated.test(word) && other.has(word.replace(negated, '')))
}

/**
 * Digits with separators, signs and currency. A wrong digit is another value, not a reading error.
 */
function isFigure(text: string): boolean {
  return /^[\d\s.,:/%$€£¥₹#()+-]+$/.test(text) && /\d/.test(text)
}

function figure(text: string): string {
  return text.replace(/\s/g, '').replace(/(?<=\d),(?=\d{3}(?!\d))/g, '')
}
