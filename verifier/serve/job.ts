import type { TransferListItem } from 'node:worker_threads'
import type { DeadRow, ThreadReply, ThreadRequest } from './thread-messages.ts'

/** A piece of work for one thread. */
export interface ChunkParts {
  rows: number
  request: (dead: readonly DeadRow[]) => ThreadRequest
  done: (reply: ThreadReply) => void
  /** Memory that moves to the thread. Such a chunk cannot be sent again. */
  moved?: TransferListItem[]
}

export interface ChunkSource {
  /** Rows of all chunks. The scheduler calls `next` until it has given all rows. */
  rows: number
  /** Time that one row may take, in milliseconds. */
  limitMs: number
  /**
   * Makes the next chunk, of at most `maxRows` rows. Called only when a thread is free for the
   * chunk, so that waiting work costs no memory.
   */
  next: (maxRows: number) => ChunkParts
  signal?: AbortSignal | undefined
}

export interface Chunk extends ChunkParts {
  job: Job
  limitMs: number
  /** Rows that stopped a thread already. */
  dead: DeadRow[]
  /** How often a thread died with this chunk before its first row. */
  attempts: number
}

/** The work of one caller. */
export interface Job {
  take: (maxRows: number) => Chunk
  /** Puts a chunk back whose thread was ended. */
  again: (chunk: Chunk) => void
  finished: () => void
  hasMore: () => boolean
  isDone: () => boolean
  waitingRows: () => number
  settle: (error?: Error) => void
}

export function createJob(source: ChunkSource, settle: (error?: Error) => void): Job {
  const back: Chunk[] = []
  let left = source.rows
  let underWay = 0
  const job: Job = {
    take: (maxRows) => {
      underWay++
      const again = back.shift()
      if (again !== undefined) return again
      const parts = source.next(maxRows)
      left -= parts.rows
      return { ...parts, job, limitMs: source.limitMs, dead: [], attempts: 0 }
    },
    again: (chunk) => {
      underWay--
      back.push(chunk)
    },
    finished: () => {
      underWay--
    },
    hasMore: () => left > 0 || back.length > 0,
    isDone: () => left <= 0 && back.length === 0 && underWay === 0,
    waitingRows: () => left + back.reduce((sum, { rows }) => sum + rows, 0),
    settle,
  }
  return job
}
