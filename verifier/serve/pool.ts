import type { RewardName } from '../reward.ts'
import type { Verdict, VerifyCase, VerifyResult } from '../verdict.ts'
import type { VerifiedCase } from '../verify.ts'
import { readLimitMs, Scheduler } from './scheduler.ts'
import type { PoolStats, VerifierPoolOptions } from './scheduler.ts'
import { chunkEnd } from './score-request.ts'
import type { OpenScore, PackedRows, ReadBody, Scored } from './thread-messages.ts'

export type { PoolStats, VerifierPoolOptions }

export interface ScoredBatch {
  /** The score objects as JSON, in order: texts to be joined by commas. */
  scores: string[]
  /**
   * Rows with a question that rules left open, in order. `at` is the place of the row's text in
   * `scores`.
   */
  open: OpenScore[]
  verdicts: Record<Verdict, number>
}

export interface VerifierPool {
  /** Resolves when a thread can take work. Throws HoneError when threads cannot start. */
  ready: () => Promise<void>
  /**
   * Verifies rows, in order. Gives the same results as `verifyCase`, except that a row is
   * `unverifiable (timed-out)` when it takes longer than `killAfterMs` or takes its thread down.
   * Small batches are not kept waiting by big ones.
   */
  verify: (rows: readonly VerifyCase[], signal?: AbortSignal) => Promise<VerifyResult[]>
  /** Like `verify`, with the texts that were compared: a judge may be asked about them. */
  verifyTexts: (rows: readonly VerifyCase[], signal?: AbortSignal) => Promise<VerifiedCase[]>
  /**
   * Parses the body of a score request in a thread. The body's memory is given away. Throws
   * HoneError when the body is wrong.
   */
  read: (body: Uint8Array<ArrayBuffer>, signal?: AbortSignal) => Promise<Omit<ReadBody, 'task'>>
  /** Verifies and rewards the rows that `read` gave. */
  score: (reward: RewardName, chunks: readonly PackedRows[], signal?: AbortSignal) => Promise<ScoredBatch>
  stats: () => PoolStats
  /** Ends all threads. Work that is under way is rejected. */
  close: () => Promise<void>
}

/**
 * Starts a pool of threads that verify rows and can be ended in the middle of a row. Close the
 * pool, or the process stays.
 */
export function createVerifierPool(options: VerifierPoolOptions = {}): VerifierPool {
  const scheduler = new Scheduler(options)
  const verifyTexts = async (rows: readonly VerifyCase[], signal?: AbortSignal): Promise<VerifiedCase[]> => {
    const results: VerifiedCase[][] = []
    let [from, part] = [0, 0]
    await scheduler.run({
      rows: rows.length,
      limitMs: scheduler.killAfterMs,
      next: (maxRows) => {
        const slice = rows.slice(from, chunkEnd(rows, from, maxRows))
        const at = part++
        from += slice.length
        return {
          rows: slice.length,
          request: (dead) => ({ task: 'verify', rows: slice, dead }),
          done: (reply) => {
            if (reply.task === 'verify') results[at] = reply.results
          },
        }
      },
      signal,
    })
    return results.flat()
  }
  const score = async (
    reward: RewardName,
    chunks: readonly PackedRows[],
    signal?: AbortSignal,
  ): Promise<ScoredBatch> => {
    const scored: Scored[] = []
    let part = 0
    await scheduler.run({
      rows: chunks.reduce((sum, { rows }) => sum + rows, 0),
      limitMs: scheduler.killAfterMs,
      next: () => {
        const at = part++
        const { bytes, rows } = chunks[at] ?? { bytes: new Uint8Array(), rows: 0 }
        return {
          rows,
          request: (dead) => ({ task: 'score', reward, packed: bytes, dead }),
          done: (reply) => {
            if (reply.task === 'score') scored[at] = reply
          },
        }
      },
      signal,
    })
    return joinParts(scored)
  }
  const read = async (body: Uint8Array<ArrayBuffer>, signal?: AbortSignal): Promise<Omit<ReadBody, 'task'>> => {
    let result: ReadBody | undefined
    await scheduler.run({
      rows: 1,
      limitMs: readLimitMs,
      next: () => ({
        rows: 1,
        request: () => ({ task: 'read', body, rowsPerChunk: scheduler.chunkRows() }),
        moved: [body.buffer],
        done: (reply) => {
          if (reply.task === 'read') result = reply
        },
      }),
      signal,
    })
    if (result === undefined) throw new Error('the thread did not read the body')
    return { reward: result.reward, judge: result.judge, chunks: result.chunks }
  }
  return {
    ready: () => scheduler.ready(),
    verify: async (rows, signal) => (await verifyTexts(rows, signal)).map(({ result }) => result),
    verifyTexts,
    read,
    score,
    stats: () => scheduler.stats(),
    close: () => scheduler.close(),
  }
}

/** Joins the chunks of a batch, in order. */
function joinParts(parts: readonly Scored[]): ScoredBatch {
  const batch: ScoredBatch = { scores: [], open: [], verdicts: { correct: 0, incorrect: 0, unverifiable: 0 } }
  for (const { scores, open, verdicts } of parts) {
    for (const { at, row } of open) batch.open.push({ at: batch.scores.length + at, row })
    for (const text of scores) batch.scores.push(text)
    for (const name of ['correct', 'incorrect', 'unverifiable'] as const) batch.verdicts[name] += verdicts[name]
  }
  return batch
}
