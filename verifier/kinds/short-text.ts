import { looksLikeMath } from '../answers/number.ts'
import { collapseSpace, LEAF_LIMIT, plainLatex, trimMarks, unifyCharacters } from '../plain-text.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import type { Judgement } from '../verdict.ts'

/** A gold answer of more words than this is free text: another wording of it is for a judge, not for a rule. */
const SHORT_WORDS = 6

/**
 * The form in which two short texts are compared. Words lose case, articles and punctuation. A text with digits or operators
 * keeps brackets, operators, marks within numbers and the case of one-letter names: (1,2) is not [1,2], 2a is not 2A.
 */
function canonicalText(raw: string): string {
  const text = trimMarks(plainLatex(collapseSpace(unifyCharacters(raw))))
  if (/^[a-zA-Z]$/.test(text)) return text
  if (/[\d\\=+^<>_|]/.test(text)) {
    return collapseSpace(
      text
        .normalize('NFC')
        .replace(/[a-zA-Z]{3,}/g, (word) => word.toLowerCase())
        .replace(/ ?([,;:=+*/^<>()[\]{}|-]) ?/g, '$1'),
    )
  }
  const words = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/['’`]/g, '')
    .replace(/[.,;:!?"“”‘()[\]{}_…\-—·《》「」]/g, ' ')
    .split(/\s+/)
    .filter((w) => w !== '')
  const content = words.filter((w) => w !== 'the' && w !== 'a' && w !== 'an')
  return (content.length > 0 ? content : words).join(' ')
}

export function sameText(a: string, b: string): boolean {
  if (a.length > LEAF_LIMIT || b.length > LEAF_LIMIT) return a.trim() === b.trim()
  const left = canonicalText(a)
  return left !== '' && left === canonicalText(b)
}

/** Judges short text. What another wording or a computer algebra could still make equal is unverifiable. */
export function judgeText(goldText: string, answerText: string): Judgement {
  if (goldText.trim() === '') return unverifiable('bad-gold')
  if (sameText(goldText, answerText)) return correct('same-text')
  if (goldText.length > LEAF_LIMIT || answerText.length > LEAF_LIMIT) return unverifiable('too-long')
  const lead = answerText.replace(/^\s*(?:it is|it's|they are|this is|that is|there is)\s+/i, '')
  if (lead !== answerText && sameText(goldText, lead)) return correct('same-text')
  if (looksLikeMath(goldText)) return unverifiable('not-understood')
  const gold = canonicalText(goldText)
  if (gold.split(' ').length > SHORT_WORDS) return unverifiable('free-text')
  return ` ${canonicalText(answerText)} `.includes(` ${gold} `)
    ? unverifiable('contains-gold')
    : incorrect('different-text')
}
