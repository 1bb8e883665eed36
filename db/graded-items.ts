import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { rowSchema, verdicts } from '../domain/rows.ts'
import type { Row } from '../domain/rows.ts'
import type { Database } from './database.ts'
import { rowColumns, verdictOf } from './rows.ts'
import { only, rowsOf } from './sql.ts'

const gradedRow = rowSchema.extend({ requestKey: z.string().nullable() })

/** Items that are in memory at one time. */
const pageItems = 500

/**
 * The items of a score by id, each with the content key of its stored reply: null where the model
 * gave no reply.
 */
export async function* streamGradedRows(
  db: Database,
  scoreId: number,
): AsyncGenerator<{ item: Row; requestKey: string | null }> {
  let last = ''
  for (;;) {
    const page = await rowsOf(
      db,
      gradedRow,
      sql`
        select ${rowColumns}, i.request_key as "requestKey"
        from score_items i join rows r on r.id = i.item_id left join ${verdictOf} on true
        where i.score_id = ${scoreId} and i.item_id > ${last} order by i.item_id limit ${pageItems}`,
    )
    for (const { requestKey, ...item } of page) {
      yield { item, requestKey }
      last = item.id
    }
    if (page.length < pageItems) return
  }
}

const grade = z.object({
  correct: z.boolean(),
  verdict: z.enum(verdicts),
  reason: z.string(),
  extracted: z.string().nullable(),
})

const changedItem = z.object({
  /** Row of the benchmark's dataset. */
  item: z.string(),
  question: z.string().nullable(),
  answer: z.string().nullable(),
  before: grade,
  after: grade,
})
/** An item of two scores of the same replies whose verdict changed. */
export type ChangedItem = z.infer<typeof changedItem>

/** Items whose verdict differs between two scores of the same replies, by id. */
export const changedItems = (db: Database, before: number, after: number): Promise<ChangedItem[]> =>
  rowsOf(
    db,
    changedItem,
    sql`
      select x.item_id as item, r.question, r.answer,
        jsonb_build_object('correct', x.correct, 'verdict', x.verdict, 'reason', x.reason,
          'extracted', x.extracted) as before,
        jsonb_build_object('correct', y.correct, 'verdict', y.verdict, 'reason', y.reason,
          'extracted', y.extracted) as after
      from score_items x join score_items y on y.item_id = x.item_id and y.score_id = ${after}
      join rows r on r.id = x.item_id
      where x.score_id = ${before} and (x.correct <> y.correct or x.verdict <> y.verdict)
      order by x.item_id`,
  )

/** Number of items of a score that the model gave no reply to. */
export async function itemsWithoutReply(db: Database, scoreId: number): Promise<number> {
  const counted = await rowsOf(
    db,
    z.object({ items: z.number() }),
    sql`select count(*)::int as items from score_items where score_id = ${scoreId} and request_key is null`,
  )
  return only(counted).items
}
