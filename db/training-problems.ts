import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from './database.ts'
import { rowsOf, textArray } from './sql.ts'

/** What trainings cannot take. */
export interface UntrainableParts {
  /** Special tokens of the model. */
  tokens: readonly string[]
  /** Texts that a product takes for a file of the row. */
  fileMarks: readonly string[]
  /** Null for models that take pictures of any shape. */
  maxRatio: number | null
}

const problems = z.object({ reason: z.string(), rows: z.number() })

/**
 * Kept rows of an imported dataset that training would leave out, by the first reason, as
 * trainers/source-problem.ts says it of one row.
 */
export async function trainingProblems(
  db: Database,
  datasetId: string,
  { tokens, fileMarks, maxRatio }: UntrainableParts,
): Promise<Record<string, number>> {
  const holds = (text: SQL, words: readonly string[]) =>
    sql`exists (select from unnest(${textArray(words)}) as word where strpos(${text}, word) > 0)`
  const choices = sql`coalesce(choices::text, '')`
  const asked = sql`question || ${choices}`
  const trace = sql`coalesce(trace, '')`
  const found = await rowsOf(
    db,
    problems,
    sql`
    select reason, count(*)::int as rows from (
      select case
        when not exists (select from row_images ri where ri.row_id = rows.id) then 'no-image'
        when ${holds(choices, ['<image>'])} then 'image-mark-in-question'
        when ${holds(asked, fileMarks)} then 'file-mark-in-question'
        when ${holds(asked, tokens)} then 'special-token-in-question'
        when exists (
          select from row_images ri join images i on i.hash = ri.image_hash
          where ri.row_id = rows.id and greatest(i.width, i.height) > ${maxRatio}::float8 * least(i.width, i.height)
        ) then 'image-too-flat'
        when ${holds(trace, ['<image>'])} then 'image-mark-in-trace'
        when ${holds(trace, fileMarks)} then 'file-mark-in-trace'
        when ${holds(trace, tokens)} then 'special-token-in-trace'
      end as reason
      from rows where dataset_id = ${datasetId} and status = 'kept'
    ) as looked where reason is not null group by 1 order by 2 desc, 1`,
  )
  return Object.fromEntries(found.map(({ reason, rows }) => [reason, rows]))
}
