import { createHash } from 'node:crypto'
import { gramsOf, numbersHash, shared } from './grams.ts'
import { createMinHashIndex } from './min-hash.ts'
import { createMultiMap, grown } from './multi-map.ts'
import { wordsOf } from './words.ts'

/** A text for comparisons. */
export interface Text {
  /** Equal for equal words. */
  key: string
  words: number
  /** Runs of 8 and of 13 words. */
  short: Float64Array
  long: Float64Array
  numbers: number
}

/** How alike two texts are. */
export interface TextLikeness {
  isExact: boolean
  /**
   * Jaccard similarity of the runs of words. 1 for equal texts, 0 for different texts of fewer than
   * 8 words.
   */
  jaccard: number
  /** Whether the texts share a run of 13 words. */
  sharesLongRun: boolean
  /** Whether one text has all runs of 8 words of the other. */
  isContained: boolean
  hasSameNumbers: boolean
}

/** A text of the collection that is like the searched text. */
export interface TextMatch extends TextLikeness {
  id: number
}

/** Different texts, each once, in flat arrays: about 400 bytes for a question of 20 words. */
export interface Texts {
  /**
   * Adds a text and returns its number: 0, 1, 2, … in the order of adding. Equal words have the
   * same number.
   */
  add(text: Text): number
  /** Number of the text with the same words. */
  idOf(text: Text): number | undefined
  /** How alike the text and a text of the collection are. */
  compare(id: number, text: Text): TextLikeness
  /**
   * By number: texts with equal words, texts that are similar by Jaccard, and (with `longRuns`)
   * texts that share a run of 13 words. Of the texts that only share a run the first is returned.
   */
  find(text: Text): TextMatch[]
}

/**
 * What a collection finds besides equal words. It keeps nothing in memory for searches that it does
 * not do.
 */
export interface TextSearch {
  /** The lowest Jaccard similarity of the texts that it finds. */
  jaccard?: number
  /** Whether it finds texts that share a run of 13 words. */
  longRuns?: boolean
  /**
   * Whether only texts with the same numbers are similar. Then thousands of questions from one
   * template do not meet at all.
   */
  numbersMatter?: boolean
}

const shortRun = 8
const longRun = 13
/**
 * A text is long from two runs of 13 words without overlap. Two long texts are compared by runs of
 * 13, others by runs of 8.
 */
const longFrom = 2 * longRun
/**
 * Texts up to this length are also searched among the short texts, so that pairs across the border
 * meet. A text of 25 words has 18 runs of 8. A text that shares 0.7 with it has at most 25 runs, or
 * 32 words.
 */
const borderTo = 40

/** A question for comparisons: its words and their runs. */
export function textOf(question: string): Text {
  const words = wordsOf(question)
  return {
    key: createHash('sha256').update(words.join(' ')).digest('base64url').slice(0, 22),
    words: words.length,
    short: gramsOf(words, shortRun),
    long: gramsOf(words, longRun),
    numbers: numbersHash(words),
  }
}

const same = (words: number): TextLikeness => ({
  isExact: true,
  jaccard: 1,
  sharesLongRun: words >= longRun,
  isContained: true,
  hasSameNumbers: true,
})

type Stored = Omit<Text, 'key'>

/** By runs of 13 words when both texts are long, else by runs of 8. */
function likeness(a: Stored, b: Stored): TextLikeness {
  const shortCommon = shared(a.short, b.short)
  const longCommon = shared(a.long, b.long)
  const areLong = Math.min(a.words, b.words) >= longFrom
  const smaller = Math.min(a.short.length, b.short.length)
  return {
    isExact: false,
    jaccard: areLong
      ? ratio(longCommon, a.long.length + b.long.length - longCommon)
      : ratio(shortCommon, a.short.length + b.short.length - shortCommon),
    sharesLongRun: longCommon > 0,
    isContained: smaller > 0 && shortCommon === smaller,
    hasSameNumbers: a.numbers === b.numbers,
  }
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

/** An empty collection. */
export function createTexts({
  jaccard,
  longRuns: findsLongRuns = false,
  numbersMatter = false,
}: TextSearch = {}): Texts {
  const ids = new Map<string, number>()
  const shortRuns = createPool()
  const longRuns = createPool()
  /** The word count and the numbers' hash: two values a text. */
  const facts = createPool()
  const similarShort = createMinHashIndex()
  const similarLong = createMinHashIndex()
  const byLongRun = createMultiMap()

  const compare = (id: number, text: Text): TextLikeness => {
    if (ids.get(text.key) === id) return same(text.words)
    const [words = 0, numbers = 0] = facts.at(id)
    return likeness(text, { words, numbers, short: shortRuns.at(id), long: longRuns.at(id) })
  }
  const saltOf = ({ numbers }: Text): number => (numbersMatter ? numbers : 0)
  const isShort = ({ words }: Text) => jaccard !== undefined && words >= shortRun && words < borderTo
  const isLong = ({ words }: Text) => jaccard !== undefined && words >= longFrom

  return {
    add(text) {
      const known = ids.get(text.key)
      if (known !== undefined) return known
      const id = ids.size
      ids.set(text.key, id)
      shortRuns.push(text.short)
      longRuns.push(text.long)
      facts.push(Float64Array.of(text.words, text.numbers))
      if (isShort(text)) similarShort.add(text.short, id, saltOf(text))
      if (isLong(text)) similarLong.add(text.long, id, saltOf(text))
      for (const run of findsLongRuns ? text.long : []) {
        // Only the first text of a run is listed. Otherwise a sentence that a data set puts before
        // each question would make long lists.
        let isKnown = false
        byLongRun.each(run >>> 0, (other) => (isKnown ||= longRuns.at(other).includes(run)))
        if (!isKnown) byLongRun.add(run >>> 0, id)
      }
      return id
    },
    idOf: (text) => ids.get(text.key),
    compare,
    find(text) {
      const candidates = new Set<number>()
      const exact = ids.get(text.key)
      if (exact !== undefined) candidates.add(exact)
      if (isShort(text)) for (const id of similarShort.candidates(text.short, saltOf(text))) candidates.add(id)
      if (isLong(text)) for (const id of similarLong.candidates(text.long, saltOf(text))) candidates.add(id)
      for (const run of findsLongRuns ? text.long : []) byLongRun.each(run >>> 0, (id) => candidates.add(id))
      return [...candidates]
        .sort((a, b) => a - b)
        .map((id) => ({ id, ...compare(id, text) }))
        .filter(
          (match) =>
            match.isExact ||
            ((match.hasSameNumbers || !numbersMatter) &&
              (match.jaccard >= (jaccard ?? Number.POSITIVE_INFINITY) || (findsLongRuns && match.sharesLongRun))),
        )
    },
  }
}

/** Lists of numbers, one after the other in one array. */
function createPool(): { push(values: Float64Array): void; at(id: number): Float64Array } {
  let data = new Float64Array(4096)
  let starts = new Uint32Array(1024)
  let count = 0
  return {
    push(values) {
      const start = starts[count] ?? 0
      while (start + values.length > data.length) data = grown(data, new Float64Array(data.length * 2))
      if (count + 2 > starts.length) starts = grown(starts, new Uint32Array(starts.length * 2))
      data.set(values, start)
      starts[++count] = start + values.length
    },
    at: (id) => data.subarray(starts[id] ?? 0, starts[id + 1] ?? 0),
  }
}
