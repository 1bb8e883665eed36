import { plainWords } from '../plain-text.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import type { Ruling } from '../verdict.ts'

/** Only this many characters at the beginning of an answer are read. */
const longestRead = 1_000

const leadIn =
  /^(?:(?:so|thus|therefore|hence|well|actually|indeed|definitely|absolutely|certainly|clearly),? )(?=(?:yes|no|true|false|correct|incorrect|right|wrong|it|that|this|the)\b)/i
/** Answers that count only as the whole text: "T" may begin a name, "sure" a doubt. */
const wholeYes =
  /^(?:y|t|sure|certainly|of course|absolutely|definitely|indeed|(?:yes,? )?(?:it|he|she|they|there|we|i|this|that|these|those) (?:is|are|am|was|were|does|do|did|has|have|can|could|will|would|should))$/i
const wholeNo =
  /^(?:n|f|(?:absolutely|definitely|certainly|of course) not|not at all|(?:no,? )?(?:it|he|she|they|there|we|i|this|that|these|those) (?:(?:is|are|am|was|were|does|do|did|has|have|can|could|will|would|should)(?: not|n't)|cannot|can't|won't))$/i
const answerWords =
  /^(?:(?:it|that|this|the (?:statement|claim|sentence|answer))(?:'s| is| was)? )?(?:(not|isn't|wasn't) )?(?:(yes|yeah|yep|yup|true|correct|right|affirmative)|(no|nope|nah|false|incorrect|untrue|wrong|negative))(?![a-z])/i
/**
 * The text that may follow without a pause: "Yes it is". "No idea", "no one" and "right side" do
 * not answer.
 */
const goesOn = /^(?:$|\s*[,.;:!)—-]|\s+(?:it|there|they|he|she|the|that|this|because|since|as|i|we)\b|[\u4e00-\u9fff])/i
/**
 * The opposite answer at the end of a clause: "Yes, but actually no." A "no" before a noun does not
 * answer.
 */
const saysYes = /\b(?:yes|yeah|true)\s*(?:[,.;!?]|$)/i
const saysNo = /\b(?:no|nope|false)\s*(?:[,.;!?]|$)/i

/** Yes and no in other languages, before a pause or the end. */
const otherYes =
  /^(?:ja|jawohl|oui|sí|sim|da|да|так|tak|evet|ya|vâng|đúng|はい|ええ|예|네|نعم|हाँ|हां|ใช่)(?=$|[\s,.;:!،、。])/iu
const otherNo =
  /^(?:nein|non|não|nee|нет|ні|nie|hayır|tidak|không|いいえ|아니요|아니오|아뇨|لا|नहीं|ไม่ใช่)(?=$|[\s,.;:!،、。])/iu

const chineseAnswer = /^(?:(没错|是的|是|对的|对|正确的?|有)|(不是的?|不对|不正确|不|否|非|错误的?|错的?|没有|没|无))/
/** 是红色的 says yes. 是否, 是不是, 有点 and 有时 say nothing. */
const chineseOpen = /^(?:是|不是|有|没有)$/
const chineseNothing = /^(?:否|不|没|非|吗|点|些|时|可能|或|的话)/
const chineseGoesOn = /^(?:$|\s*[,.;:!]|因为|它|他|她|这|那|图|我)/

type Reading = boolean | 'hedged' | null

/**
 * Reads the leading yes or no of an answer. `hedged` when the opposite follows at once, null when
 * there is no answer.
 */
function readYesNo(raw: string): Reading {
  const text = plainWords(raw.slice(0, longestRead)).replaceAll('’', "'").replace(leadIn, '')
  if (wholeYes.test(text)) return true
  if (wholeNo.test(text)) return false
  const said = readWords(text) ?? readChinese(text)
  if (said !== null) return said
  if (otherYes.test(text)) return /[,.;]\s*(?:nein|non|no|não|нет|nie)\b/iu.test(text) ? 'hedged' : true
  return otherNo.test(text) ? false : null
}

function readWords(text: string): Reading {
  const found = answerWords.exec(text)
  if (found === null) return null
  const rest = text.slice(found[0].length)
  if (/^[\s,]*(?:or|maybe|perhaps|and|but)\b|^\s*[/?]/i.test(rest)) return 'hedged'
  if (/\bnot (?:yes|no|true|false)\b/i.test(rest)) return 'hedged'
  const denied = found[1] !== undefined
  if (!goesOn.test(rest) || (denied && /^(?:yes|no)/i.test(found[2] ?? found[3] ?? ''))) return null
  const yes = (found[2] !== undefined) !== denied
  return (yes ? saysNo : saysYes).test(rest) ? 'hedged' : yes
}

function readChinese(text: string): Reading {
  const found = chineseAnswer.exec(text)
  if (found === null) return null
  const rest = text.slice(found[0].length).trim()
  if (/^(?:或|[/?])/.test(rest)) return 'hedged'
  if (chineseOpen.test(found[0]) ? chineseNothing.test(rest) : !chineseGoesOn.test(rest)) return null
  const yes = found[1] !== undefined
  const other = yes
    ? /[,.;]\s?(?:但)?(?:不是|不对|不|否|错误|错|没有)(?=[,.;!]|$)/
    : /[,.;]\s?(?:但)?(?:是的?|对的?|正确|有)(?=[,.;!]|$)/
  return other.test(rest) ? 'hedged' : yes
}

/** Whether a text answers with yes or no, or with both. */
export const saysYesOrNo = (text: string): boolean => readYesNo(text) !== null

export function isYesNoGold(gold: string): boolean {
  return /^\s*(?:yes|no|true|false|是|否|对|错|正确|错误|是的|不是)\s*[.。]?\s*$/i.test(gold)
}

/**
 * Checks yes or no and their synonyms, also at the start of a sentence. Both of them together, and
 * "maybe", do not answer.
 */
export function checkYesNo(goldText: string, answerText: string): Ruling {
  const gold = readYesNo(goldText)
  if (typeof gold !== 'boolean') return unverifiable('bad-gold')
  const answer = readYesNo(answerText)
  if (answer === null) return unread(answerText)
  if (answer === 'hedged') return incorrect('hedged')
  return answer === gold ? correct('same-yesno') : incorrect('different-yesno')
}

const unsure =
  /\b(?:maybe|perhaps|possibly|probably|depends|unsure|unclear|unknown|not sure|no idea|impossible|undecided|(?:do not|don't|cannot|can't) (?:know|tell|say|see|be))\b|不知道|不确定|可能/i

/**
 * The ruling on a text that does not begin with yes or no. A judge may read a sentence. A doubt and
 * a word or two do not answer.
 */
function unread(answer: string): Ruling {
  const text = plainWords(answer.slice(0, longestRead)).replaceAll('’', "'")
  if (/\b(?:yes|yeah|true)\b/i.test(text) && /\b(?:no|nope|false)\b/i.test(text)) return incorrect('hedged')
  const isSentence = text.split(' ').length >= 3 || /[\u3040-\u9fff\uac00-\ud7af]{4}/.test(text)
  return isSentence && !unsure.test(text) ? unverifiable('unread') : incorrect('not-a-yesno')
}
