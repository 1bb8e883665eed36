import { leafLimit, plainWords } from '../plain-text.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import type { ReasonCode, Rule, Ruling } from '../verdict.ts'
import { optionByText, readOptions } from './option-texts.ts'
import type { Options } from './option-texts.ts'
import { withoutOthers } from './ruled-out.ts'
import { holdsText, sameText } from './short-text.ts'

const defaultLetters = 10
/** The longest list of letters ("A, B and C"), in characters. */
const longestList = 80

type Reading = { letters: ReadonlySet<number> } | { problem: ReasonCode }

const leadIn =
  /^(?:(?:so|thus|therefore|hence),? )?(?:(?:definitely|certainly|clearly|obviously|surely),? )?(?:(?:(?:i(?:'d| would| will|'ll)? )(?:choose|pick|select|go with|say|go for|think|believe)|my answer is|it'?s|it is|it must be|this is)[ :]+)?(?:both |the )?(?:(?:(?:final|correct|right|best) )?(?:options?|choices?|answers?)(?: is| are)?[: ]+)?(?:选项|答案[是为:]?|选择?|应选|故选)? ?:?/i
const circledDigits = '①②③④⑤⑥⑦⑧⑨⑩'
const hedges =
  /\b(?:or|either|neither|nor|not|isn't|cannot|can't|except|but|wrong|incorrect|false|maybe|perhaps|possibly)\b|[或不非]/i

function letterIndex(letter: string): number {
  return letter.toUpperCase().charCodeAt(0) - 65
}

/**
 * Reads which options a text picks: B · (B) · B. · b · B: red · Option B · 选项B · ② · red (by the
 * options' texts) · A, C · (ii) when the options are called so. With `several`, "AC" is two
 * letters. An "or", a denial, or a letter beside another option's text is a problem, never a
 * choice.
 */
function readChoice(raw: string, choices: readonly string[], several: boolean): Reading {
  if (raw.length > leafLimit) return { problem: 'too-long' }
  // A question is no pick.
  if (/[A-J]\)?\s*\?\s*$/.test(raw)) return { problem: 'hedged' }
  const options = readOptions(choices)
  const { pick, ruledOut } = withoutOthers(plainWords(raw).replaceAll('’', "'"))
  const reading = readPick(pick, choices, options, several)
  // A letter that is picked and denied is a contradiction.
  const isDenied = 'letters' in reading && ruledOut.some((c) => reading.letters.has(letterIndex(c)))
  return isDenied ? { problem: 'hedged' } : reading
}

function readPick(text: string, choices: readonly string[], options: Options, several: boolean): Reading {
  const count = choices.length === 0 ? defaultLetters : choices.length
  const picked = text
    .replace(leadIn, '')
    .replace(/ ?(?:选项|项)$| only$/, '')
    .trim()
  // "A; black" is two picks, where black is D.
  const [head = '', ...rest] = picked.split(/\s*[;,/?]\s*/)
  const first = letterOf(head)
  if (first !== null && rest.some((part) => (optionByText(part, options) ?? first) !== first)) {
    if (!options.texts.includes(picked)) return { problem: 'hedged' }
  }
  const own = ownName(picked, options)
  if (own !== null) return { letters: new Set([own]) }
  // Where the options are single letters or digits themselves ("B" among A: "C", B: "D"), a letter
  // of an option comes before an option's text.
  const whole = letterList(picked, count, several)
  if (whole !== null) return whole
  const exact = optionByText(text, options) ?? (picked === text ? null : optionByText(picked, options))
  if (exact !== null) return { letters: new Set([exact]) }
  const listed = several ? letteredList(picked, options, count) : null
  if (listed !== null) return listed
  const instead = /^(.{1,80}?),? (?:and |but )?(?:not|rather than|instead of) (.{1,80})$/i.exec(picked)
  if (instead !== null && optionByText(instead[2] ?? '', options) !== null) {
    const pick = optionByText(instead[1] ?? '', options)
    if (pick !== null) return { letters: new Set([pick]) }
  }
  const claim = withoutReason(picked)
  if (hedges.test(withoutOptions(claim, options))) return { problem: 'hedged' }
  return readLetterWithText(claim, options, count)
}

/** The index of the letter that a text consists of. */
function letterOf(text: string): number | null {
  return /^\(?[A-J]\)?$/.test(text) ? letterIndex(text.replace(/[()]/g, '')) : null
}

function readLetterWithText(text: string, options: Options, count: number): Reading {
  const bare = letterList(text, count, false)
  if (bare !== null) return bare
  const lead =
    /^[([]?([A-Za-z])(?:[)\]]\s*[.:,-]?\s*|\s*[.:,]\s*|\s+-\s+|\s+(?=is\b|\()|(?=[\u4e00-\u9fff]))(.*)$/.exec(text)
  if (lead !== null) {
    const letter = letterIndex(lead[1] ?? '')
    return letter >= count ? { problem: 'not-a-choice' } : checkRest(letter, (lead[2] ?? '').trim(), options)
  }
  const trail = /^(.*\S)\s*[([]([A-Z])[)\]]$/.exec(text)
  if (trail !== null && letterIndex(trail[2] ?? '') < count) {
    return checkRest(letterIndex(trail[2] ?? ''), trail[1] ?? '', options)
  }
  // "B blue": without a mark between them, the text must be the option's own text.
  const glued = /^([A-Z]) (.+)$/.exec(text)
  const named = glued === null ? null : optionByText(glued[2] ?? '', options)
  if (glued === null || named === null) return { problem: 'not-a-choice' }
  return letterIndex(glued[1] ?? '') === named ? { letters: new Set([named]) } : { problem: 'contradiction' }
}

/** The option that ② names, and (ii) or 2 when the options are called so. */
function ownName(text: string, { texts, names }: Options): number | null {
  const circled = Array.from(text).length === 1 ? circledDigits.indexOf(text) : -1
  if (circled >= 0 && circled < (texts.length || defaultLetters) && !texts.some((t) => /[①-⑩]/.test(t))) return circled
  const bare = /^\(?([a-z\d]{1,4})[).]?$/i.exec(text)?.[1]?.toLowerCase()
  const index = bare === undefined ? -1 : names.indexOf(bare)
  // Options that are numbers or letters themselves ("1) 2", "2) 1") leave the name in doubt.
  return index >= 0 && !texts.some((t) => sameText(t, text)) ? index : null
}

/**
 * Reads "B", "(B)", "A, C", "A and C" or A和C. "AC" is read only when several letters are looked
 * for.
 */
function letterList(text: string, count: number, several: boolean): Reading | null {
  if (text.length > longestList) return null
  const compact = /^[A-Z]{2,10}$/.test(text) && new Set(text).size === text.length
  const parts =
    several && compact
      ? Array.from(text)
      : text.split(/\s*(?:,|;|&|\/|\band\b|\bor\b|[和与及或]|\s)\s*/i).filter((p) => p !== '')
  const letters = parts.map((p) => /^[([{]?([A-Za-z])[)\]}.:]{0,2}$/.exec(p)?.[1] ?? null)
  if (letters.length === 0 || letters.includes(null)) return null
  if (letters.length > 1 && /\bor\b|\/|或/i.test(text)) return { problem: 'hedged' }
  const found = new Set(letters.map((l) => letterIndex(l ?? '')))
  return [...found].some((i) => i >= count) ? { problem: 'not-a-choice' } : { letters: found }
}

/** "A. red, C. green": several letters, each with its text. */
function letteredList(text: string, options: Options, count: number): Reading | null {
  const parts = text.split(/\s*[,;]?\s+(?=\(?[A-J][).:]\s)/)
  if (parts.length < 2 || parts.length > count) return null
  const letters = new Set<number>()
  for (const part of parts) {
    const read = /^\(?[A-J][).:]\s/.test(part) ? readLetterWithText(part, options, count) : null
    if (read === null || 'problem' in read) return read
    for (const found of read.letters) letters.add(found)
  }
  return { letters }
}

/** "B because A is wrong" picks B. The rest is the reason. */
function withoutReason(text: string): string {
  const reason = /,? (?:because|since|as it|as the|as (?:option|choice) [A-J]|which)\b|,?因为/i.exec(text)
  return reason === null ? text : text.slice(0, reason.index).trim()
}

/**
 * The "or" or "not" of an option's own text is not a hedge. Longer options come first, because an
 * option may be the start of another option.
 */
function withoutOptions(text: string, { texts }: Options): string {
  let rest = text.toLowerCase()
  for (const option of texts.toSorted((a, b) => b.length - a.length)) {
    if (option.length > 3) rest = rest.replace(option.toLowerCase(), ' ')
  }
  return rest
}

/**
 * Reads the text after a letter. The option's own text agrees. Another option's text is a
 * contradiction, and a second letter is a hedge.
 */
function checkRest(letter: number, rest: string, options: Options): Reading {
  const words = rest.replace(/^is (?:the )?(?:correct|right|best)(?: (?:answer|option|choice))?$|^is the answer$/i, '')
  if (words === '' || words === '正确' || words === '是正确的') return { letters: new Set([letter]) }
  const named = optionByText(words, options)
  // "B is smaller than C, so C": the sentence may pick the other letter.
  if (/^is\b/.test(words) && /\b[B-J]\b/.test(words)) return { problem: 'hedged' }
  // "D. blue / black": the parts of the text name several options.
  const parts = words.split(/\s*[/;,?]\s*/)
  const isOther = (part: string): boolean => {
    const index = letterOf(part) ?? (named === null ? optionByText(part, options) : null)
    return index !== null && index !== letter
  }
  if (parts.length > 1 && parts.some(isOther)) return { problem: 'hedged' }
  if (named !== null && named !== letter && !sameText(options.texts[letter] ?? '', words)) {
    return { problem: 'contradiction' }
  }
  if (/(?:^|[\s(,;])\(?[B-J][).:](?:\s|$)/.test(words) || letterList(words, 26, false) !== null) {
    return named === letter ? { letters: new Set([letter]) } : { problem: 'hedged' }
  }
  return { letters: new Set([letter]) }
}

/**
 * Checks a choice. Several letters are compared as a set. Option texts count as their letters when
 * the row has options. A second letter that the gold does not name is a hedge.
 */
export const checkChoice: Rule = (goldText, answerText, { choices }) => {
  const gold = readGold(goldText, choices)
  if ('problem' in gold) return unverifiable('bad-gold')
  const answer = readChoice(answerText, choices, gold.letters.size > 1)
  if ('problem' in answer)
    return answer.problem === 'too-long' ? unverifiable('too-long') : unread(answerText, answer, choices)
  if (answer.letters.size > 1 && gold.letters.size === 1) return incorrect('hedged')
  const same = answer.letters.size === gold.letters.size && [...gold.letters].every((l) => answer.letters.has(l))
  return same ? correct('same-choice') : incorrect('different-choice')
}

/**
 * The ruling on a text that picks no option. A judge may read a sentence that names one. Letters
 * and options with an "or" or a "not" between them were read, and so was a doubt.
 */
const picks = /\b(?:choose|pick|select|answer is|go with) \(?([A-J])\b/g

function unread(raw: string, { problem }: { problem: ReasonCode }, choices: readonly string[]): Ruling {
  const text = withoutOptions(plainWords(raw), readOptions(choices))
  const words = text.split(/\s+/).filter((word) => /\p{L}{2}/u.test(word) && !readWords.test(word))
  const isSentence = words.length >= 2 || /[\u3040-\u9fff\uac00-\ud7af]{4}/.test(text)
  const picked = new Set(Array.from(plainWords(raw).matchAll(picks), (found) => found[1]))
  const isList = (raw.match(/(?<![a-zA-Z])[A-J][).:]\s/g) ?? []).length > 1
  const names = someLetter.test(raw) || choices.some((choice) => holdsText(choice, raw))
  const isRead = problem === 'contradiction' || picked.size > 1 || isList || unsure.test(text)
  return isRead || !isSentence || !names ? incorrect(problem) : unverifiable('unread')
}

/** A letter of an option. "A cat" and "I see" begin with an article and a pronoun. */
const someLetter = /(?<![A-Za-z'’])(?:[B-HJ]|[AI](?! [a-z]))(?![a-zA-Z'’])/
/** Words that a hedge is made of. */
const readWords =
  /^\W*(?:or|and|either|neither|nor|not|both|all|none|any|the|option|options|choice|choices|answer|is|are|of|these|above|but|maybe|perhaps|possibly)\W*$/i
const unsure =
  /\b(?:maybe|perhaps|possibly|unsure|unclear|not sure|no idea|either|neither|all of|any of|none of|(?:do not|don't|cannot|can't) (?:know|tell|say|decide|determine))\b|不确定|不知道/i

/** Whether a text picks one option or several, rightly or not. */
export function picksOption(text: string, choices: readonly string[]): boolean {
  return 'letters' in readChoice(text, choices, true)
}

/** A gold "AC" is two letters when the letters rise. An option with the text "AC" comes first. */
function readGold(gold: string, choices: readonly string[]): Reading {
  const single = readChoice(gold, choices, false)
  const rises = /^\s*[A-Z]{2,10}\s*$/.test(gold) && Array.from(gold.trim()).every((c, i, all) => (all[i - 1] ?? '') < c)
  return 'problem' in single && rises ? readChoice(gold, choices, true) : single
}

/**
 * Whether a gold answer names an option: by letter or text when there are options, else as a lone
 * capital letter A–J.
 */
export function isChoiceGold(gold: string, choices: readonly string[]): boolean {
  if (choices.length > 0) return 'letters' in readGold(gold, choices)
  return /^\s*(?:\(([A-J])\)|[A-J][.)]?)\s*$/.test(gold)
}
