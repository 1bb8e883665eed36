import { open } from 'node:fs/promises'
import { z } from 'zod'
import { errorCode } from '../domain/errors.ts'
import { parsePythonJson } from '../domain/json-text.ts'
import type { LogSource } from './log-source.ts'
import { own } from '../domain/own.ts'

/**
 * One number of a metrics file. Upsert on (job, attempt, segment, step, name): reading a file twice
 * gives the same points.
 */
export interface MetricPoint {
  /** Counts from 0. A file that was truncated or replaced goes on in the next segment. */
  segment: number
  step: number
  /** The trainer's own name. */
  name: string
  /** Hone's name of the value. Null when Hone has no name for it. */
  canonical: string | null
  value: number
  /** Seconds since the epoch, as the trainer wrote them. */
  time: number | null
}

/**
 * The position of a tailer, as plain JSON. `anchor` is the base64 of the bytes just before
 * `offset`.
 */
export const tailState = z.object({
  inode: z.number(),
  offset: z.int().nonnegative(),
  segment: z.int().nonnegative(),
  anchor: z.string(),
  badLines: z.int().nonnegative(),
})
export type TailState = z.infer<typeof tailState>

/** Reads the lines that were added to a metrics file since the last look. */
export interface MetricTailer {
  /** New points. With `final`, a complete last line without a line break counts too. */
  read(options?: { final?: boolean }): Promise<MetricPoint[]>
  state(): TailState
  /** The first step whose loss was NaN or infinite; null while all were numbers. */
  divergedAt(): number | null
}

const anchorBytes = 64
const largestReadBytes = 8 << 20

/**
 * Opens a tailer. While a file is read, its trainer appends to it, a trainer that starts again
 * truncates it, or a restored file replaces it. A changed inode, a smaller size or other bytes
 * before the offset start a new segment at the beginning of the file. An unfinished line waits for
 * its end. A line that cannot be read is counted.
 */
export function createMetricTailer({ path, read: understand }: LogSource, from?: TailState): MetricTailer {
  let firstDiverged: number | null = null
  let state: TailState = from ?? { inode: 0, offset: 0, segment: 0, anchor: '', badLines: 0 }

  const points = (text: string): MetricPoint[] => {
    if (text.trim() === '') return []
    const line = understand(parsePythonJson(text))
    if (line === 'skip') return []
    if (line === null) {
      state.badLines += 1
      return []
    }
    const { step, time, values, canonical, notFinite } = line
    if (notFinite.some((name) => own(canonical, name) === 'loss')) firstDiverged ??= step
    return Object.entries(values).map(([name, value]) => ({
      segment: state.segment,
      step,
      name,
      canonical: own(canonical, name) ?? null,
      value,
      time,
    }))
  }

  const consume = (bytes: Buffer, final: boolean): MetricPoint[] => {
    const end = bytes.lastIndexOf(0x0a) + 1
    const found = bytes.subarray(0, end).toString('utf8').split('\n').flatMap(points)
    let taken = end
    const rest = bytes.subarray(end).toString('utf8')
    if (final && rest.trim() !== '') {
      found.push(...points(rest))
      taken = bytes.length
    }
    const before = Buffer.concat([Buffer.from(state.anchor, 'base64'), bytes.subarray(0, taken)])
    state.anchor = before.subarray(-anchorBytes).toString('base64')
    state.offset += taken
    return found
  }

  const read = async ({ final = false }: { final?: boolean } = {}): Promise<MetricPoint[]> => {
    const file = await open(path, 'r').catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return null
      throw error
    })
    if (file === null) return []
    try {
      const { ino, size } = await file.stat()
      const anchor = Buffer.from(state.anchor, 'base64')
      const there = Buffer.alloc(anchor.length)
      if (size >= state.offset) await file.read(there, 0, anchor.length, state.offset - anchor.length)
      if (state.offset > 0 && (ino !== state.inode || size < state.offset || !there.equals(anchor))) {
        state = { inode: ino, offset: 0, segment: state.segment + 1, anchor: '', badLines: state.badLines }
      }
      state.inode = ino
      const found: MetricPoint[] = []
      while (state.offset < size) {
        const bytes = Buffer.alloc(Math.min(size - state.offset, largestReadBytes))
        const { bytesRead } = await file.read(bytes, 0, bytes.length, state.offset)
        const start = state.offset
        found.push(...consume(bytes.subarray(0, bytesRead), final && start + bytesRead >= size))
        if (state.offset === start) break
      }
      return found
    } finally {
      await file.close()
    }
  }

  return { read, state: () => ({ ...state }), divergedAt: () => firstDiverged }
}
