import type { Fingerprint, Row } from '../../domain/rows.ts'
import { bareQuestion } from '../rows/question-text.ts'
import type { SeenRow } from './batches.ts'
import { createLooks } from './looks.ts'
import type { LookMatch, Looks, LooksThreshold } from './looks.ts'
import { createTexts, textOf } from './texts.ts'
import type { Text, TextLikeness, Texts } from './texts.ts'
import { hasRun, wordsOf } from './words.ts'

/**
 * What a row shares with a benchmark. `unchecked`: the campaign has no benchmark to compare with.
 */
export type ContaminationVerdict = 'clean' | 'leak' | 'image_overlap' | 'text_overlap' | 'unchecked'

/** The verdict on a row, and its evidence: the benchmark item that is most like the row. */
export interface Contamination {
  verdict: ContaminationVerdict
  /** Name of the benchmark in the recipe, and row id of the item. */
  benchmark?: string
  item?: string
  image?: 'exact' | 'near'
  /** Differing bits of the perceptual hashes. */
  distance?: number
  /**
   * `run`: 13 words in a row are the same. `contained`: one question contains the whole other
   * question.
   */
  text?: 'exact' | 'near' | 'run' | 'contained'
  /** Jaccard similarity of the runs of words, to three decimals. */
  jaccard?: number
  /** The pictures are blank, so their likeness proves nothing. */
  blank?: true
}

export interface ContaminationOptions extends LooksThreshold {
  jaccard: number
}

/** The items of all benchmarks, searchable. */
export interface BenchmarkIndex {
  items: readonly BenchmarkItem[]
  looks: Looks
  texts: Texts
  /** Indexes of items, by picture number and by question number. */
  byLook: ReadonlyMap<number, readonly number[]>
  byText: ReadonlyMap<number, readonly number[]>
}

interface BenchmarkItem {
  benchmark: string
  id: string
  text: number
  looks: readonly number[]
}

/**
 * Up to this many items of one picture are compared one by one. With more items only those with a
 * similar question are searched for.
 */
const shortList = 256

/** Reads all benchmarks into memory: about 1 kB an item. Failed rows are skipped. */
export async function indexBenchmarks(
  rows: AsyncIterable<SeenRow>,
  options: ContaminationOptions,
): Promise<BenchmarkIndex> {
  const items: BenchmarkItem[] = []
  const looks = createLooks(options)
  const texts = createTexts({ jaccard: options.jaccard, longRuns: true })
  const byLook = new Map<number, number[]>()
  const byText = new Map<number, number[]>()
  for await (const { row, fingerprints } of rows) {
    if (row.status === 'failed') continue
    const text = texts.add(textOf(bareQuestion(row.question)))
    listed(byText, text, items.length)
    const shown = row.images.map((file) => looks.add(file, fingerprints.get(file)))
    for (const look of shown) listed(byLook, look, items.length)
    items.push({ benchmark: row.from, id: row.id, text, looks: shown })
  }
  return { items, looks, texts, byLook, byText }
}

function listed(lists: Map<number, number[]>, key: number, value: number): void {
  const list = lists.get(key)
  if (!list) lists.set(key, [value])
  else if (list.at(-1) !== value) list.push(value)
}

/**
 * Compares a row with every item that could be like it.
 * - Same picture and similar question: `leak`.
 * - Same picture, another question: `image_overlap`, unless the picture is blank.
 * - Similar question, another picture: `text_overlap`.
 *
 * Two questions are similar when their words are equal, when their Jaccard similarity reaches the
 * limit, or when they share 13 words in a row. Beside the same picture they are also similar when
 * one contains the whole other (8 words or more): this happens when choices or instructions were
 * added to a question.
 */
export function findContamination(
  row: Pick<Row, 'question' | 'images'>,
  index: BenchmarkIndex | undefined,
  fingerprints: ReadonlyMap<string, Fingerprint>,
  { jaccard }: ContaminationOptions,
): Contamination {
  if (!index || index.items.length === 0) return { verdict: 'unchecked' }
  const text = textOf(bareQuestion(row.question))
  const shown = row.images.flatMap((file) => index.looks.find(file, fingerprints.get(file)))
  return (
    best(leaks(index, text, shown, jaccard)) ??
    best(imageOverlaps(index, shown)) ??
    best(textOverlaps(index, text, jaccard)) ?? { verdict: 'clean' }
  )
}

function* leaks(
  index: BenchmarkIndex,
  text: Text,
  shown: readonly LookMatch[],
  jaccard: number,
): Generator<Contamination> {
  // Many items ask one question about one picture, and many pictures may match, so each text is
  // compared only once.
  const compared = new Map<number, Similar | null>()
  const alike = () => index.texts.find(text).flatMap(({ id }) => index.byText.get(id) ?? [])
  for (const match of shown) {
    const asking = index.byLook.get(match.look) ?? []
    for (const place of asking.length <= shortList ? asking : alike()) {
      const item = index.items[place]
      if (!item?.looks.includes(match.look)) continue
      const known = compared.get(item.text)
      const similar = known === undefined ? similarity(index.texts.compare(item.text, text), jaccard, true) : known
      compared.set(item.text, similar)
      if (similar) yield { verdict: 'leak', ...named(item), ...imageOf(match), ...similar }
    }
  }
}

function* imageOverlaps(index: BenchmarkIndex, shown: readonly LookMatch[]): Generator<Contamination> {
  for (const match of shown) {
    const item = match.isBlank ? undefined : index.items[index.byLook.get(match.look)?.[0] ?? -1]
    if (item) yield { verdict: 'image_overlap', ...named(item), ...imageOf(match) }
  }
}

function* textOverlaps(index: BenchmarkIndex, text: Text, jaccard: number): Generator<Contamination> {
  if (text.words === 0) return
  for (const match of index.texts.find(text)) {
    const item = index.items[index.byText.get(match.id)?.[0] ?? -1]
    const similar = similarity(match, jaccard, false)
    if (item && similar) yield { verdict: 'text_overlap', ...named(item), ...similar }
  }
}

type Similar = Required<Pick<Contamination, 'text' | 'jaccard'>>

function similarity(likeness: TextLikeness, jaccard: number, isSamePicture: boolean): Similar | null {
  const rounded = Math.round(likeness.jaccard * 1000) / 1000
  if (likeness.isExact) return { text: 'exact', jaccard: 1 }
  if (likeness.jaccard >= jaccard) return { text: 'near', jaccard: rounded }
  if (likeness.sharesLongRun) return { text: 'run', jaccard: rounded }
  return isSamePicture && likeness.isContained ? { text: 'contained', jaccard: rounded } : null
}

const named = ({ benchmark, id }: BenchmarkItem) => ({ benchmark, item: id })

const imageOf = ({ how, distance, isBlank }: LookMatch) => ({
  image: how,
  distance,
  ...(isBlank && { blank: true as const }),
})

/**
 * The strongest evidence: exact before near, then by distance, then by likeness of words. Of equal
 * evidence the first.
 */
function best(found: Iterable<Contamination>): Contamination | null {
  let strongest: Contamination | null = null
  for (const one of found) if (!strongest || isStronger(one, strongest)) strongest = one
  return strongest
}

function isStronger(a: Contamination, b: Contamination): boolean {
  if (a.image !== b.image) return a.image === 'exact'
  const nearer = (b.distance ?? 0) - (a.distance ?? 0)
  return nearer === 0 ? (a.jaccard ?? 0) > (b.jaccard ?? 0) : nearer > 0
}

/**
 * Whether the right answer occurs, word by word, in the row's description, so that its reader has
 * nothing left to find out. For a letter the text of its choice is searched. Null without a
 * description or answer, and for yes and no, which occur in any text.
 */
export function answerStandsInDescription(
  row: Pick<Row, 'answer' | 'kind' | 'choices' | 'description'>,
): boolean | null {
  if (row.answer === null || row.description === null) return null
  const answer = wordsOf(chosen(row.answer, row.choices))
  if (answer.length === 0 || row.kind === 'yesno' || /^(?:yes|no|true|false)$/.test(answer.join(' '))) return null
  return hasRun(wordsOf(row.description), answer)
}

function chosen(answer: string, choices: Row['choices']): string {
  const letter = /^\(?([A-Z])\)?\.?$/.exec(answer.trim())?.[1]
  return (letter && choices?.[letter.charCodeAt(0) - 65]) ?? answer
}
