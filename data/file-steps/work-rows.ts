import type { Row } from '../../domain/rows.ts'
import { RowProblem } from '../../domain/row-problem.ts'
import { rowOfLine } from '../rows/row-line.ts'
import type { RowLine } from '../rows/row-line.ts'
import type { ShardOutcome } from '../shards/run-shard.ts'
import type { Place } from './read-places.ts'
import { finishedKey, finishedOutcome } from './finished-rows.ts'
import type { FinishedOutcome, FinishedRows } from './finished-rows.ts'
import type { InputLines } from './input-lines.ts'
import type { InputLine } from './input-reader.ts'
import type { Progress } from './progress.ts'
import type { NamedPicture, Pictures } from './pictures.ts'

export interface WorkOptions {
  input: InputLines
  /** Whether rows of one question are worked on together. */
  per: 'row' | 'question'
  /** Hash of step, options, models and evidence. */
  run: string
  pictures: Pictures
  finished: FinishedRows
  /** Rows that failed in an earlier run are worked on again. */
  retryFailed: boolean
  progress: Progress
  /** Called when more rows are done. */
  onDone: () => void
}

/** The rows of an input that are not done yet, and the outcomes of the others. */
export interface Work {
  /** Batches of rows for the runner. A batch holds whole questions. */
  batches(): AsyncGenerator<Row[]>
  /** Keeps outcomes of rows under way. */
  commit: (outcomes: readonly ShardOutcome[]) => Promise<void>
  /**
   * The place of a line's outcomes: undefined while the line is not done, and `bad` when the line
   * is no row.
   */
  resultOf: (place: number) => 'bad' | Place | undefined
}

/** Rows that are read at a time. The pictures of two batches are hashed ahead of the window. */
const batchRows = 64

/**
 * Goes through an input and passes over rows that are done. Memory holds a few numbers for each
 * line, and the rows under way.
 */
export function createWork(options: WorkOptions): Work {
  const { input, per, run, pictures, finished, retryFailed, progress } = options
  const results = createResults(input.count)
  const underWay = new Map<string, { place: number; key: string; hashes: readonly string[] }>()

  const keep = async (rows: readonly { place: number; key: string; outcomes: readonly FinishedOutcome[] }[]) => {
    const places = await finished.save(rows)
    rows.forEach(({ place }, at) => results.done(place, places[at]))
    const outcomes = rows.flatMap((row) => row.outcomes)
    progress.rows(rows.length, outcomes)
    options.onDone()
  }

  /**
   * A row for the runner. Null when its pictures cannot be used, which is an outcome of its own.
   */
  const ready = async ({ line, key }: Keyed): Promise<Row | null> => {
    const problem = line.pictures.find((picture) => picture.problem)?.problem
    try {
      if (problem) throw new RowProblem(problem.reason, problem.detail)
      const hashes = await pictures.hold(line.pictures)
      underWay.set(line.row.id, { place: line.place, key, hashes })
      return rowOfLine(line.row, hashes)
    } catch (error) {
      if (!(error instanceof RowProblem)) throw error
      await keep([{ place: line.place, key, outcomes: [failed(error)] }])
      return null
    }
  }

  /** The lines at these places that are rows. */
  const readRows = async (places: readonly number[]): Promise<Map<number, PreparedLine>> => {
    const rows = new Map<number, PreparedLine>()
    await Promise.all(
      (await input.read(places)).map(async (line) => {
        if ('row' in line.read) {
          rows.set(line.place, await prepare(line, line.read.row, pictures))
          return
        }
        results.bad(line.place)
        progress.rows(1, [{ status: 'failed', reason: line.read.reason }])
      }),
    )
    if (rows.size < places.length) options.onDone()
    return rows
  }

  /** The rows of one unit of work; no rows when all of them are done. */
  const todo = (lines: readonly PreparedLine[]): Keyed[] => {
    const unit = per === 'question' ? lines.map(({ mark }) => mark).join('\n') : ''
    const keyed = lines.map((line) => ({ line, key: finishedKey(run, unit, line.mark) }))
    const isDone = ({ key }: Keyed) => finished.find(key) && !(retryFailed && finished.failure(key) !== undefined)
    if (!keyed.every(isDone)) return keyed
    for (const { line, key } of keyed) {
      results.done(line.place, finished.find(key))
      progress.found(finished.failure(key))
    }
    if (lines.length > 0) options.onDone()
    return []
  }

  return {
    async *batches() {
      for (const units of batchesOf(input, per)) {
        const lines = await readRows(units.flat())
        const left = units.flatMap((unit) => todo(unit.flatMap((place) => lines.get(place) ?? [])))
        const rows = (await Promise.all(left.map(ready))).filter((row) => row !== null)
        if (rows.length > 0) yield rows
      }
    },
    async commit(outcomes) {
      const rows = [...byParent(outcomes)].flatMap(([id, made]) => {
        const row = underWay.get(id)
        return row ? [{ ...row, id, outcomes: made }] : []
      })
      await keep(rows)
      for (const { id, hashes } of rows) {
        underWay.delete(id)
        pictures.release(hashes)
      }
    },
    resultOf: results.resultOf,
  }
}

/** The place of each line's outcomes: two numbers for each line. */
function createResults(lines: number) {
  /** 0 bytes while there are no outcomes. */
  const bytes = new Uint32Array(lines)
  const offsets = new Float64Array(lines)
  const isBad = new Uint8Array(lines)
  return {
    done(line: number, place: Place | undefined) {
      offsets[line] = place?.offset ?? 0
      bytes[line] = place?.bytes ?? 0
    },
    bad(line: number) {
      isBad[line] = 1
    },
    resultOf: (line: number) => {
      if (isBad[line] === 1) return 'bad' as const
      const place = { offset: offsets[line] ?? 0, bytes: bytes[line] ?? 0 }
      return place.bytes === 0 ? undefined : place
    },
  }
}

function byParent(outcomes: readonly ShardOutcome[]): Map<string, FinishedOutcome[]> {
  const rows = new Map<string, FinishedOutcome[]>()
  for (const outcome of outcomes) {
    const made = rows.get(outcome.parentId)
    if (made) made.push(finishedOutcome(outcome))
    else rows.set(outcome.parentId, [finishedOutcome(outcome)])
  }
  return rows
}

interface PreparedLine {
  place: number
  row: RowLine
  pictures: readonly NamedPicture[]
  /** The line and the state of its pictures, as text. */
  mark: string
}

interface Keyed {
  line: PreparedLine
  key: string
}

/** A line whose pictures were looked up. */
async function prepare({ place, text, folder }: InputLine, row: RowLine, pictures: Pictures): Promise<PreparedLine> {
  const found = await Promise.all(row.images.map((image) => pictures.find(folder, image)))
  return { place, row, pictures: found, mark: [text.trim(), ...found.map(({ stamp }) => stamp)].join('\n') }
}

const failed = ({ reason, message }: RowProblem): FinishedOutcome => ({
  status: 'failed',
  reason,
  detail: message.slice(0, 500),
  changes: {},
  requests: [],
})

/** Places in batches of units: a line, or the lines of a question. */
function* batchesOf(input: InputLines, per: 'row' | 'question'): Generator<(readonly number[])[]> {
  if (per === 'row') {
    for (let place = 0; place < input.count; place += batchRows)
      yield Array.from({ length: Math.min(batchRows, input.count - place) }, (_, at) => [place + at])
    return
  }
  // Bad lines belong to no question.
  const inQuestions = new Uint8Array(input.count)
  let batch: (readonly number[])[] = []
  let rows = 0
  for (const question of input.questions) {
    for (const place of question) inQuestions[place] = 1
    batch.push(question)
    rows += question.length
    if (rows < batchRows) continue
    yield batch
    ;[batch, rows] = [[], 0]
  }
  if (batch.length > 0) yield batch
  const bad = [...inQuestions.keys()].filter((place) => inQuestions[place] === 0)
  for (let at = 0; at < bad.length; at += batchRows) yield bad.slice(at, at + batchRows).map((place) => [place])
}
