import { readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { z } from 'zod'
import { answerPolicy } from '../../domain/answer-check.ts'
import { HoneError } from '../../domain/errors.ts'
import { sourceLine } from '../../domain/rows.ts'
import { problemText } from '../rows/row-line.ts'
import { isArchiveName } from './archive.ts'
import { formatOf } from './detect.ts'
import { readLineRecords } from './read-jsonl.ts'
import type { LineRecord } from './read-jsonl.ts'
import type { RecordReader } from './record.ts'

/**
 * The file of a recipe's `path:`, which holds Hone's own lines: the path itself, or the only
 * `*.jsonl` of a folder. Throws InvalidSource when there is no such file, and for other formats
 * with the command that imports them: how their columns are meant is guessed there, in the user's
 * sight, and never here.
 */
export async function findOwnLines(path: string): Promise<string> {
  const place = resolve(path)
  const found = await stat(place).catch(() => null)
  if (!found)
    throw refusal(`there is no ${place}`, 'check the path of this source in the recipe; it counts from the recipe')
  if (found.isFile()) {
    const format = isArchiveName(place) ? 'an archive' : formatOf(place)
    if (format === null || format === 'jsonl' || format === 'json') return place
    throw refusal(`${place} is ${format}, and "path:" reads Hone's own lines (JSONL) alone`, importIt(place))
  }
  const candidates = (await readdir(place)).filter((name) => name.endsWith('.jsonl')).sort()
  const [only] = candidates
  if (only !== undefined && candidates.length === 1) return join(place, only)
  if (only === undefined)
    throw refusal(
      `${place} has no *.jsonl file`,
      `put one there with a line {"id", "images", "question", "answer"} for each question. For other formats: ${importIt(place)}`,
    )
  throw refusal(
    `${place} has ${candidates.length} *.jsonl files (${candidates.slice(0, 5).join(', ')})`,
    `name one of them in the recipe, e.g. ${basename(place)}/${only}`,
  )
}

const refusal = (message: string, nextStep: string): HoneError =>
  new HoneError({ type: 'InvalidSource', message, nextStep })

/** The way that data of any other format takes into a recipe. */
export const importIt = (path: string): string =>
  `import it with \`hone import ${path} --as NAME\`, and write path: import:NAME in the recipe`

/**
 * Reads a file of Hone's own lines (domain/rows.ts `sourceLine`). A line that is not exactly that
 * is a bad record which names every problem: a misspelt field must not end in the metadata.
 */
export const readOwnLines = (file: string): RecordReader<LineRecord> => ({
  total: null,
  async *read() {
    for await (const batch of readLineRecords([file])) yield batch.map(strictly)
  },
})

function strictly(record: LineRecord): LineRecord {
  if (!('fields' in record)) return record
  const { line, text, fields } = record
  const parsed = sourceLine.safeParse(fields)
  if (parsed.success) return record
  const detail = parsed.error.issues.map(withKnown).join('; ').slice(0, 500)
  return { line, text, reason: 'bad-line', detail, id: idOf(fields['id']) }
}

/** `policy: Unrecognized key: "unit" (known: percent, ratio, …)` */
function withKnown(issue: z.core.$ZodIssue): string {
  const shape = issue.path.join('.') === 'policy' ? answerPolicy : sourceLine
  const known = Object.keys(shape.shape).join(', ')
  return problemText(issue, issue.code === 'unrecognized_keys' ? ` (known: ${known})` : '')
}

const idOf = (id: unknown): string | null => (typeof id === 'string' || typeof id === 'number' ? String(id) : null)
