import { z } from 'zod'
import { checkOf, checkOfLine, saidOf, writtenCheck } from '../../domain/answer-check.ts'
import { verdicts } from '../../domain/rows.ts'
import type { Row } from '../../domain/rows.ts'

/**
 * A row in a file, as `hone step` reads and writes it and `hone export --to jsonl` writes it. One
 * JSON object a line.
 */
export const rowLine = z.object({
  id: z.union([z.string().min(1), z.number()]).transform(String),
  /** The source row at the root; the row's own id when absent. */
  origin: z.string().min(1).optional(),
  /**
   * Paths, relative to the file's folder or absolute; empty for a row of text. Never absent: a
   * question whose pictures stand under a wrong name would be asked, and paid for, without them.
   */
  images: z.array(z.string().min(1)),
  question: z.string().default(''),
  answer: z.union([z.string(), z.number(), z.boolean()]).transform(String).nullish(),
  ...writtenCheck,
  description: z.string().nullish(),
  trace: z.string().nullish(),
  verdict: z
    .object({
      verdict: z.enum(verdicts),
      reason: z.string(),
      extracted: z.string().nullish(),
      verifierVersion: z.string(),
    })
    .nullish(),
  metadata: z.record(z.string(), z.unknown()).default({}),
})
export type RowLine = z.infer<typeof rowLine>

const rowFields = Object.keys(rowLine.shape)
/** Fields that steps and exports write beside those of a row. Readers of rows pass over them. */
const besideFields = ['status', 'reason', 'detail', 'parent', 'requests', 'line', 'given']
const knownFields = new Set([...rowFields, ...besideFields])

/** Whether a field is one that Hone writes in a line. */
export const isLineField = (name: string): boolean => knownFields.has(name)

/**
 * Reads the value of a line. `hone step` and `hone import` both come here. A field that nobody
 * knows is a problem, as in the lines of a recipe's `path:`: it may be a misspelt one, and would be
 * lost.
 */
export function readRow(value: unknown): { row: RowLine } | { problem: string } {
  const { data, error } = rowLine.safeParse(value)
  if (!data) return { problem: error.issues.map((issue) => problemText(issue)).join('; ') }
  const unknown = Object.keys(Object(value)).filter((name) => !knownFields.has(name))
  if (unknown.length === 0) return { row: data }
  const named = unknown.map((name) => JSON.stringify(name)).join(', ')
  return { problem: `unknown ${named} (known: ${rowFields.join(', ')}; anything else belongs in metadata)` }
}

/**
 * A problem of a field in words, e.g. `precision: Invalid input: expected int, received number`.
 */
export const problemText = ({ path, message }: z.core.$ZodIssue, hint = ''): string =>
  `${path.length === 0 ? 'line' : path.join('.')}: ${message}${hint}`

/** The row of a line; `hashes` are those of its pictures, in order. */
export function rowOfLine(line: RowLine, hashes: readonly string[]): Row {
  const { id, origin, question, metadata, verdict } = line
  return {
    id,
    parentId: null,
    originId: origin ?? id,
    images: hashes,
    question,
    answer: line.answer ?? null,
    ...checkOfLine(line),
    description: line.description ?? null,
    trace: line.trace ?? null,
    verdict: verdict ? { ...verdict, extracted: verdict.extracted ?? null } : null,
    metadata,
  }
}

/**
 * The line of a row: fields that the row does not have are left out. `paths` lead to its pictures.
 */
export function lineOfRow(row: Row, paths: readonly string[]) {
  const { id, originId, question, answer, description, trace, verdict, metadata } = row
  return {
    id,
    ...(originId !== id && { origin: originId }),
    images: paths,
    question,
    ...saidOf({ answer }),
    ...saidOf(checkOf(row)),
    ...saidOf({ description, trace, verdict }),
    metadata,
  }
}
