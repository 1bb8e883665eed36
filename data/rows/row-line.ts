import { z } from 'zod'
import { answerKinds, answerPolicy } from '../../domain/answer-check.ts'
import { verdicts } from '../../domain/rows.ts'
import type { Row } from '../../domain/rows.ts'

/** A row in a file, as `hone step` reads and writes it and `hone export --to jsonl` hands it out. One JSON object a line. */
export const rowLine = z.object({
  id: z.union([z.string().min(1), z.number()]).transform(String),
  /** The source row at the root; the row's own id when absent. */
  origin: z.string().min(1).optional(),
  /**
   * Paths, relative to the file's folder or absolute; empty for a row of text. Never absent: pictures under a wrong name
   * would be asked about unseen, and paid for.
   */
  images: z.array(z.string().min(1)),
  question: z.string().default(''),
  answer: z.union([z.string(), z.number(), z.boolean()]).transform(String).nullish(),
  kind: z.enum(answerKinds).default('auto'),
  choices: z.array(z.string().min(1)).min(2).max(26).nullish(),
  precision: z.int().min(0).max(100).nullish(),
  policy: answerPolicy.nullish(),
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

/** The row of a line; `hashes` are those of its pictures, in order. */
export function rowOfLine(line: RowLine, hashes: readonly string[]): Row {
  const { id, origin, question, kind, metadata, verdict } = line
  return {
    id,
    parentId: null,
    originId: origin ?? id,
    images: hashes,
    question,
    answer: line.answer ?? null,
    kind,
    choices: line.choices ?? null,
    precision: line.precision ?? null,
    policy: line.policy ?? null,
    description: line.description ?? null,
    trace: line.trace ?? null,
    verdict: verdict ? { ...verdict, extracted: verdict.extracted ?? null } : null,
    metadata,
  }
}

/** The line of a row: what it does not have is left out. `paths` are those of its pictures, as the file shall name them. */
export function lineOfRow(row: Row, paths: readonly string[]): z.input<typeof rowLine> {
  const { id, originId, question, answer, kind, choices, precision, policy, description, trace, verdict, metadata } =
    row
  return {
    id,
    ...(originId !== id && { origin: originId }),
    images: [...paths],
    question,
    ...(answer !== null && { answer }),
    kind,
    ...(choices !== null && { choices: [...choices] }),
    ...(precision !== null && { precision }),
    ...(policy !== null && { policy }),
    ...(description !== null && { description }),
    ...(trace !== null && { trace }),
    ...(verdict !== null && { verdict }),
    metadata: { ...metadata },
  }
}
