import { stat } from 'node:fs/promises'
import { HoneError } from '../../domain/errors.ts'
import { openJson } from './json-shape.ts'
import type { JsonRows } from './json-rows.ts'
import { longestItem } from './json-scanner.ts'
import type { JsonScanner } from './json-scanner.ts'
import { jsonOfBytes } from './json-value.ts'
import { isMap } from './record.ts'
import type { Fields } from './record.ts'

/** An item of a JSON file as a row, or why it is none. */
export type JsonItem = { fields: Fields } | { problem: string }

/** Bytes of a file whose columns are turned into rows in memory. */
const largestTable = 256 * 1024 * 1024

/** The items of a JSON file, whose rows lie as stated. Throws Error where the file is not JSON. */
export async function* jsonItems(file: string, rows: JsonRows, signal?: AbortSignal): AsyncGenerator<JsonItem> {
  const scanner = openJson(file, signal)
  try {
    if (rows.as === 'list') for await (const text of scanner.items()) yield itemOf(text)
    else if (rows.as === 'columns') yield* tableRows(await wholeTable(file, scanner), rows.of)
    else
      for await (const name of scanner.names()) {
        if (rows.as === 'map') yield named(name, itemOf(await scanner.value(true)))
        else if (name !== rows.name) await scanner.value(false)
        else for await (const text of scanner.items()) yield itemOf(text)
      }
    await scanner.end()
  } finally {
    await scanner.close()
  }
}

function itemOf(text: string | null): JsonItem {
  if (text === null) return { problem: `it has more than ${longestItem} bytes` }
  const json = jsonOfBytes(text)
  if ('problem' in json) return json
  return isMap(json.value) ? { fields: json.value } : { problem: 'it is no JSON object' }
}

const named = (key: string, item: JsonItem): JsonItem =>
  'fields' in item ? { fields: { key, ...item.fields } } : { problem: `"${key.slice(0, 100)}": ${item.problem}` }

async function wholeTable(file: string, scanner: JsonScanner): Promise<Fields> {
  const { size } = await stat(file)
  if (size > largestTable)
    throw new HoneError({
      type: 'InvalidSource',
      message: `${file} holds columns in ${size} bytes; at most ${largestTable} are turned into rows`,
      nextStep: `write it as rows: python3 -c "import pandas; pandas.read_json('IN.json').to_json('OUT.jsonl', orient='records', lines=True)"`,
    })
  const columns: Record<string, unknown> = {}
  for await (const name of scanner.names()) {
    const text = await scanner.value(true)
    const json = text === null ? { problem: `more than ${longestItem} bytes` } : jsonOfBytes(text)
    if ('problem' in json) throw new Error(`the column "${name}" cannot be read: ${json.problem}`)
    columns[name] = json.value
  }
  return columns
}

function* tableRows(table: Fields, of: 'maps' | 'lists' | 'split'): Generator<JsonItem> {
  if (of === 'split') {
    const names = Array.isArray(table['columns']) ? table['columns'].map(String) : []
    const data: unknown[] = Array.isArray(table['data']) ? table['data'] : []
    for (const cells of data)
      yield Array.isArray(cells) && cells.length === names.length
        ? { fields: Object.fromEntries(names.map((name, at) => [name, cells[at]])) }
        : { problem: `it has other cells than the ${names.length} columns` }
    return
  }
  const columns = Object.entries(table).map(([name, cells]) => ({ name, cells: Object(cells) }))
  for (const key of Object.keys(columns[0]?.cells ?? {})) {
    const row: Record<string, unknown> = {}
    for (const { name, cells } of columns) row[name] = Reflect.get(cells, key)
    yield { fields: row }
  }
}
