import { isPlural, plural, singular } from './nouns.ts'
import { markPlaces } from './places.ts'
import type { Place, Relation } from './places.ts'
import {
  addsMore,
  arrangements,
  boundaries,
  colors,
  notThings,
  numbers,
  qualifiers,
  uncertain,
  verbLikeNouns,
} from './words.ts'

/** Things that a sentence introduces: `two red circles`. */
export interface Intro {
  kind: 'intro'
  /** Singular. */
  noun: string
  count: number
  /** The colour, or null without exactly one colour. */
  color: string | null
  place: Place | null
  /**
   * Number of the list. Only commas, "and" and places separate the things of a list, so they are
   * different things.
   */
  list: number
  /** The thing belongs to several things before it, so each of them may have its own. */
  dependent: boolean
}

/** `the two dogs`: mentions introduced things again. */
export interface Definite {
  kind: 'definite'
  words: readonly string[]
  /** Whether a place or a preposition follows that may tell the thing from others. */
  restricted: boolean
}

export interface SentenceReading {
  /** In the order of the sentence. */
  mentions: readonly (Intro | Definite)[]
  /** Words that the grammar does not read. Nothing is certain about things of these names. */
  loose: readonly string[]
  /** Nouns, in the singular, that the sentence says are not in the picture. */
  absent: readonly string[]
  relations: readonly { first: Intro; relation: Relation; second: Intro }[]
  /** Whether the picture may have more of any named thing. */
  addsMore: boolean
}

const mostWords = 60
const wordForm = /^[a-z]+(?:-[a-z]+)*$/
const opening =
  /^(?:(?:the|this) (?:image|picture|photo|photograph|scene|illustration) (?:shows|depicts|contains|features|has|displays)|(?:in|on) (?:the|this) (?:image|picture|photo|photograph|scene),?(?= there\b))\s*/
const absentThing =
  /^there (?:is|are) no ([a-z]+)(?: (?:visible|present|here))?(?: (?:in|at|on) (?:the|this) (?:image|picture|photo|scene))?$/
const emptyPlace = /^(?:there is nothing @p\d+|@p\d+ is empty|@p\d+ ?: ?nothing)$/
const pictureEnd = / in (?:the|this) (?:image|picture|photo|photograph|scene)$/

/**
 * Reads one sentence of a caption with a small grammar. Words that the grammar does not certainly
 * cover become `loose`, and things of these names are not counted. The reader never guesses.
 */
export function readSentence(sentence: string): SentenceReading {
  const spaced = sentence.toLowerCase().replaceAll(/\s+/g, ' ').trim().replace(/\.$/, '')
  // Two spellings of one colour.
  const lower = spaced.replaceAll(/\bgrey\b/g, 'gray')
  const { marked, places } = markPlaces(lower.replace(opening, '').replace(pictureEnd, ''))
  const text = marked.trim().replaceAll(/ {2,}/g, ' ')
  if (emptyPlace.test(text)) return { ...nothing, loose: [] }
  const absent = absentThing.exec(lower)?.[1]
  if (absent !== undefined) return { ...nothing, absent: [singular(absent) ?? absent] }
  const tokens = text.match(/@[a-z]+\d*|[a-z]+(?:['’-][a-z]+)*|\d[\d.,–-]*|[^\s]/g) ?? []
  if (tokens.length > mostWords || tokens.some((token) => !isReadable(token))) return unread(tokens)
  return readTokens(tokens, places)
}

const nothing: SentenceReading = { mentions: [], loose: [], absent: [], relations: [], addsMore: false }

const unread = (tokens: readonly string[]): SentenceReading => ({
  ...nothing,
  loose: tokens.flatMap((token) => token.split(/['’-]/)),
  addsMore: tokens.some((token) => addsMore.has(token)),
})

const isReadable = (token: string): boolean =>
  /^(?:@[a-z]+\d*|[,:]|\d{1,3})$/.test(token) || (wordForm.test(token) && !uncertain.has(token) && !addsMore.has(token))

function readTokens(tokens: readonly string[], places: readonly Place[]): SentenceReading {
  const items: { at: number; end: number; mention: Intro | Definite }[] = []
  const loose: string[] = []
  let list = 0
  for (let at = 0; at < tokens.length;) {
    const token = tokens[at] ?? ''
    const count = countOf(token)
    const phrase = wordsFrom(tokens, at + 1)
    if (token === 'the') {
      const named = countOf(tokens[at + 1] ?? '') === null ? 0 : 1
      const words = [...tokens.slice(at + 1, at + 1 + named), ...wordsFrom(tokens, at + 1 + named)]
      const end = at + 1 + words.length
      items.push({ at, end, mention: definite(words, tokens[end] ?? '') })
      at = end
    } else if (count !== null) {
      const read = readPhrase(phrase, count)
      if (read === null || !mayCount(tokens, at, at + 1 + read.words)) {
        // An unreadable phrase may hide anything, so all its words are in doubt.
        loose.push(...phrase)
        // "three red and two blue balls": the counted noun comes later or never.
        if (phrase.every(isAdjective) || (count > 1 && !phrase.some(isPlural))) return unread(tokens)
        at += 1 + phrase.length
      } else {
        const end = at + 1 + read.words
        const last = items.at(-1)
        const goesOn = last?.mention.kind === 'intro' && isListed(tokens.slice(last.end, at))
        if (!goesOn) list += 1
        const dependent = last !== undefined && hangsOn(last.mention, goesOn)
        items.push({ at, end, mention: { kind: 'intro', ...read, place: null, list, dependent } })
        at = end
      }
    } else {
      if (wordForm.test(token) && !boundaries.has(token)) loose.push(token)
      at += 1
    }
  }
  if (!givePlaces(tokens, items, places)) return unread(tokens)
  return { ...nothing, mentions: items.map(({ mention }) => mention), loose, relations: relationsIn(tokens, items) }
}

/** The number of things. `a` is 1. Null when the token is no number. */
function countOf(token: string): number | null {
  const count = numbers.get(token) ?? (/^\d{1,3}$/.test(token) ? Number(token) : null)
  return count === 0 ? null : count
}

/** The words before the next word that ends a noun phrase. */
function wordsFrom(tokens: readonly string[], from: number): string[] {
  const words: string[] = []
  for (let at = from; at < tokens.length && words.length < 6; at += 1) {
    const token = tokens[at] ?? ''
    if (!wordForm.test(token) || boundaries.has(token) || numbers.has(token)) break
    words.push(token)
  }
  return words
}

interface Phrase {
  noun: string
  count: number
  color: string | null
  /** How many words of the phrase were read. */
  words: number
}

function readPhrase(phrase: readonly string[], count: number): Phrase | null {
  const length = count === 1 ? singularLength(phrase) : phrase.findIndex(isPlural) + 1
  const head = phrase[length - 1]
  if (head === undefined) return null
  const following = phrase[length]
  if (count > 1 && following !== undefined && following.endsWith('s')) return null
  const before = phrase.slice(0, length - 1)
  const named = before.filter((word) => colors.has(word))
  const other = before.filter((word) => !isAdjective(word))
  const one = count === 1 ? head : singular(head)
  // One unknown word may belong to a plural name ("two tennis balls"). In the singular the unknown
  // word may be the noun, and the word after it a verb.
  if (one === null || other.length > (count === 1 ? 0 : 1) || !isThing(one)) return null
  const compound = other[0]
  if (compound !== undefined && (notThings.has(compound) || /(?:ly|-)/.test(compound))) return null
  return {
    noun: compound === undefined ? one : `${compound} ${one}`,
    count,
    color: named.length === 1 ? (named[0] ?? null) : null,
    words: length,
  }
}

/** The number of words before a verb: a word in -s, -ing or -ed after a noun. */
function singularLength(phrase: readonly string[]): number {
  const noun = phrase.findIndex((word) => !isAdjective(word))
  if (noun < 0) return 0
  const verb = phrase.findIndex(
    (word, index) => index > noun && /(?:[^su]s|ing|ed)$/.test(word) && !verbLikeNouns.has(word) && !colors.has(word),
  )
  return verb < 0 ? phrase.length : verb
}

const isAdjective = (word: string): boolean => colors.has(word) || qualifiers.has(word)

const isThing = (noun: string): boolean =>
  noun.length >= 3 &&
  /^[a-z]+$/.test(noun) &&
  !notThings.has(noun) &&
  !colors.has(noun) &&
  !qualifiers.has(noun) &&
  !noun.endsWith('ly') &&
  // The number is only certain when the plural is recognised too.
  singular(plural(noun)) === noun &&
  (!isPlural(noun) || singular(noun) === noun)

/**
 * Whether the words around a phrase let it count. They do not in "as a dog", "a bowl of", "in a
 * circle", "two to three".
 */
function mayCount(tokens: readonly string[], at: number, end: number): boolean {
  const before = tokens[at - 1] ?? ''
  const noun = tokens[end - 1] ?? ''
  if (['as', 'of', 'for', 'than', 'into', 'to', 'by', 'from', 'per', 'during', 'while'].includes(before)) return false
  if (tokens[end] === 'of' || countOf(before) !== null || /^\d/.test(before)) return false
  return !(before === 'in' && arrangements.has(noun))
}

/** Whether the words between two things make them a list. */
function isListed(between: readonly string[]): boolean {
  const joins = (token: string) => token === ',' || token === 'and'
  return between.some(joins) && between.every((one) => joins(one) || one.startsWith('@p') || /^(?:is|are)$/.test(one))
}

/** Whether each of several things named before may have its own: "two men with a dog". */
function hangsOn(last: Intro | Definite, isList: boolean): boolean {
  if (last.kind === 'definite') return last.words.some(isPlural)
  return last.dependent || (!isList && last.count > 1)
}

function definite(words: readonly string[], next: string): Definite {
  const restricted =
    next.startsWith('@p') || ['in', 'on', 'at', 'with', 'near', 'that', 'which', 'behind'].includes(next)
  return { kind: 'definite', words, restricted }
}

/**
 * One place belongs to all things after it, or to the only thing before it. Several places
 * alternate with the things. False when they do not alternate: "a circle at the top left and at the
 * bottom right" means two circles.
 */
function givePlaces(
  tokens: readonly string[],
  items: readonly { at: number; mention: Intro | Definite }[],
  places: readonly Place[],
): boolean {
  const marks = tokens.flatMap((token, at) =>
    token.startsWith('@p') ? [{ at, place: places[Number(token.slice(2))] }] : [],
  )
  const first = marks[0]
  if (first === undefined) return true
  const leads = first.at < (items[0]?.at ?? 0)
  const place = (mention: Intro | Definite | undefined, where: Place | undefined) => {
    if (mention?.kind === 'intro') mention.place = where ?? null
  }
  if (marks.length === 1) {
    if (leads || items.length === 1) for (const { mention } of items) place(mention, first.place)
    return true
  }
  const mixed = [...marks.map(({ at }) => ({ at, isMark: true })), ...items.map(({ at }) => ({ at, isMark: false }))]
  const alternate = mixed
    .sort((a, b) => a.at - b.at)
    .every(({ isMark }, index) => isMark === (leads ? index % 2 === 0 : index % 2 === 1))
  if (!alternate || marks.length !== items.length) return false
  items.forEach(({ mention }, index) => place(mention, marks[index]?.place))
  return true
}

const linkWords = new Set(['is', 'are', 'sits', 'stands', 'lies', 'sitting', 'standing', 'lying', 'located', 'placed'])

function relationsIn(
  tokens: readonly string[],
  items: readonly { at: number; end: number; mention: Intro | Definite }[],
): SentenceReading['relations'] {
  if (items.length !== 2) return []
  const [first, second] = items
  if (first?.mention.kind !== 'intro' || second?.mention.kind !== 'intro') return []
  const between = tokens.slice(first.end, second.at).filter((token) => !linkWords.has(token))
  const relation = (['left', 'right', 'above', 'below'] as const).find((name) => between[0] === `@r${name}`)
  if (between.length !== 1 || relation === undefined) return []
  return [{ first: first.mention, relation, second: second.mention }]
}
