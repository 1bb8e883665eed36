import { bigint, index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { campaigns } from './campaigns.ts'
import { createdAt, moment, oneOf } from './columns.ts'
import { steps } from './steps.ts'

/** What a campaign uses an imported source for: rows to learn from, or items of a benchmark. */
export const sourceRoles = ['source', 'benchmark'] as const
export type SourceRole = (typeof sourceRoles)[number]

/**
 * An ordered set of rows: the output of a step, or an imported source. A sealed dataset never
 * changes again.
 */
export const datasets = pgTable('datasets', {
  /** `<campaign>/<round>/<step>`, or `source/<first 16 of the source's hash>`. */
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  /** The step that writes it; null for a source. A step writes one dataset. */
  stepId: bigint('step_id', { mode: 'number' })
    .unique()
    .references(() => steps.id),
  sourcePath: text('source_path'),
  sourceHash: text('source_hash'),
  sealedAt: moment('sealed_at'),
  /**
   * SHA-256 over the contents of the kept rows in order. Ids are left out, so equal data has equal
   * hashes everywhere.
   */
  contentHash: text('content_hash'),
  /** Kept rows; null until the dataset is sealed. */
  rowCount: integer('row_count'),
  createdAt: createdAt(),
})

/** Names that `hone import` gave to sources: recipes say `import:NAME`. */
export const imports = pgTable('imports', {
  name: text('name').primaryKey(),
  datasetId: text('dataset_id')
    .notNull()
    .references(() => datasets.id),
  /** Format, field mapping and options, as they were used. */
  mapping: jsonb('mapping').notNull(),
  createdAt: createdAt(),
})

/** The datasets that a step reads, in the order of its `from`. */
export const stepInputs = pgTable(
  'step_inputs',
  {
    stepId: bigint('step_id', { mode: 'number' })
      .notNull()
      .references(() => steps.id),
    ordinal: integer('ordinal').notNull(),
    datasetId: text('dataset_id')
      .notNull()
      .references(() => datasets.id),
  },
  (table) => [primaryKey({ columns: [table.stepId, table.ordinal] }), index('step_inputs_dataset').on(table.datasetId)],
)

/**
 * The datasets that a step weighs as a whole. A table of its own: inputs are cut into shards and
 * counted, these are not.
 */
export const stepEvidence = pgTable(
  'step_evidence',
  {
    stepId: bigint('step_id', { mode: 'number' })
      .notNull()
      .references(() => steps.id),
    datasetId: text('dataset_id')
      .notNull()
      .references(() => datasets.id),
  },
  (table) => [primaryKey({ columns: [table.stepId, table.datasetId] })],
)

/**
 * Names that a campaign's recipe gives to imported sources. Campaigns with the same pictures share
 * the rows.
 */
export const campaignSources = pgTable(
  'campaign_sources',
  {
    campaignId: text('campaign_id')
      .notNull()
      .references(() => campaigns.id),
    role: text('role', { enum: sourceRoles }).notNull(),
    name: text('name').notNull(),
    datasetId: text('dataset_id')
      .notNull()
      .references(() => datasets.id),
  },
  (table) => [
    primaryKey({ columns: [table.campaignId, table.role, table.name] }),
    oneOf('campaign_sources_role', table.role, sourceRoles),
  ],
)
