import { numberFromWords } from '../answers/number-words.ts'
import { checkCoded } from '../answers/check-coded.ts'
import { looksLikeMath } from '../answers/number.ts'
import { collapseSpace, leafLimit, plainLatex, plainWords, trimMarks } from '../plain-text.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import type { Ruling } from '../verdict.ts'

/**
 * A gold answer with more words than this is free text. A judge, not a rule, must read another
 * wording of it.
 */
const shortWords = 6
/**
 * The most words of a text in which number words are looked for, and the most words of one number.
 */
const countWords = 40
const numberWords = 6

/**
 * The form in which two short texts are compared. Words lose case, articles and punctuation. "&"
 * becomes "and", initials are joined (U.S.A. is USA), and counts become digits: "Two dogs" is "2
 * dogs". Accents, plurals and the order of words count. A text with operators, or with digits that
 * are not counts, keeps brackets, operators, marks within numbers and the case of one-letter names:
 * (1,2) is not [1,2], and 2a is not 2A.
 */
function canonicalText(raw: string): string {
  const text = withoutNestedText(plainWords(raw))
  if (/^[a-zA-Z]$/.test(text)) return text
  if (/[\d\\=+^<>_|]/.test(text)) return countedText(text) ?? symbolText(text)
  const words = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/(?<![a-z])([a-z])\. ?(?=[a-z](?![a-z]))/g, '$1')
    .replace(/['’`]/g, '')
    .replace(/&/g, ' and ')
    .replace(/[.,;:!?"“”‘()[\]{}_…\-—·《》「」『』【】〈〉]/g, ' ')
    .replace(/(?<=[\u3040-\u30ff\u3400-\u9fff])\s+(?=[\u3040-\u30ff\u3400-\u9fff])/g, '')
    .split(/\s+/)
    .filter((w) => w !== '')
  return countsAsDigits(withoutArticles(words)).join(' ')
}

/** \text{\text{red}}: takes off a command within a command. */
function withoutNestedText(text: string): string {
  return text.includes('\\text') ? trimMarks(plainLatex(text)) : text
}

function symbolText(text: string): string {
  return collapseSpace(
    text
      .normalize('NFC')
      .replace(/[a-zA-Z]{3,}/g, (word) => word.toLowerCase())
      .replace(/ ?([,;:=+*/^<>()[\]{}|-]) ?/g, '$1'),
  )
}

/**
 * "2 dogs", "the 1,000 people": plain words with whole counts. Null for any other text with digits:
 * "2 mW" keeps its case.
 */
function countedText(text: string): string | null {
  const words = text.normalize('NFKC').split(' ')
  if (words.length > countWords) return null
  const plain: string[] = []
  for (const word of words) {
    if (/^(?:\d{1,15}|\d{1,3}(?:,\d{3}){1,4})$/.test(word)) plain.push(word.replaceAll(',', ''))
    else if (/^[a-z'’]{3,}$/i.test(word)) plain.push(word.toLowerCase().replace(/['’]/g, ''))
    else if (/^(?:of|in|on|at|to|by|is|it)$/.test(word) || (plain.length === 0 && /^an?$/i.test(word)))
      plain.push(word.toLowerCase())
    else return null
  }
  return countsAsDigits(withoutArticles(plain)).join(' ')
}

function withoutArticles(words: readonly string[]): readonly string[] {
  const content = words.filter((w) => w !== 'the' && w !== 'a' && w !== 'an')
  return content.length > 0 ? content : words
}

/** Replaces number words by digits, the longest run first: "twenty one dogs" → "21 dogs". */
function countsAsDigits(words: readonly string[]): readonly string[] {
  if (words.length > countWords) return words
  const out: string[] = []
  for (let at = 0; at < words.length;) {
    let taken = 0
    for (let length = Math.min(numberWords, words.length - at); length > 0 && taken === 0; length--) {
      const run = words.slice(at, at + length).join(' ')
      const value = /^[a-z ]+$/.test(run) ? numberFromWords(run) : null
      if (value === null) continue
      out.push(String(value))
      taken = length
    }
    if (taken === 0) out.push(words[at] ?? '')
    at += Math.max(taken, 1)
  }
  return out
}

export function sameText(a: string, b: string): boolean {
  if (a.length > leafLimit || b.length > leafLimit) return a.trim() === b.trim()
  const left = canonicalText(a)
  return left !== '' && left === canonicalText(b)
}

/** "AC" and "A. red, C. green": several options of a row that does not list its options. */
function picksSame(gold: string, answer: string): boolean {
  const letters = Array.from(gold.trim())
  if (!/^[A-H]{2,6}$/.test(gold.trim()) || letters.some((c, i) => i > 0 && c <= (letters[i - 1] ?? ''))) return false
  const picks = plainWords(answer)
    .replace(/^(?:the )?(?:options?|choices?|answers?) | (?:are|is) (?:correct|right|true)$/gi, '')
    .replace(/^(?:综上所述|综上|因此|所以)?,? ?(?:故|应|答案)?选择?[项为是:]{0,2} ?/, '')
  const parts = (letters.join('') === picks ? letters.join(',') : picks).split(
    /\s*(?:[,;&]|\band\b)\s*|\s+(?=\(?[A-H][).]\s)/,
  )
  const picked = parts.map((part) => /^\(?([A-H])(?:[).:](?:\s.{0,60})?)?$/.exec(part.trim())?.[1] ?? '')
  return (
    picked.length === letters.length &&
    new Set(picked).size === letters.length &&
    picked.every((c) => letters.includes(c))
  )
}

/**
 * Checks short text. The verdict is unverifiable when another wording or a computer algebra could
 * still make the texts equal.
 */
export function checkText(goldText: string, answerText: string): Ruling {
  if (goldText.trim() === '') return unverifiable('bad-gold')
  if (sameText(goldText, answerText)) return correct('same-text')
  if (goldText.length > leafLimit || answerText.length > leafLimit) return unverifiable('too-long')
  const lead = answerText.replace(/^\s*(?:it is|it's|they are|this is|that is|there is)\s+/i, '')
  if (lead !== answerText && sameText(goldText, lead)) return correct('same-text')
  const coded = checkCoded(goldText, answerText)
  if (coded !== null) return coded
  if (picksSame(goldText, answerText)) return correct('same-choice')
  if (looksLikeMath(plainWords(goldText))) return unverifiable('not-understood')
  if (canonicalText(goldText).split(' ').length > shortWords) return unverifiable('free-text')
  return holdsText(goldText, answerText) ? unverifiable('contains-gold') : incorrect('different-text')
}

/** Whether the words of the gold are in the answer, one after the other. */
export function holdsText(goldText: string, answerText: string): boolean {
  return ` ${canonicalText(answerText)} `.includes(` ${canonicalText(goldText)} `)
}
