import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { RowRef } from '../domain/rows.ts'
import { rowSchema } from '../domain/rows.ts'
import type { Row } from '../domain/rows.ts'
import type { Database } from './database.ts'
import { firstOutputId } from './row-ids.ts'
import { requireSealed, rowColumns, verdictOf } from './rows.ts'
import { rowsOf, textArray } from './sql.ts'

/**
 * All rows of a step's inputs have one numbering, in the order of the inputs. `starts` says where
 * each input begins.
 */
const numbered = (inputDatasetIds: readonly string[]) => sql`
  inputs as (
    select d.id, i.ordinal, (sum(d.row_count) over (order by i.ordinal) - d.row_count)::int as start
    from unnest(${textArray([...new Set(inputDatasetIds)])}) with ordinality as i(id, ordinal)
    join datasets d on d.id = i.id
  )`

/** How many shards the inputs make. Throws InvalidInput when an input is not sealed. */
export async function shardCount(
  db: Database,
  { inputDatasetIds, shardRows }: { inputDatasetIds: readonly string[]; shardRows: number },
): Promise<number> {
  await requireSealed(db, inputDatasetIds)
  const counted = await rowsOf(
    db,
    z.object({ rows: z.number() }),
    sql`select coalesce(sum(row_count), 0)::int as rows from datasets where id = any(${textArray(inputDatasetIds)})`,
  )
  return Math.ceil((counted[0]?.rows ?? 0) / shardRows)
}

/** One shard of a step's inputs. */
export interface ShardQuery {
  inputDatasetIds: readonly string[]
  /** 0, 1, … below {@link shardCount}. */
  shard: number
  shardRows: number
  /**
   * `question`: all rows of one question (one origin) are in the same shard, whatever the order of
   * the inputs.
   */
  per: 'row' | 'question'
  outputDatasetId: string
}

/**
 * Rows of a shard that have no output yet, in order. A retry gets the rows that the attempt before
 * left undone. With `question` a shard holds the questions whose first row lies in it, each with
 * all its rows next to each other. A question is returned whole as long as one of its rows has no
 * output.
 */
export async function shardInputs(db: Database, query: ShardQuery): Promise<Row[]> {
  await requireSealed(db, query.inputDatasetIds)
  return rowsOf(db, rowSchema, query.per === 'row' ? rowShard(query) : questionShard(query))
}

/**
 * Whether a row has an output: a finished row has an output at place 0. Each row is looked up by
 * id, because with old statistics of a growing dataset the planner would read all of it.
 */
const hasOutput = (outputDatasetId: string) => sql`(
  select true from rows o where o.id = ${firstOutputId(outputDatasetId, sql`r.id`)} limit 1
) is not null`

/** Rows of the inputs `i` from place `from` to below `to`. */
const placedIn = (from: number, to: number) => sql`
  select r.* from rows r
  where r.dataset_id = i.id and r.status = 'kept' and r.position >= ${from} - i.start and r.position < ${to} - i.start
  offset 0`

function rowShard(query: ShardQuery) {
  const [from, to] = [query.shard * query.shardRows, (query.shard + 1) * query.shardRows]
  return sql`
    with ${numbered(query.inputDatasetIds)}
    select ${rowColumns}
    from inputs i
    cross join lateral (${placedIn(from, to)}) r
    left join ${verdictOf} on true
    where not (${hasOutput(query.outputDatasetId)})
    order by i.start + r.position`
}

/**
 * A source row is its own origin; another row is found by its origin. Each case is an index scan of
 * its own. Every join here looks up row by row: a shard is small, and its tables are large.
 */
function questionShard(query: ShardQuery) {
  const [from, to] = [query.shard * query.shardRows, (query.shard + 1) * query.shardRows]
  return sql`
    with ${numbered(query.inputDatasetIds)},
    seen as materialized (
      select distinct r.origin_row_id as origin from inputs i cross join lateral (${placedIn(from, to)}) r
    ),
    members as (
      select r.id, s.origin, i.start + r.position as place,
        min(i.start + r.position) over (partition by s.origin) as first_place,
        bool_and(${hasOutput(query.outputDatasetId)}) over (partition by s.origin) as done
      from seen s cross join inputs i cross join lateral (
        (
          select r.id, r.position from (select * from rows r where r.id = s.origin offset 0) r
          where r.dataset_id = i.id and r.status = 'kept'
          union all
          select r.id, r.position from rows r
          where r.dataset_id = i.id and r.origin_row_id = s.origin and r.parent_row_id is not null and r.status = 'kept'
        ) offset 0
      ) r
    )
    select ${rowColumns}
    from members m
    cross join lateral (select * from rows r where r.id = m.id offset 0) r
    left join ${verdictOf} on true
    where m.first_place >= ${from} and not m.done
    order by m.first_place, m.place`
}

const rowRef = z.object({ id: z.string(), originId: z.string(), input: z.number(), group: z.string().nullable() })

/**
 * Every kept row of the inputs in order, with only the fields that a step over whole datasets
 * needs. `by` names the field of the metadata that groups the rows.
 */
export async function datasetRefs(
  db: Database,
  inputDatasetIds: readonly string[],
  by: string | null = null,
): Promise<RowRef[]> {
  await requireSealed(db, inputDatasetIds)
  return rowsOf(
    db,
    rowRef,
    sql`
      with ${numbered(inputDatasetIds)}
      select r.id, r.origin_row_id as "originId", (i.ordinal - 1)::int as input,
        r.metadata ->> ${by}::text as "group"
      from inputs i join rows r on r.dataset_id = i.id and r.status = 'kept'
      order by i.start + r.position`,
  )
}
