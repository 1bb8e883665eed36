import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { HoneError } from '../../domain/errors.ts'
import { fileLiteral, openEngine, streamRows, unreadable } from './engine.ts'
import { exactJson } from './exact-json.ts'
import { readJsonl } from './read-jsonl.ts'
import { isMap } from './record.ts'
import type { RecordReader, SourceRecord } from './record.ts'

const maxItemBytes = 64 * 1024 * 1024
const maxMapBytes = 256 * 1024 * 1024

/**
 * JSON files: a list of maps, a map of maps (their names become the field `key`), or JSONL under
 * another name. An item that is no map is a bad record. A file that breaks off throws InvalidSource
 * at that place, because the missing items cannot be counted.
 */
export function readJson(files: readonly string[]): RecordReader {
  return { total: null, read: () => read(files) }
}

async function* read(files: readonly string[]): AsyncGenerator<SourceRecord[]> {
  let line = 0
  for (const file of files) {
    if (await isJsonl(file)) {
      for await (const batch of readJsonl([file]).read()) yield batch.map((record) => ({ ...record, line: ++line }))
      continue
    }
    for await (const batch of (await firstMark(file)) === '{' ? mapOf(file) : listOf(file))
      yield batch.map(({ value, key }) => {
        line++
        if (isMap(value)) return { line, fields: key === undefined ? value : { key, ...value } }
        return { line, reason: 'bad-line', detail: `item ${line} is no JSON object` }
      })
  }
}

/** Whether its first two lines are objects of their own: many `.json` files are JSONL. */
async function isJsonl(file: string): Promise<boolean> {
  if ((await firstMark(file)) !== '{') return false
  for await (const [first, second] of readJsonl([file]).read())
    return first !== undefined && 'fields' in first && second !== undefined && 'fields' in second
  return false
}

interface Item {
  value: unknown
  key?: string
}

/**
 * Items as the engine cuts them out of the list. They are parsed here, so that values stay as they
 * are written.
 */
async function* listOf(file: string): AsyncGenerator<Item[]> {
  const { connection, close } = await openEngine()
  try {
    const sql = `select json::varchar as json from read_json_objects(${fileLiteral(file)}, format = 'array', maximum_object_size = ${maxItemBytes})`
    for await (const batch of streamRows(connection, sql, file))
      yield batch.map(({ json }) => ({ value: typeof json === 'string' ? parsed(json) : null }))
  } finally {
    close()
  }
}

// Null also for what is not JSON: the engine accepts a little more than the standard.
const parsed = (json: string): unknown => {
  try {
    return exactJson(json)
  } catch {
    return null
  }
}

async function* mapOf(file: string): AsyncGenerator<Item[]> {
  const { size } = await stat(file)
  const refuse = (message: string, nextStep: string) => new HoneError({ type: 'InvalidSource', message, nextStep })
  if (size > maxMapBytes)
    throw refuse(`${file} is one JSON map of ${size} bytes`, 'write it as JSONL, one object a line: that is streamed')
  let json: unknown
  try {
    json = exactJson(await readFile(file, 'utf8'))
  } catch (error) {
    throw unreadable(file, error)
  }
  const items = isMap(json) ? Object.entries(json) : []
  if (items.length === 0 || !items.every(([, value]) => isMap(value)))
    throw refuse(
      `${file} holds one JSON object that is no map of rows`,
      'give a list of objects, a map of objects, or JSONL with one object a line (--format jsonl)',
    )
  for (let from = 0; from < items.length; from += 512)
    yield items.slice(from, from + 512).map(([key, value]) => ({ key, value }))
}

/** The first character of a file that is no white space. */
async function firstMark(file: string): Promise<string> {
  const input = createReadStream(file, { encoding: 'utf8', highWaterMark: 4096 })
  try {
    for await (const piece of input) {
      const text = String(piece)
        .replace(/^\uFEFF/, '')
        .trimStart()
      if (text !== '') return text[0] ?? ''
    }
    return ''
  } finally {
    input.destroy()
  }
}
