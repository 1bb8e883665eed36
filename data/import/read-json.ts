import { HoneError } from '../../domain/errors.ts'
import { unreadable } from './engine.ts'
import { jsonItems } from './json-items.ts'
import type { JsonItem } from './json-items.ts'
import { pairedItems } from './json-pair.ts'
import type { JsonPair } from './json-pair.ts'
import { rowsOf } from './json-rows.ts'
import { jsonShape, openJson, pairRole } from './json-shape.ts'
import type { JsonShape } from './json-shape.ts'
import { readJsonl } from './read-jsonl.ts'
import { weightOf } from './record.ts'
import type { RecordReader, SourceRecord } from './record.ts'

const batchRows = 512
const batchBytes = 8 * 1024 * 1024

/**
 * JSON files, also packed: a list of maps, a map of maps (their names become the field `key`), a
 * map with one list of maps inside, columns as pandas writes them, or JSONL under another name. A
 * file of questions and a file of their annotations are joined by `question_id`. An item that is no
 * map is a bad record. A file that breaks off throws InvalidSource at that place, because the
 * missing items cannot be counted.
 */
export function readJson(files: readonly string[], signal?: AbortSignal): RecordReader {
  // A file is read whole to see what it is. It cannot change while the source is open.
  const shapes = new Map<string, Promise<JsonShape>>()
  const shapeOf = (file: string): Promise<JsonShape> => {
    const shape = shapes.get(file) ?? jsonShape(file, signal)
    shapes.set(file, shape)
    return shape
  }
  return { total: null, read: () => read(files, shapeOf, signal) }
}

type ShapeOf = (file: string) => Promise<JsonShape>

async function* read(
  files: readonly string[],
  shapeOf: ShapeOf,
  signal: AbortSignal | undefined,
): AsyncGenerator<SourceRecord[]> {
  let line = 0
  const pair = await pairOf(files, shapeOf)
  for (const file of pair ? [pair.questions] : files) {
    if (await isJsonl(file)) {
      for await (const batch of readJsonl([file]).read()) yield batch.map((record) => ({ ...record, line: ++line }))
      continue
    }
    for await (const batch of inBatches(
      pair ? pairedItems(pair, signal) : itemsOf(file, shapeOf, signal),
      file,
      signal,
    ))
      yield batch.map((item) => {
        line++
        if ('fields' in item) return { line, fields: item.fields }
        return { line, reason: 'bad-line', detail: `item ${line}: ${item.problem}`.slice(0, 500) }
      })
  }
}

/** The pair that two files are: questions, and their annotations. */
async function pairOf(files: readonly string[], shapeOf: ShapeOf): Promise<JsonPair | null> {
  if (files.length !== 2) return null
  const roles = await Promise.all(
    files.map(async (file) => ({ file, role: await shapeOf(file).then(pairRole, () => null) })),
  )
  const questions = roles.find(({ role }) => role === 'questions')?.file
  const annotations = roles.find(({ role }) => role === 'annotations')?.file
  return questions !== undefined && annotations !== undefined ? { questions, annotations } : null
}

/** What a JSON file is in a pair; null for other files, and for those that cannot be read. */
export const roleOf = async (file: string, signal?: AbortSignal): Promise<ReturnType<typeof pairRole>> =>
  await jsonShape(file, signal).then(pairRole, () => {
    signal?.throwIfAborted()
    return null
  })

async function* itemsOf(file: string, shapeOf: ShapeOf, signal: AbortSignal | undefined): AsyncGenerator<JsonItem> {
  yield* jsonItems(file, rowsOf(file, await shapeOf(file)), signal)
}

async function* inBatches(
  items: AsyncIterable<JsonItem>,
  file: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<JsonItem[]> {
  let batch: JsonItem[] = []
  let bytes = 0
  try {
    for await (const item of items) {
      batch.push(item)
      bytes += 'fields' in item ? weightOf(item.fields) : 0
      if (batch.length < batchRows && bytes < batchBytes) continue
      yield batch
      batch = []
      bytes = 0
    }
    if (batch.length > 0) yield batch
  } catch (error) {
    signal?.throwIfAborted()
    throw error instanceof HoneError ? error : unreadable(file, error)
  }
}

/** Whether its first two lines are objects of their own: many `.json` files are JSONL. */
async function isJsonl(file: string): Promise<boolean> {
  const scanner = openJson(file)
  try {
    if ((await scanner.peek()) !== '{') return false
  } catch (error) {
    throw unreadable(file, error)
  } finally {
    await scanner.close()
  }
  for await (const [first, second] of readJsonl([file]).read())
    return first !== undefined && 'fields' in first && second !== undefined && 'fields' in second
  return false
}
