import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gramsOf, shared } from '../../../data/similarity/grams.ts'
import { createMinHashIndex } from '../../../data/similarity/min-hash.ts'
import { createTexts, textOf } from '../../../data/similarity/texts.ts'
import type { TextSearch } from '../../../data/similarity/texts.ts'
import { createRandom } from '../../../demo/random.ts'

const random = createRandom(3)
/** A word of letters only, because a digit is a word of its own. */
const vocabulary = Array.from(
  { length: 400 },
  (_, index) => `w${String.fromCharCode(97 + Math.floor(index / 20), 97 + (index % 20))}`,
)
const sentence = (words: number) => Array.from({ length: words }, () => random.pick(vocabulary))
const find = { jaccard: 0.7, longRuns: true }

/** The matches of a text in a collection of these texts. */
function found(texts: readonly string[], asked: string, search: TextSearch = find) {
  const collection = createTexts(search)
  for (const text of texts) collection.add(textOf(text))
  return collection.find(textOf(asked))
}

describe('runs of words', () => {
  it('are counted as in sets', () => {
    const words = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 30 })
    fc.assert(
      fc.property(words, words, fc.integer({ min: 1, max: 4 }), (a, b, size) => {
        const runs = (list: readonly string[]) =>
          new Set(
            list.slice(0, Math.max(0, list.length - size + 1)).map((_, at) => list.slice(at, at + size).join(' ')),
          )
        expect(gramsOf(a, size)).toHaveLength(runs(a).size)
        expect(shared(gramsOf(a, size), gramsOf(b, size))).toBe([...runs(a)].filter((run) => runs(b).has(run)).length)
      }),
    )
  })
})

describe('MinHash', () => {
  /** The share of pairs with this similarity that meet. */
  function recall(jaccard: number, pairs = 400): number {
    const size = 60
    const common = Math.round((2 * size * jaccard) / (1 + jaccard))
    let met = 0
    for (let pair = 0; pair < pairs; pair++) {
      const values = Float64Array.from({ length: 2 * size - common }, () => random.integer(2 ** 52))
      const index = createMinHashIndex()
      index.add(values.subarray(0, size), 7)
      if (index.candidates(values.subarray(size - common)).length > 0) met++
    }
    return met / pairs
  }

  it('lets pairs meet as often as the formula of its bands says', () => {
    for (const jaccard of [0.3, 0.5, 0.7, 0.8, 0.9]) {
      const promised = 1 - (1 - jaccard ** 8) ** 16
      expect([jaccard, Math.abs(recall(jaccard) - promised) < 0.09]).toEqual([jaccard, true])
    }
  })
})

describe('a collection of texts', () => {
  it('recognises the same words in any spelling', () => {
    const collection = createTexts(find)
    const id = collection.add(textOf('How many red circles are there?'))
    expect(collection.add(textOf('how many red circles are there'))).toBe(id)
    expect(collection.add(textOf('How many blue circles are there?'))).toBe(id + 1)
    expect(collection.idOf(textOf('HOW MANY RED CIRCLES ARE THERE'))).toBe(id)
    expect(collection.find(textOf('How many red circles are there ?'))).toMatchObject([{ id, isExact: true }])
  })

  it('takes short texts as equal or different, never as similar', () => {
    expect(found(['How many red circles are there?'], 'How many blue circles are there?')).toEqual([])
    expect(found(['one two three four five six seven'], 'one two three four five six')).toEqual([])
  })

  it('finds nearly all texts with changed ends', () => {
    let met = 0
    for (let round = 0; round < 200; round++) {
      const words = sentence(20 + random.integer(40))
      const changed = [...words, ...sentence(1)]
      const matches = found([words.join(' '), sentence(30).join(' ')], changed.join(' '), { jaccard: 0.7 })
      if (matches.some(({ id, jaccard }) => id === 0 && jaccard > 0.85)) met++
    }
    expect(met).toBeGreaterThan(190)
  })

  it('finds every text with a common run of 13 words, and finds no such text by Jaccard alone', () => {
    for (let round = 0; round < 100; round++) {
      const run = sentence(13)
      const one = [...sentence(30), ...run, ...sentence(30)].join(' ')
      const other = [...sentence(20), ...run].join(' ')
      expect(found([one], other)).toMatchObject([{ id: 0, sharesLongRun: true, isExact: false }])
      expect(found([one], other, { jaccard: 0.7 })).toEqual([])
      expect(found([[...sentence(30), ...run.slice(1)].join(' ')], other)).toEqual([])
    }
  })

  it('lets texts on both sides of the border between short and long meet', () => {
    const words = sentence(25)
    const longer = [...words, ...sentence(3)]
    expect(found([words.join(' ')], longer.join(' '))).toHaveLength(1)
  })

  it('gives few texts for a sentence before each of a thousand questions', () => {
    const hint = sentence(20).join(' ')
    const collection = createTexts(find)
    for (let index = 0; index < 1000; index++) collection.add(textOf(`${hint} ${sentence(30).join(' ')}`))
    const matches = collection.find(textOf(`${hint} ${sentence(30).join(' ')}`))
    expect(matches[0]).toMatchObject({ id: 0, sharesLongRun: true })
    // A word that happens to follow the sentence again adds one more text.
    expect(matches.length).toBeLessThan(10)
  })

  it('can tell texts apart by their numbers', () => {
    const words = sentence(24).join(' ')
    for (const [numbersMatter, expected] of [
      [false, 1],
      [true, 0],
    ] as const) {
      const collection = createTexts({ jaccard: 0.7, numbersMatter })
      collection.add(textOf(`${words} when x is 12`))
      expect(collection.find(textOf(`${words} when x is 13`))).toHaveLength(expected)
      expect(collection.find(textOf(`so ${words} when x is 12`))).toHaveLength(1)
    }
  })

  it('compares any two texts without harm', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 200 }), { maxLength: 6 }), (texts) => {
        const collection = createTexts(find)
        for (const text of texts) collection.add(textOf(text))
        for (const text of texts)
          expect(collection.find(textOf(text))).toContainEqual(expect.objectContaining({ isExact: true }))
      }),
    )
  })
})
