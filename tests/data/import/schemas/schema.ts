import { join } from 'node:path'
import { blob, folderOf, jsonl, parquet, picture } from '../files.ts'

/** A public data set in small: files of its shape, and the first row that must come out. */
export interface Schema {
  /** As the table in docs/import.md names it. */
  name: string
  /** Name of the file of rows; its ending says the format. `map.json` is a map of rows. */
  file: string
  rows: readonly object[]
  /** Parquet columns of pictures: `{bytes, path}`, a list of these, or a list of bare bytes. */
  pictures?: Readonly<Record<string, 'struct' | 'list' | 'bytes'>>
  /** Files beside the rows; a null is a picture. */
  files?: Readonly<Record<string, string | null>>
  split?: string
  /** The mapping that makes the rows right where the guess must not decide. */
  mapping?: string
  /** What the refusal of the guessed rows says; only with a mapping. */
  refused?: RegExp
  want: readonly Wanted[]
}

/** Fields of a row that are compared. Fields that are absent here are not compared. */
export interface Wanted {
  id?: string
  question: string
  answer: string | null
  pictures: number
  choices?: readonly string[] | null
  kind?: string
  trace?: string | null
  description?: string | null
}

const image = await picture()

/** Writes the files of a schema. Returns the folder and the path to import. */
export async function writeSchema({
  file,
  rows,
  pictures = {},
  files = {},
}: Schema): Promise<{ folder: string; source: string }> {
  const beside = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text ?? image]))
  const folder = await folderOf({ ...beside, ...(file.endsWith('.parquet') ? {} : { [file]: textOf(file, rows) }) })
  const path = join(folder, file)
  if (file.endsWith('.parquet')) {
    const one = { struct: `{'bytes': ${blob(image)}, 'path': 'a.png'}`, bytes: `[${blob(image)}]` }
    const columns = Object.entries(pictures).map(
      ([name, form]) => `${form === 'list' ? `[${one.struct}]` : one[form]} as "${name}"`,
    )
    const lines = join(await folderOf({ 'rows.jsonl': jsonl(rows) }), 'rows.jsonl')
    const read = `read_json('${lines}', format = 'newline_delimited', maximum_depth = -1, map_inference_threshold = -1, dateformat = 'x', timestampformat = 'x')`
    await parquet(path, `select *${columns.map((column) => `, ${column}`).join('')} from ${read}`)
  }
  return { folder, source: path }
}

function textOf(file: string, rows: readonly object[]): string {
  if (file.endsWith('.jsonl')) return jsonl(rows)
  if (file.endsWith('.json')) return JSON.stringify(rows.length === 1 && /map|inside/.test(file) ? rows[0] : rows)
  const separator = file.endsWith('.tsv') ? '\t' : ','
  const names = Object.keys(rows[0] ?? {})
  const cells = rows.map((row) => names.map((name) => String(Reflect.get(row, name) ?? '')).join(separator))
  return [names.join(separator), ...cells, ''].join('\n')
}

/** A picture as base64. */
export const base64 = image.toString('base64')

/** Turns of a talk: a question, a reply, a question, … */
export const turns = (texts: readonly string[], form: 'from' | 'role' = 'from', reply = 'gpt') =>
  texts.map((text, index) =>
    form === 'from'
      ? { from: index % 2 === 0 ? 'human' : reply, value: text }
      : { role: index % 2 === 0 ? 'user' : 'assistant', content: text },
  )
