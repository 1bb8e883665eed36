import { collapseSpace, trimMarks, unifyCharacters } from '../plain-text.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import type { Judgement } from '../verdict.ts'

const YES = 'yes|yeah|yep|true|correct|right|affirmative|是的|是|对|正确'
const NO = 'no|nope|false|incorrect|wrong|negative|不是|否|不对|不|错误|错|没有'
const WORDS = new RegExp(
  `^(?:(?:so|thus|therefore|hence),? )?(?:it(?:'s| is) |that(?:'s| is) |the (?:statement|answer) is )?(?:(not) )?(?:(${YES})|(${NO}))(?![a-z])`,
  'i',
)
/** What may follow without a pause: "Yes it is". "No idea" and "no one" are no answers. */
const GOES_ON =
  /^(?:$|\s*[,.;:!)—-]|\s+(?:it|there|they|he|she|the|that|this|because|since|as|i|we)\b|[\u4e00-\u9fff，。])/i
/** The other answer where a clause ends: "Yes, but actually no." A "no" before a noun is not one. */
const SAYS_YES = /\b(?:yes|yeah|true)\s*(?:[,.;!?]|$)/i
const SAYS_NO = /\b(?:no|nope|false)\s*(?:[,.;!?]|$)/i

/** Reads the leading yes or no of an answer; `hedged` when the other one follows at once, null when there is none. */
function readYesNo(raw: string): boolean | 'hedged' | null {
  const text = trimMarks(collapseSpace(unifyCharacters(raw.slice(0, 1_000))))
  const found = WORDS.exec(text)
  if (found === null) return null
  const rest = text.slice(found[0].length)
  if (/^[\s,]*(?:or|maybe|perhaps|and|but)\b|^\s*[/?]/i.test(rest)) return 'hedged'
  const denied = found[1] !== undefined
  if (!GOES_ON.test(rest) || (denied && /^(?:yes|no)/i.test(found[2] ?? found[3] ?? ''))) return null
  const yes = (found[2] !== undefined) !== denied
  return (yes ? SAYS_NO : SAYS_YES).test(rest) ? 'hedged' : yes
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
