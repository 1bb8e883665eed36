import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import { rowSchema } from '../domain/rows.ts'
import type { Row } from '../domain/rows.ts'
import type { Database } from './database.ts'
import { getDataset } from './datasets.ts'
import { valuesOf } from './row-values.ts'
import { rowStatuses } from './schema/rows.ts'
import type { RowStatus } from './schema/rows.ts'
import { rowsOf } from './sql.ts'

/**
 * Join it to `rows r` with `left join … on true`. The verdict is looked up for each row: with a
 * join by id the planner merges each page of rows with all verdicts that exist.
 */
export const verdictOf = sql`lateral (select * from verdicts v where v.row_id = r.id offset 0) v`

/**
 * Columns of a {@link Row} over `rows r left join` {@link verdictOf}. The images are those of the
 * origin.
 */
export const rowColumns = sql`
  r.id, r.parent_row_id as "parentId", r.origin_row_id as "originId",
  array(select ri.image_hash from row_images ri where ri.row_id = r.origin_row_id order by ri.ordinal) as images,
  ${valuesOf('r')},
  case when v.row_id is not null then jsonb_build_object(
    'verdict', v.verdict, 'reason', v.reason, 'extracted', v.extracted, 'verifierVersion', v.verifier_version
  ) end as verdict`

const keptRow = rowSchema.extend({ position: z.number() })

/**
 * The kept rows of a sealed dataset in order, from position `from` to below `to` (default all). One
 * page of `batch` rows (default 500) is in memory at a time. Throws InvalidInput when the dataset
 * is not sealed: its order is not known yet.
 */
export async function* streamRows(
  db: Database,
  datasetId: string,
  { batch = 500, from = 0, to = 2 ** 31 - 1 }: { batch?: number; from?: number; to?: number } = {},
): AsyncGenerator<Row> {
  await requireSealed(db, [datasetId])
  let last = from - 1
  for (;;) {
    const page = await rowsOf(
      db,
      keptRow,
      sql`
        select ${rowColumns}, r.position from rows r left join ${verdictOf} on true
        where r.dataset_id = ${datasetId} and r.status = 'kept' and r.position > ${last} and r.position < ${to}
        order by r.position limit ${batch}`,
    )
    for (const { position, ...row } of page) {
      yield row
      last = position
    }
    if (page.length < batch) return
  }
}

const judgedRow = rowSchema.extend({ status: z.enum(rowStatuses), reason: z.string().nullable() })

/**
 * All rows of sealed datasets by dataset and id, dropped and failed rows too. One page of 500 rows
 * is in memory at a time.
 */
export async function* streamEvidence(
  db: Database,
  datasets: readonly { name: string; datasetId: string }[],
): AsyncGenerator<Row & { from: string; status: RowStatus; reason: string | null }> {
  await requireSealed(
    db,
    datasets.map(({ datasetId }) => datasetId),
  )
  const batch = 500
  for (const { name: from, datasetId } of datasets) {
    let last = ''
    for (;;) {
      const page = await rowsOf(
        db,
        judgedRow,
        sql`
          select ${rowColumns}, r.status, r.reason from rows r left join ${verdictOf} on true
          where r.dataset_id = ${datasetId} and r.id > ${last} order by r.id limit ${batch}`,
      )
      for (const row of page) {
        yield { ...row, from }
        last = row.id
      }
      if (page.length < batch) break
    }
  }
}

/** Throws InvalidInput unless all of these datasets are sealed. */
export async function requireSealed(db: Database, datasetIds: readonly string[]): Promise<void> {
  for (const id of datasetIds) {
    const dataset = await getDataset(db, id)
    if (dataset.sealedAt) continue
    throw new HoneError({
      type: 'InvalidInput',
      message: `dataset "${id}" is not complete yet`,
      nextStep: 'wait until the step that writes it is done',
    })
  }
}

/** A row with what became of it. */
export interface SampledRow extends Row {
  status: RowStatus
  reason: string | null
  detail: string | null
}

const sampledRow = rowSchema.extend({
  status: z.enum(rowStatuses),
  reason: z.string().nullable(),
  detail: z.string().nullable(),
})

/**
 * `n` rows of a dataset for people to look at. The choice is always the same: rows are sorted by
 * id, and ids are hashes.
 */
export async function sampleRows(
  db: Database,
  datasetId: string,
  n: number,
  status?: RowStatus,
): Promise<SampledRow[]> {
  const ofStatus = status === undefined ? sql`` : sql`and r.status = ${status}`
  return rowsOf(
    db,
    sampledRow,
    sql`
      select ${rowColumns}, r.status, r.reason, r.detail from rows r left join ${verdictOf} on true
      where r.dataset_id = ${datasetId} ${ofStatus} order by r.id limit ${n}`,
  )
}

/**
 * The row with this id, or with the only id that begins like this; null when no row, or more than
 * one row, matches.
 */
export async function findRow(db: Database, idOrPrefix: string): Promise<SampledRow | null> {
  const found = await rowsOf(
    db,
    sampledRow,
    sql`
      select ${rowColumns}, r.status, r.reason, r.detail from rows r left join ${verdictOf} on true
      where starts_with(r.id, ${idOrPrefix}) order by r.id limit 2`,
  )
  const [row, second] = found
  return row && (!second || row.id === idOrPrefix) ? row : null
}
