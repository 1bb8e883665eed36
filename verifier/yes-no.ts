import { collapseSpace, trimMarks, unifyCharacters } from './plain-text.ts'
import { correct, incorrect, unverifiable } from './verdict.ts'
import type { Judgement } from './verdict.ts'

const YES = 'yes|yeah|yep|true|correct|right|affirmative|是的|是|对|正确'
const NO = 'no|nope|false|incorrect|wrong|negative|不是|否|不对|不|错误|错|没有'
const WORDS = new RegExp(
  `^(?:(?:so|thus|therefore|hence),? )?(?:it(?:'s| is) |that(?:'s| is) |the (?:statement|answer) is )?(?:(not) )?(?:(${YES})|(${NO}))(?![a-z])`,
  'i',
)
const OPPOSITE = new RegExp(`^[\\s,;/.]*(?:(?:or|and|but|maybe|perhaps)[\\s,]+)*(?:(${YES})|(${NO}))[\\s.!]*$`, 'i')

/** Reads the leading yes or no of an answer; `hedged` when the other one follows at once, null when there is none. */
export function readYesNo(raw: string): boolean | 'hedged' | null {
  const text = trimMarks(collapseSpace(unifyCharacters(raw.slice(0, 1_000))))
  const found = WORDS.exec(text)
  if (found === null) return null
  const yes = (found[2] !== undefined) !== (found[1] !== undefined)
  const rest = text.slice(found[0].length)
  const other = OPPOSITE.exec(rest)
  if (other !== null && (other[1] !== undefined) !== yes) return 'hedged'
  if (/^[\s,/]*(?:or|maybe|perhaps|and\/or)\b/i.test(rest) || /^\s*\//.test(rest)) return 'hedged'
  return yes
}

export function isYesNoGold(gold: string): boolean {
  return /^\s*(?:yes|no|true|false|是|否|对|错|正确|错误)\s*[.。]?\s*$/i.test(gold)
}

export function judgeYesNo(goldText: string, answerText: string): Judgement {
  const gold = readYesNo(goldText)
  if (typeof gold !== 'boolean') return unverifiable('bad-gold')
  const answer = readYesNo(answerText)
  if (answer === null) return incorrect('not-a-yesno')
  if (answer === 'hedged') return incorrect('hedged')
  return answer === gold ? correct('same-yesno') : incorrect('different-yesno')
}
