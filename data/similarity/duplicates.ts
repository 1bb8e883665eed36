import { contentHash } from '../../artifacts/hash.ts'
import type { EvidenceRow, Fingerprint } from '../../domain/rows.ts'
import type { SeenRow } from './batches.ts'
import { createLooks } from './looks.ts'
import type { LookMatch, LooksThreshold } from './looks.ts'
import { questionWithChoices } from './question-of.ts'
import { createTexts, textOf } from './texts.ts'
import type { Text, TextLikeness } from './texts.ts'

/** What two rows must share to be duplicates. */
export type DuplicateBy = 'image+question' | 'image' | 'question'

export interface DuplicateOptions extends LooksThreshold {
  by: DuplicateBy
  /** Whether similar pictures and questions count as equal. */
  near: boolean
  jaccard: number
}

/** Why a row is a duplicate, and of which row. */
export interface Duplicate {
  /** Id of the row that stays. */
  of: string
  image: 'exact' | 'near' | 'none'
  /**
   * Differing bits of the perceptual hashes, for the pair of pictures that differs most. Null
   * without matching pictures.
   */
  distance: number | null
  question: 'exact' | 'near' | 'none'
  /**
   * Jaccard similarity of the runs of words, to three decimals. Null when the words cannot be
   * compared.
   */
  jaccard: number | null
}

/** An item that stays: its first row, text and pictures. */
interface Kept {
  id: string
  text: number
  looks: readonly number[]
}

/**
 * The duplicates by row id, each with the earlier row that stays. Rows with the same origin, words
 * and choices are samples of one item: they stay or go together. Similar questions count as equal
 * only when they have the same numbers: "… when x = 12" and "… when x = 13" have two answers. An
 * item is compared only with items that stay, so that a chain of small changes does not join its
 * ends. Memory: about 1 kB for each item that stays.
 */
export async function findDuplicates(
  rows: AsyncIterable<SeenRow>,
  options: DuplicateOptions,
): Promise<Map<string, Duplicate>> {
  const duplicates = new Map<string, Duplicate>()
  const items = new Map<string, Duplicate | null>()
  const collection = createCollection(options)
  for await (const { row, fingerprints } of rows) {
    if (row.status !== 'kept') continue
    const item = contentHash([row.originId, row.question, row.choices]).slice(0, 24)
    const known = items.get(item)
    const found = known === undefined ? collection.match(row, fingerprints) : known
    if (known === undefined) items.set(item, found)
    if (found) duplicates.set(row.id, found)
  }
  return duplicates
}

type Fingerprints = ReadonlyMap<string, Fingerprint>

const noPicture = -1
/**
 * Up to this many items of one picture are compared one by one. Many data sets share one empty
 * picture for all rows without a picture, so more items may have it. Then only the items with a
 * similar question are searched for.
 */
const shortList = 256

/** Lists of items by number. */
function createLists() {
  const lists = new Map<number, number[]>()
  return {
    add(key: number, item: number) {
      const list = lists.get(key)
      if (list) list.push(item)
      else lists.set(key, [item])
    },
    /** Items of all these keys, ascending. */
    of: (keys: readonly number[]): number[] => keys.flatMap((key) => lists.get(key) ?? []).sort((a, b) => a - b),
  }
}

/**
 * The items that stay. `match` returns the first item that the row duplicates, or adds the row and
 * returns null.
 */
function createCollection(options: DuplicateOptions) {
  const { by, near } = options
  const looks = createLooks(options)
  const isRead = by !== 'image'
  const texts = createTexts({ numbersMatter: true, ...(isRead && near && { jaccard: options.jaccard }) })
  const kept: Kept[] = []
  /** Indexes of kept items, ascending, by their first picture and by their text. */
  const byLook = createLists()
  const byText = createLists()

  const candidates = (text: Text, images: readonly LookMatch[][]): number[] => {
    const shown = byLook.of(images[0]?.map(({ look }) => look) ?? [noPicture])
    if (by === 'image') return images.some((matches) => matches.some(({ isBlank }) => !isBlank)) ? shown : []
    return by === 'image+question' && shown.length <= shortList
      ? shown
      : byText.of(texts.find(text).map(({ id }) => id))
  }

  return {
    match(row: EvidenceRow, fingerprints: Fingerprints): Duplicate | null {
      const text = textOf(questionWithChoices(row))
      const images = row.images.map((file) =>
        looks.find(file, fingerprints.get(file)).filter(({ how }) => near || how === 'exact'),
      )
      for (const place of candidates(text, images)) {
        const item = kept[place]
        const found = item && compared(item, texts.compare(item.text, text), images, options)
        if (found) return found
      }
      const textId = texts.add(text)
      const shown = row.images.map((file) => looks.add(file, fingerprints.get(file)))
      byLook.add(shown[0] ?? noPicture, kept.length)
      byText.add(textId, kept.length)
      kept.push({ id: row.id, text: textId, looks: shown })
      return null
    },
  }
}

/**
 * The evidence that a row duplicates the item. Null when the options do not count the row as a
 * duplicate.
 */
function compared(
  item: Kept,
  question: TextLikeness,
  images: readonly LookMatch[][],
  { by, near, jaccard }: DuplicateOptions,
): Duplicate | null {
  const pairs =
    images.length === item.looks.length
      ? images.map((matches, place) => matches.find(({ look }) => look === item.looks[place]))
      : [undefined]
  const shown = pairs.every((pair) => pair !== undefined) ? pairs : null
  const image = shown ? (shown.some(({ how }) => how === 'near') ? 'near' : 'exact') : 'none'
  const isSimilar = near && question.hasSameNumbers && question.jaccard >= jaccard
  const words = question.isExact ? 'exact' : isSimilar ? 'near' : 'none'
  if (by !== 'question' && image === 'none') return null
  if (by !== 'image' && words === 'none') return null
  // Blank pictures look alike, whatever content is missing from them.
  if (by === 'image' && shown?.every(({ isBlank }) => isBlank)) return null
  return {
    of: item.id,
    image,
    distance: shown ? Math.max(0, ...shown.map(({ distance }) => distance)) : null,
    question: words,
    jaccard: question.isExact ? 1 : question.jaccard > 0 ? Math.round(question.jaccard * 1000) / 1000 : null,
  }
}
