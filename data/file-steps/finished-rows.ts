import { z } from 'zod'
import { sha256Hex } from '../../artifacts/hash.ts'
import { rowSchema } from '../../domain/rows.ts'
import type { ShardOutcome } from '../shards/run-shard.ts'
import { openAppendLog } from './append-log.ts'
import type { Place } from './byte-lines.ts'
import { parseJson } from './file-replies.ts'
import { KeyIndex } from './key-index.ts'

const changes = rowSchema.omit({ id: true, parentId: true, originId: true, images: true }).partial()

const outcome = z.object({
  status: z.enum(['kept', 'dropped', 'failed']),
  reason: z.string().nullable(),
  detail: z.string().nullable(),
  changes,
  requests: z.array(z.string()),
})

/** What came of one row, as it is kept: what the row had before stands in the input. */
export type FinishedOutcome = z.infer<typeof outcome>

const finishedRow = z.object({ row: z.string().regex(/^[0-9a-f]{32}$/), outcomes: z.array(outcome).min(1) })

/** Rows that are done, in a log of lines, one row a line. */
export interface FinishedRows {
  /** Where a row's outcomes stand, when it is done. */
  find(key: string): Place | undefined
  /** Why a row that is done failed; undefined for any other. */
  failure(key: string): string | undefined
  /** Keeps rows; says where each stands. */
  save(rows: readonly { key: string; outcomes: readonly FinishedOutcome[] }[]): Promise<Place[]>
  /** The outcomes at these places. */
  read(places: readonly Place[]): Promise<FinishedOutcome[][]>
  close(): Promise<void>
}

/**
 * Opens the log of finished rows. Keys are hashes of all that decides a row's outcomes, so lines of other options or of a
 * changed input are simply not found. A line that a kill has cut counts as not there: its row is computed again, from
 * replies that were kept.
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

/** Key of a row: `run` stands for step, options and models, `unit` for the lines that are worked on together. */
export const finishedKey = (run: string, unit: string, row: string): string =>
  sha256Hex(`${run}\n${unit}\n${row}`).slice(0, 32)

/** An outcome of the runner as it is kept. */
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
