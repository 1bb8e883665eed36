import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { deserialize } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'
import type { TransferListItem } from 'node:worker_threads'
import { HoneError } from '../../domain/errors.ts'
import { readFormat } from '../format.ts'
import type { TraceFormat } from '../format.ts'
import { withOwnMarks } from '../model-marks.ts'
import { accuracyOf } from '../verdict.ts'
import type { Verdict, VerifyCase } from '../verdict.ts'
import type { VerifiedCase } from '../verify.ts'
import { openRow, unjudged } from './open-row.ts'
import type { OpenRow, ScoreCase } from './open-row.ts'
import { packCases, readScoreRequest } from './score-request.ts'
import { scoreText } from './score-text.ts'
import { cells, formatBits, noRow } from './thread-messages.ts'
import type { DeadRow, OpenScore, ThreadData, ThreadReply, ThreadRequest } from './thread-messages.ts'

/**
 * Niceness of a thread. The main thread answers the network and comes first when processors are
 * short.
 */
const niceness = 10

/** Answer for a row that no rule finished. No judge sees the row, so its texts do not matter. */
const timedOut = ({ id, gold }: VerifyCase): VerifiedCase => ({
  result: { id, verdict: 'unverifiable', reason: 'timed-out', extracted: null, rule: 'none' },
  gold,
  answer: '',
})

/**
 * Serves a pool's requests in this thread for as long as the thread lives. `verify` verifies one
 * row: the product gives `verifiedCase`, and tests give a function that hangs or breaks. Before
 * each row the thread writes the row's place into shared memory. The pool knows by it which row
 * hung or took the thread down.
 */
export function serveThread(verify: (row: VerifyCase) => VerifiedCase): void {
  const port = parentPort
  if (port === null) throw new Error('This file runs as a thread of the verifier pool only.')
  const progress = new Int32Array((workerData as ThreadData).progress)
  stepBack()

  const verifyRows = <Row extends VerifyCase>(
    rows: readonly Row[],
    dead: readonly DeadRow[],
    take: (verified: VerifiedCase, format: TraceFormat, row: Row) => void,
    wantFormat: boolean,
  ): number => {
    const deadRows = new Map(dead.map(({ row, format }) => [row, format]))
    const noFormat: TraceFormat = { held: false, explanation: false }
    let threw = 0
    for (const [index, row] of rows.entries()) {
      const deadFormat = deadRows.get(index)
      if (deadFormat !== undefined) {
        take(timedOut(row), deadFormat, row)
        continue
      }
      Atomics.store(progress, cells.format, 0)
      Atomics.store(progress, cells.row, index)
      const format = wantFormat ? readFormat(withOwnMarks(row.answer, row.policy)) : noFormat
      // If the row hangs, its reward still counts the format.
      Atomics.store(progress, cells.format, formatBits(format))
      let verified: VerifiedCase
      try {
        verified = verify(row)
      } catch {
        // A fault of a rule is like a hang: no verdict on this row, and no harm to the others.
        threw++
        verified = timedOut(row)
      }
      take(verified, format, row)
    }
    Atomics.store(progress, cells.row, noRow)
    return threw
  }

  const answer = (request: ThreadRequest): ThreadReply => {
    const began = performance.now()
    switch (request.task) {
      case 'read': {
        const { reward, judge, cases } = readScoreRequest(request.body)
        return { task: 'read', reward, judge, chunks: packCases(cases, request.rowsPerChunk) }
      }
      case 'verify': {
        const results: VerifiedCase[] = []
        const threw = verifyRows(request.rows, request.dead, (verified) => results.push(verified), false)
        return { task: 'verify', results, threw, ms: performance.now() - began }
      }
      case 'score': {
        const texts = new ScoreTexts()
        const verdicts: Record<Verdict, number> = { correct: 0, incorrect: 0, unverifiable: 0 }
        const take = (verified: VerifiedCase, format: TraceFormat, row: ScoreCase): void => {
          const { result } = verified
          const accuracy = accuracyOf(result)
          const text = scoreText(request.reward, result, format, accuracy, unjudged(row, result))
          texts.add(text, openRow(row, verified, format))
          verdicts[result.verdict]++
        }
        const rows = deserialize(request.packed) as ScoreCase[]
        const threw = verifyRows(rows, request.dead, take, true)
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

/**
 * Joins score texts into runs. The text of an open row is not joined, so that a judge's text can
 * replace it.
 */
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
    setPriority(niceness)
  } catch {
    // A sandbox may forbid it; then all threads are equal.
  }
}

/** The thread's number with the kernel, which tells its processor time. Linux only. */
function kernelThread(): string | null {
  try {
    return readlinkSync('/proc/thread-self').split('/').at(-1) ?? null
  } catch {
    return null
  }
}
