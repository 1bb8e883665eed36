import { createReadStream, createWriteStream } from 'node:fs'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { readLines } from '../../data/lines/read-lines.ts'
import type { Line } from '../../data/lines/read-lines.ts'
import { describeError, errorCode, HoneError, messageOf } from '../../domain/errors.ts'
import { createVerifierPool } from '../../verifier/serve/pool.ts'
import type { VerifierPool } from '../../verifier/serve/pool.ts'
import { parseVerifyCase, verifierVersion } from '../../verifier/verdict.ts'
import type { VerifyCase, VerifyResult } from '../../verifier/verdict.ts'
import { untilInterrupted } from '../interrupt.ts'
import { exitCodes } from '../terminal.ts'
import { verifyUsage } from './options.ts'
import type { VerifyOptions, VerifyStreams } from './options.ts'

/** Bytes of a file that are read at a time; the rows that end in them are verified together. */
const pieceBytes = 256 * 1024
/** Bytes of the longest line that is read: these rows hold no pictures. */
const longestRow = 32 * 1024 * 1024
/**
 * Pieces under way at a time, for each thread and one more. Bounds the memory for a file of any
 * size.
 */
const piecesPerWorker = 2

interface Summary {
  rows: number
  correct: number
  incorrect: number
  unverifiable: number
  timedOut: number
  bad: number
}

/** A complaint about a bad line is written after the verdicts of the lines before it. */
type Entry = { row: VerifyCase } | { complaint: string }

/**
 * Verifies a file of rows in threads. Writes verdicts in the order of the rows; returns the exit
 * code.
 */
export async function verifyFile(options: VerifyOptions, streams: VerifyStreams): Promise<number> {
  const { input = '-', output = '-' } = options
  if (input !== '-' && input === output) throw verifyUsage('--output would overwrite --input.')
  const source = input === '-' ? streams.stdin : createReadStream(input, { highWaterMark: pieceBytes })
  if (input !== '-') await opened(source, input)
  const sink = output === '-' ? streams.stdout : createWriteStream(output)
  if (output !== '-') await opened(sink, output)
  const pool = createVerifierPool({ workers: options.workers })
  const summary: Summary = { rows: 0, correct: 0, incorrect: 0, unverifiable: 0, timedOut: 0, bad: 0 }
  try {
    await untilInterrupted(streams, (signal) =>
      verifyLines(
        { source, sink, pool, summary, stderr: streams.stderr, name: input === '-' ? 'stdin' : input },
        signal,
      ),
    )
    if (output !== '-') await ended(sink)
  } catch (error) {
    // The reader of our output may stop reading (`hone verify … | head`): no error.
    if (!(output === '-' && isBrokenPipe(error))) throw asFileError(error, options)
  } finally {
    if (input !== '-') source.destroy()
    await pool.close()
    report(summary, options, streams)
  }
  return summary.bad === 0 ? exitCodes.ok : exitCodes.usage
}

interface Verifying {
  source: Readable
  sink: Writable
  pool: VerifierPool
  summary: Summary
  stderr: Writable
  /** Name of the input in complaints. */
  name: string
}

async function verifyLines(verifying: Verifying, signal: AbortSignal): Promise<void> {
  const { source, sink, pool, name } = verifying
  const stop = new AbortController()
  const under = AbortSignal.any([signal, stop.signal])
  const limit = piecesPerWorker * (pool.stats().workers + 1)
  /** A promise for each piece: its verdicts, and all before them, are written. */
  const waiting: Promise<void>[] = []
  // The reader of a pipe may go away, and a disk may fail: nobody would get further verdicts.
  const failed = (error?: Error): void => stop.abort(error ?? new Error('the output was closed'))
  sink.once('error', failed).once('close', failed)
  // Ctrl-C must also end a read that waits for the next line of a pipe.
  const endReading = (): void => void source.destroy()
  under.addEventListener('abort', endReading, { once: true })
  try {
    for await (const lines of readLines(source as AsyncIterable<string | Uint8Array>, { longest: longestRow })) {
      under.throwIfAborted()
      const entries = lines.flatMap((line) => readEntry(line, name) ?? [])
      const rows = entries.flatMap((entry) => ('row' in entry ? [entry.row] : []))
      const written = writeBatch(verifying, entries, pool.verify(rows, under), waiting.at(-1))
      // The error is thrown where the promise is awaited; before that it must not end the process.
      written.catch(() => undefined)
      waiting.push(written)
      if (waiting.length >= limit) await waiting.shift()
    }
    under.throwIfAborted()
    await Promise.all(waiting)
  } catch (error) {
    throw under.aborted ? under.reason : error
  } finally {
    under.removeEventListener('abort', endReading)
    sink.removeListener('error', failed).removeListener('close', failed)
  }
}

/** A line as a row or as a complaint; null for an empty line. */
function readEntry({ number, text }: Line, name: string): Entry | null {
  if (text !== null && text.trim() === '') return null
  try {
    return { row: parseVerifyCase(parseLine(text)) }
  } catch (error) {
    if (!(error instanceof HoneError)) throw error
    return { complaint: `${name}:${number}: ${describeError(error)}\n` }
  }
}

function parseLine(line: string | null): unknown {
  const bad = (message: string, cause?: unknown): HoneError =>
    new HoneError({
      type: 'InvalidInput',
      message,
      nextStep: 'Write one JSON object a line, e.g. {"id":"1","gold":"3","answer":"3"}.',
      cause,
    })
  if (line === null) throw bad('The line is longer than any row.')
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw bad('The line is not JSON.', cause)
  }
}

/** Writes verdicts and complaints of a piece, after those of the piece before it. */
async function writeBatch(
  { sink, stderr, summary }: Verifying,
  entries: readonly Entry[],
  verified: Promise<VerifyResult[]>,
  before: Promise<void> | undefined,
): Promise<void> {
  const [results] = await Promise.all([verified, before])
  let at = 0
  let text = ''
  for (const entry of entries) {
    if ('complaint' in entry) {
      summary.bad += 1
      stderr.write(entry.complaint)
      continue
    }
    const result = results[at++]
    if (result === undefined) throw new Error('a row was left without a result')
    summary.rows += 1
    summary[result.verdict] += 1
    if (result.reason === 'timed-out') summary.timedOut += 1
    text += `${JSON.stringify(result)}\n`
  }
  if (text !== '' && !sink.write(text)) await Promise.race([once(sink, 'drain'), once(sink, 'close')])
}

/** Writes the summary; to standard error where standard output holds the verdicts. */
function report(summary: Summary, options: VerifyOptions, streams: VerifyStreams): void {
  const to = (options.output ?? '-') === '-' ? streams.stderr : streams.stdout
  const { rows, correct, incorrect, unverifiable, timedOut, bad } = summary
  if (options.json === true) to.write(`${JSON.stringify({ ...summary, version: verifierVersion })}\n`)
  else {
    const late = timedOut === 0 ? '' : ` (${timedOut} took too long)`
    to.write(
      `${rows} judged: ${correct} correct, ${incorrect} incorrect, ${unverifiable} unverifiable${late}; ${bad} bad lines\n`,
    )
  }
}

const isBrokenPipe = (error: unknown): boolean => errorCode(error) === 'EPIPE'

async function ended(sink: Writable): Promise<void> {
  sink.end()
  await finished(sink, { readable: false })
}

/** Says in words that a disk is full, or that a path is a folder and no file. */
function asFileError(error: unknown, { input = '-', output = '-' }: VerifyOptions): unknown {
  if (error instanceof HoneError || !(error instanceof Error) || !('code' in error)) return error
  return new HoneError({
    type: 'InvalidInput',
    message: `Cannot read ${input} or write ${output}: ${error.message}.`,
    nextStep: 'Check that both are files, their permissions and the space on the disk.',
    cause: error,
  })
}

async function opened(stream: Readable | Writable, path: string): Promise<void> {
  try {
    await once(stream, 'open')
  } catch (cause) {
    throw new HoneError({
      type: 'InvalidInput',
      message: `Cannot open ${path}: ${messageOf(cause)}.`,
      nextStep: 'Check the path and its permissions; - is standard input or output.',
      cause,
    })
  }
}
