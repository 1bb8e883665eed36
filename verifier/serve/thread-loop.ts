import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { deserialize } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'
import type { TransferListItem } from 'node:worker_threads'
import { HoneError } from '../../domain/errors.ts'
import { readFormat } from '../format.ts'
import type { TraceFormat } from '../format.ts'
import type { Verdict, VerifyCase, VerifyResult } from '../verdict.ts'
import { openRow, unjudged } from './open-row.ts'
import type { OpenRow, ScoreCase } from './open-row.ts'
import { packCases, readScoreRequest } from './score-request.ts'
import { scoreText } from './score-text.ts'
import { cells, formatBits, NO_ROW } from './thread-messages.ts'
import type { DeadRow, OpenScore, ThreadData, ThreadReply, ThreadRequest } from './thread-messages.ts'

/** Niceness of a thread: the main thread, which answers the network, comes first when processors are short. */
const NICENESS = 10

/** Answer for a row that no rule came to an end with. */
const timedOut = (id: string): VerifyResult => ({
  id,
  verdict: 'unverifiable',
  reason: 'timed-out',
  extracted: null,
  rule: 'none',
})

/**
 * Serves a pool's requests in this thread for as long as it lives. `judge` judges one row; the product gives `verifyCase`, tests
 * what hangs or breaks. Before each row the thread writes into shared memory which one it is: a row that hangs or takes the
 * thread down with it is known by that.
 */
export function serveThread(judge: (row: VerifyCase) => VerifyResult): void {
  const port = parentPort
  if (port === null) throw new Error('This file runs as a thread of the verifier pool only.')
  const progress = new Int32Array((workerData as ThreadData).progress)
  stepBack()

  const judgeRows = <Row extends VerifyCase>(
    rows: readonly Row[],
    dead: readonly DeadRow[],
    take: (result: VerifyResult, format: TraceFormat, row: Row) => void,
    wantFormat: boolean,
  ): number => {
    const deadRows = new Map(dead.map(({ row, format }) => [row, format]))
    const noFormat: TraceFormat = { held: false, explanation: false }
    let threw = 0
    for (const [index, row] of rows.entries()) {
      const deadFormat = deadRows.get(index)
      if (deadFormat !== undefined) {
        take(timedOut(row.id), deadFormat, row)
        continue
      }
      Atomics.store(progress, cells.format, 0)
      Atomics.store(progress, cells.row, index)
      const format = wantFormat ? readFormat(row.answer) : noFormat
      // If the row hangs, its reward still counts the format.
      Atomics.store(progress, cells.format, formatBits(format))
      let result: VerifyResult
      try {
        result = judge(row)
      } catch {
        // A fault of a rule is like a hang: no verdict on this row, and no harm to the others.
        threw += 1
        result = timedOut(row.id)
      }
      take(result, format, row)
    }
    Atomics.store(progress, cells.row, NO_ROW)
    return threw
  }

  const answer = (request: ThreadRequest): ThreadReply => {
    const began = performance.now()
    switch (request.task) {
      case 'read': {
        const { reward, judge, cases } = readScoreRequest(request.body)
        return { task: 'read', reward, judge, chunks: packCases(cases, request.rowsPerChunk) }
      }
      case 'judge': {
        const results: VerifyResult[] = []
        const threw = judgeRows(request.rows, request.dead, (result) => results.push(result), false)
        return { task: 'judge', results, threw, ms: performance.now() - began }
      }
      case 'score': {
        const texts = new ScoreTexts()
        const verdicts: Record<Verdict, number> = { correct: 0, incorrect: 0, unverifiable: 0 }
        const take = (result: VerifyResult, format: TraceFormat, row: ScoreCase): void => {
          const accuracy = result.verdict === 'correct' ? 1 : 0
          const text = scoreText(request.reward, result, format, accuracy, unjudged(row, result))
          texts.add(text, openRow(row, result, format))
          verdicts[result.verdict] += 1
        }
        const rows = deserialize(request.packed) as ScoreCase[]
        const threw = judgeRows(rows, request.dead, take, true)
        return { task: 'score', ...texts.end(), verdicts, threw, ms: performance.now() - began }
      }
      default:
        throw new Error('unknown task', { cause: request satisfies never })
    }
  }

  port.on('message', (request: ThreadRequest) => {
    let reply: ThreadReply
    try {
      reply = answer(request)
    } catch (error) {
      if (!(error instanceof HoneError)) throw error
      reply = { task: 'refused', message: error.message, nextStep: error.nextStep }
    }
    const moved: TransferListItem[] =
      reply.task === 'read' ? reply.chunks.map(({ bytes }) => bytes.buffer as ArrayBuffer) : []
    port.postMessage(reply, moved)
  })
  port.postMessage({ task: 'ready', kernelThread: kernelThread() } satisfies ThreadReply)
}

/** Joins score texts into runs, save those of open rows, which stand alone so that a judge's can take their place. */
class ScoreTexts {
  readonly #scores: string[] = []
  readonly #open: OpenScore[] = []
  #run: string[] = []

  add(text: string, row: OpenRow | null): void {
    if (row === null) {
      this.#run.push(text)
      return
    }
    this.#close()
    this.#open.push({ at: this.#scores.length, row })
    this.#scores.push(text)
  }

  end(): { scores: string[]; open: OpenScore[] } {
    this.#close()
    return { scores: this.#scores, open: this.#open }
  }

  #close(): void {
    if (this.#run.length > 0) this.#scores.push(this.#run.join(','))
    this.#run = []
  }
}

/** On Linux a priority belongs to a thread; elsewhere it would be the whole process's. */
function stepBack(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(NICENESS)
  } catch {
    // A sandbox may forbid it; then all threads are equal.
  }
}

/** The thread's number with the kernel, by which its processor time is known. Linux only. */
function kernelThread(): string | null {
  try {
    return readlinkSync('/proc/thread-self').split('/').at(-1) ?? null
  } catch {
    return null
  }
}
