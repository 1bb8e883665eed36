import { z } from 'zod'

/** A batch as the provider sees it. */
export interface ProviderBatch {
  id: string
  /** In small letters: `validating`, `in_progress`, `finalizing`, `completed`, `failed`, … */
  status: string
  total: number
  done: number
  failed: number
  inputFileId: string | null
  /** Files of lines: whole answers, and requests without an answer. */
  outputFileId: string | null
  errorFileId: string | null
  createdAt: Date | null
  expiresAt: Date | null
  /** The id that this side gave it. */
  mark: string | null
  /** Why it failed as a whole. */
  error: { code: string; words: string } | null
}

/** Name of this side's id in a batch's metadata. */
export const markName = 'hone_batch'

// OpenAI has seconds since 1970, Together has texts.
const moment = z
  .union([z.number().transform((seconds) => new Date(seconds * 1000)), z.string().transform((text) => new Date(text))])
  .nullish()
  .catch(null)
  .transform((date) => (date && !Number.isNaN(date.getTime()) && date.getTime() > 0 ? date : null))
const name = z
  .string()
  .nullish()
  .transform((text) => text || null)
const count = z.number().catch(0)
const problem = z.looseObject({ code: z.string().nullish(), message: z.string().nullish(), line: z.number().nullish() })

const batch = z.object({
  id: z.string().min(1),
  status: z.string().transform((text) => text.toLowerCase()),
  request_counts: z.object({ total: count, completed: count, failed: count }).partial().nullish().catch(null),
  input_file_id: name,
  output_file_id: name,
  error_file_id: name,
  created_at: moment,
  expires_at: moment,
  metadata: z.record(z.string(), z.unknown()).nullish().catch(null),
  errors: z
    .union([z.object({ data: z.array(problem) }).transform(({ data }) => data), z.string().transform(textProblem)])
    .nullish()
    .catch(null),
  error: z.string().nullish().catch(null),
})

function textProblem(message: string): z.infer<typeof problem>[] {
  return [{ message }]
}

/** Reads the provider's batch; null for an answer that is none. */
export function readProviderBatch(value: unknown): ProviderBatch | null {
  const read = batch.safeParse(value)
  if (!read.success) return null
  const { id, status, request_counts: counts, metadata, errors, error, ...more } = read.data
  const problems = errors ?? (error ? textProblem(error) : [])
  const mark = metadata?.[markName]
  return {
    id,
    status,
    total: counts?.total ?? 0,
    done: counts?.completed ?? 0,
    failed: counts?.failed ?? 0,
    inputFileId: more.input_file_id,
    outputFileId: more.output_file_id,
    errorFileId: more.error_file_id,
    createdAt: more.created_at,
    expiresAt: more.expires_at,
    mark: typeof mark === 'string' ? mark : null,
    error: problems.length === 0 ? null : { code: problems[0]?.code ?? '', words: wordsOf(problems) },
  }
}

// A file with one mistake in each line has thousands of problems.
const mostProblems = 3

function wordsOf(problems: readonly z.infer<typeof problem>[]): string {
  const said = problems.slice(0, mostProblems).map(({ code, message, line }) => {
    const where = typeof line === 'number' ? `line ${line}: ` : ''
    return `${where}${message ?? code ?? 'no reason given'}`
  })
  const more = problems.length - said.length
  return `${said.join('; ')}${more > 0 ? `; and ${more} more` : ''}`.slice(0, 1000)
}
