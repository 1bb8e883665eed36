import { sql } from 'drizzle-orm'
import { check, doublePrecision, index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { answerKinds } from '../../domain/answer-check.ts'
import type { Check, CheckField } from '../../domain/answer-check.ts'
import { verdicts as verdictWords } from '../../domain/rows.ts'
import { createdAt, oneOf } from './columns.ts'
import { datasets } from './datasets.ts'
import { requests } from './requests.ts'

/** What became of a row in the step that wrote it. */
export const rowStatuses = ['kept', 'dropped', 'failed'] as const
export type RowStatus = (typeof rowStatuses)[number]

/** How a row's answer is checked. The hash of a dataset (db/datasets.ts) covers these columns. */
const checkColumns = {
  kind: text('kind', { enum: answerKinds }).notNull(),
  choices: jsonb('choices').$type<Check['choices']>(),
  precision: integer('precision'),
  policy: jsonb('policy').$type<Check['policy']>(),
} satisfies Record<CheckField, unknown>

/** One item of one dataset, with full values: reading a row never walks its ancestors. */
export const rows = pgTable(
  'rows',
  {
    /**
     * 22 characters of a SHA-256 over dataset, parent and output index (db/row-ids.ts): a retry
     * writes the same id.
     */
    id: text('id').primaryKey(),
    datasetId: text('dataset_id')
      .notNull()
      .references(() => datasets.id),
    parentRowId: text('parent_row_id').references((): AnyPgColumn => rows.id),
    /** The source row at the root. A source row is its own origin. */
    originRowId: text('origin_row_id').notNull(),
    /**
     * The origin where it is another row: the foreign key looks this column up. A check of a row
     * against itself always passes, and with its lock it took a quarter of an import's time in the
     * database.
     */
    otherOriginRowId: text('other_origin_row_id')
      .generatedAlwaysAs(sql`nullif(origin_row_id, id)`)
      .references((): AnyPgColumn => rows.id),
    outIndex: integer('out_index').notNull().default(0),
    /**
     * Place among the kept rows: 0, 1, 2, …; null for all other rows, and before the dataset is
     * sealed.
     */
    position: integer('position'),
    status: text('status', { enum: rowStatuses }).notNull(),
    reason: text('reason'),
    detail: text('detail'),
    /** The id that the source's file gave this item. */
    sourceId: text('source_id'),
    question: text('question').notNull(),
    answer: text('answer'),
    ...checkColumns,
    description: text('description'),
    trace: text('trace'),
    metadata: jsonb('metadata').notNull().default({}),
    createdAt: createdAt(),
  },
  (table) => [
    oneOf('rows_status', table.status, rowStatuses),
    oneOf('rows_kind', table.kind, answerKinds),
    check('rows_reason', sql`(${table.status} = 'kept') = (${table.reason} is null)`),
    index('rows_position')
      .on(table.datasetId, table.position)
      .where(sql`${table.status} = 'kept'`),
    index('rows_in_dataset').on(table.datasetId, table.id),
    index('rows_status_in_dataset').on(table.datasetId, table.status, table.reason),
    // Source rows have no parent and are found as their own origin: a million source rows add
    // nothing to these two indexes.
    index('rows_parent_in_dataset')
      .on(table.datasetId, table.parentRowId)
      .where(sql`${table.parentRowId} is not null`),
    index('rows_origin_in_dataset')
      .on(table.datasetId, table.originRowId)
      .where(sql`${table.parentRowId} is not null`),
  ],
)

/** A picture in the artifact store, named by its SHA-256. */
export const images = pgTable('images', {
  hash: text('hash').primaryKey(),
  width: integer('width').notNull(),
  height: integer('height').notNull(),
  bytes: integer('bytes').notNull(),
  mediaType: text('media_type').notNull(),
  /**
   * Fingerprint (domain/rows.ts). A picture that was stored before fingerprints existed has null
   * until a step needs its fingerprint.
   */
  phash: text('phash'),
  dhash: text('dhash'),
  pixels: text('pixels'),
  spread: doublePrecision('spread'),
})

/** Pictures of source rows. Every other row has the pictures of its origin. */
export const rowImages = pgTable(
  'row_images',
  {
    rowId: text('row_id')
      .notNull()
      .references(() => rows.id),
    ordinal: integer('ordinal').notNull(),
    imageHash: text('image_hash')
      .notNull()
      .references(() => images.hash),
  },
  (table) => [primaryKey({ columns: [table.rowId, table.ordinal] })],
)

/** The replies that a row was made from, in order of use. */
export const rowRequests = pgTable(
  'row_requests',
  {
    rowId: text('row_id')
      .notNull()
      .references(() => rows.id),
    ordinal: integer('ordinal').notNull(),
    requestKey: text('request_key')
      .notNull()
      .references(() => requests.key),
  },
  (table) => [primaryKey({ columns: [table.rowId, table.ordinal] })],
)

/** What the verifier says of a row's answer. */
export const verdicts = pgTable(
  'verdicts',
  {
    rowId: text('row_id')
      .primaryKey()
      .references(() => rows.id),
    verdict: text('verdict', { enum: verdictWords }).notNull(),
    reason: text('reason').notNull(),
    extracted: text('extracted'),
    verifierVersion: text('verifier_version').notNull(),
  },
  (table) => [oneOf('verdicts_verdict', table.verdict, verdictWords)],
)
