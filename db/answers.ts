import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from './database.ts'
import { rowsOf } from './sql.ts'

const answers = z.object({
  endpoint: z.string(),
  /** The model that was asked. */
  model: z.string(),
  /** The model that answered, as the server said it. Null where nothing says it. */
  servedModel: z.string().nullable(),
  /** Replies that the step paid for. */
  replies: z.number(),
  /** Replies whose tokens are estimates. */
  estimated: z.number(),
  /** Replies that cannot be used. */
  unusable: z.number(),
})

/** The replies of one endpoint and one answering model. */
export type Answers = z.infer<typeof answers>

/** Who answered a step, by endpoint, model and the model that answered. */
export async function stepAnswers(db: Database, stepId: number): Promise<Answers[]> {
  return await rowsOf(
    db,
    answers,
    sql`
      select endpoint, model, served_model as "servedModel", count(*)::int as replies,
        count(*) filter (where is_estimated)::int as estimated,
        count(*) filter (where finish_reason = 'unusable')::int as unusable
      from requests where step_id = ${stepId}
      group by endpoint, model, served_model order by endpoint, model, served_model`,
  )
}
