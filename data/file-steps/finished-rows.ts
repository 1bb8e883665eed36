import { z } from 'zod'
import { sha256Hex } from '../../artifacts/hash.ts'
import { parseJson } from '../../domain/json-text.ts'
import { rowSchema } from '../../domain/rows.ts'
import type { ShardOutcome } from '../shards/run-shard.ts'
import { openAppendLog } from './append-log.ts'
import type { Place } from './read-places.ts'
import { KeyIndex } from './key-index.ts'

const changes = rowSchema.omit({ id: true, parentId: true, originId: true, images: true }).partial()

const outcome = z.object({
  status: z.enum(['kept', 'dropped', 'failed']),
  reason: z.string().nullable(),
  detail: z.string().nullable(),
  changes,
  requests: z.array(z.string()),
})

/**
 * The outcome of one row in the form that the log keeps. The other fields of the row are in the
 * input.
 */
export type FinishedOutcome = z.infer<typeof outcome>

const finishedRow = z.object({ row: z.string().regex(/^[0-9a-f]{32}$/), outcomes: z.array(outcome).min(1) })

/** Rows that are done, in a log with one row on each line. */
export interface FinishedRows {
  /** The place of a row's outcomes, when the row is done. */
  find(key: string): Place | undefined
  /** Why a finished row failed; undefined for any other row. */
  failure(key: string): string | undefined
  /** Keeps rows and returns their places. */
  save(rows: readonly { key: string; outcomes: readonly FinishedOutcome[] }[]): Promise<Place[]>
  /** The outcomes at these places. */
  read(places: readonly Place[]): Promise<FinishedOutcome[][]>
  close(): Promise<void>
}

/**
 * Opens the log of finished rows. Keys are hashes of everything that decides a row's outcomes, so
 * lines of other options or of a changed input are simply not found. A line that a kill has cut
 * counts as missing: its row is computed again, from replies that were kept.
 */
export async function openFinishedRows(path: string): Promise<FinishedRows> {
  const index = new KeyIndex()
  const failures = new Map<string, string>()
  const note = ({ row, outcomes }: z.infer<typeof finishedRow>, place: Place) => {
    index.set(row, place)
    const failed = outcomes.find(({ status }) => status === 'failed')
    if (failed) failures.set(row, failed.reason ?? 'failed')
    else failures.delete(row)
  }
  const log = await openAppendLog(path, (text, place) => {
    const found = finishedRow.safeParse(parseJson(text))
    if (found.success) note(found.data, place)
  })
  return {
    find: (key) => index.get(key),
    failure: (key) => failures.get(key),
    async save(rows) {
      const finished = rows.map(({ key, outcomes }) => ({ row: key, outcomes: [...outcomes] }))
      const places = await log.append(finished.map((row) => JSON.stringify(row)))
      places.forEach((place, at) => {
        const row = finished[at]
        if (row) note(row, place)
      })
      return places
    },
    read: async (places) => (await log.read(places)).map((text) => finishedRow.parse(JSON.parse(text)).outcomes),
    close: () => log.close(),
  }
}

/**
 * Key of a row. `run` is the hash of step, options and models; `unit` has the lines that are worked
 * on together.
 */
export const finishedKey = (run: string, unit: string, row: string): string =>
  sha256Hex(`${run}\n${unit}\n${row}`).slice(0, 32)

/** An outcome of the runner in the form that the log keeps. */
export function finishedOutcome(made: ShardOutcome): FinishedOutcome {
  if (made.status === 'failed')
    return { status: 'failed', reason: made.reason, detail: made.detail, changes: {}, requests: [] }
  const { choices, ...rest } = made.changes
  const { metadata } = rest
  return {
    status: made.status,
    reason: made.reason,
    detail: null,
    changes: {
      ...rest,
      ...(choices !== undefined && { choices: choices === null ? null : [...choices] }),
      ...(metadata !== undefined && { metadata: { ...metadata } }),
    },
    requests: [...made.requestKeys],
  }
}
