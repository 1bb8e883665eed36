import { readyRows } from '../data/import/import-rows.ts'
import type { ReadyRow } from '../data/import/import-rows.ts'
import { NoteTally } from '../data/import/row-notes.ts'
import type { NoteCount } from '../data/import/row-notes.ts'
import { lookedAtPictures } from '../data/import/row-pictures.ts'
import type { SeenPicture } from '../data/import/row-pictures.ts'
import { sampleRecords } from '../data/import/sample.ts'
import type { Prepared } from './prepare-import.ts'

/** What a dry run shows. */
export interface DryRun {
  /** The first five rows as they would be. */
  rows: ReadyRow<SeenPicture>[]
  looked: number
  /**
   * How many of the rows that were looked at cannot be used, by reason, each with its first detail.
   */
  failed: { reason: string; rows: number; first: string }[]
  withoutQuestion: number
  withoutAnswer: number
  /** What was changed in the rows that were looked at, or left out. */
  changed: NoteCount[]
}

/** Reads the first 1,000 records, or fewer, and keeps nothing. */
export async function dryRun(
  { source, mapping, rules, places }: Prepared,
  { maxRows = sampleRecords, signal }: { maxRows?: number | undefined; signal?: AbortSignal },
): Promise<DryRun> {
  const failed = new Map<string, DryRun['failed'][number]>()
  const seen: DryRun = { rows: [], looked: 0, failed: [], withoutQuestion: 0, withoutAnswer: 0, changed: [] }
  const tally = new NoteTally()
  const pictures = lookedAtPictures({ places, signal })
  const limit = Math.min(maxRows, sampleRecords)
  for await (const ready of readyRows(source.reader, { mapping, rules, pictures, maxRows: limit, tally, signal })) {
    const { failure, line, question, answer } = ready.row
    seen.looked++
    if (failure) {
      const { reason, detail } = failure
      const before = failed.get(reason)
      failed.set(reason, { reason, rows: (before?.rows ?? 0) + 1, first: before?.first ?? `line ${line}: ${detail}` })
      continue
    }
    if (seen.rows.length < 5) seen.rows.push(ready)
    if (question === '') seen.withoutQuestion++
    if (answer === null) seen.withoutAnswer++
  }
  return { ...seen, changed: tally.counts(), failed: [...failed.values()].sort((a, b) => b.rows - a.rows) }
}
