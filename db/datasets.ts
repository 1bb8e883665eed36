import { and, asc, eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import type { Database } from './database.ts'
import { campaignSources, datasets } from './schema/datasets.ts'
import type { SourceRole } from './schema/datasets.ts'
import { steps } from './schema/steps.ts'
import { only, rowsOf } from './sql.ts'

/** A dataset as it is stored. */
export type DatasetRecord = typeof datasets.$inferSelect

/**
 * Opens the dataset that a step writes, or finds it. Throws InvalidInput when the id belongs to
 * another step.
 */
export async function openDataset(
  db: Database,
  input: { id: string; stepId: number; name: string },
): Promise<DatasetRecord> {
  await db.insert(datasets).values(input).onConflictDoNothing()
  const [found] = await db.select().from(datasets).where(eq(datasets.id, input.id))
  if (found && found.stepId === input.stepId) return found
  throw new HoneError({
    type: 'InvalidInput',
    message: found
      ? `dataset ${input.id} belongs to step ${found.stepId ?? '(a source)'}, not to step ${input.stepId}`
      : `step ${input.stepId} already writes another dataset than ${input.id}`,
    nextStep: 'a step writes one dataset: open it under the same id every time',
  })
}

/** The dataset. Throws InvalidInput when there is no dataset with this id. */
export async function getDataset(db: Database, id: string): Promise<DatasetRecord> {
  const [found] = await db.select().from(datasets).where(eq(datasets.id, id))
  if (found) return found
  throw new HoneError({
    type: 'InvalidInput',
    message: `there is no dataset "${id}"`,
    nextStep: 'see the datasets of a round with: hone show CAMPAIGN ROUND',
  })
}

/** A sealed dataset: kept rows and the SHA-256 over their contents in order. */
export interface SealedDataset {
  rows: number
  contentHash: string
}

/**
 * Ends a dataset: kept rows get dense positions, and the contents get their hash. Rows are ordered
 * by input, then by parent, then by place among the outputs of a parent. Rows that already have a
 * position (sources, selections) keep it. Idempotent. The hash leaves ids out, so equal data has
 * the same hash in another campaign. A row without precision and policy hashes as it did before
 * those fields existed.
 */
export async function sealDataset(db: Database, id: string): Promise<SealedDataset> {
  const { isNew, ...sealed } = await seal(db, id)
  // Without this, the next query is planned by old statistics, and a shard scans its whole dataset.
  if (isNew && sealed.rows >= rowsWorthStatistics)
    await db.execute(sql`analyze rows (id, dataset_id, parent_row_id, origin_row_id, position, status, reason)`)
  return sealed
}

/**
 * Postgres gathers statistics by itself within a minute or two. Until then only a smaller dataset
 * may be read with a bad plan.
 */
const rowsWorthStatistics = 1000

async function seal(db: Database, id: string): Promise<SealedDataset & { isNew: boolean }> {
  return db.transaction(async (tx) => {
    const [found] = await tx.select().from(datasets).where(eq(datasets.id, id)).for('update')
    const dataset = found ?? (await getDataset(tx, id))
    if (dataset.sealedAt && dataset.contentHash !== null && dataset.rowCount !== null)
      return { rows: dataset.rowCount, contentHash: dataset.contentHash, isNew: false }
    if (!(await isInOrder(tx, id))) await giveOrder(tx, dataset)
    const sealed = only(await rowsOf(tx, sealedRow, contentsOf(id)))
    await tx
      .update(datasets)
      .set({ sealedAt: sql`now()`, ...toColumns(sealed) })
      .where(eq(datasets.id, id))
    return { ...sealed, isNew: true }
  })
}

/**
 * Whether every kept row already has its dense position: rows of sources and selections are written
 * with it.
 */
async function isInOrder(tx: Database, id: string): Promise<boolean> {
  const [found] = await rowsOf(
    tx,
    z.object({ isInOrder: z.boolean() }),
    sql`
      select count(*) = count(distinct position) and coalesce(min(position) = 0 and max(position) = count(*) - 1, true)
        as "isInOrder"
      from rows where dataset_id = ${id} and status = 'kept'`,
  )
  return found?.isInOrder === true
}

/**
 * Parents are looked up one by one, and rows are updated in place by `ctid`: the dataset is held,
 * so no row moves. With a join by id the planner reads the whole table three times, and that table
 * grows with every campaign.
 */
async function giveOrder(tx: Database, { id, stepId }: DatasetRecord): Promise<void> {
  await tx.execute(sql`
    select set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
      set_config('random_page_cost', '1.1', true), set_config('work_mem', '64MB', true),
      set_config('hone.sealing', ${id}, true)`)
  await tx.execute(sql`
    with ordered as materialized (
      select r.ctid as place, row_number() over (
        order by r.position nulls last, i.ordinal, p.position, r.out_index, r.id
      )::int - 1 as n
      from rows r
      left join lateral (
        select p.dataset_id, p.position from rows p where p.id = r.parent_row_id offset 0
      ) p on true
      left join (
        select dataset_id, min(ordinal) as ordinal from step_inputs where step_id = ${stepId} group by 1
      ) i on i.dataset_id = p.dataset_id
      where r.dataset_id = ${id} and r.status = 'kept'
    )
    update rows set position = ordered.n from ordered
    where rows.ctid = ordered.place and rows.position is distinct from ordered.n`)
}

const sealedRow = z.object({ rows: z.number(), contentHash: z.string() })
const toColumns = ({ rows, contentHash }: SealedDataset) => ({ rowCount: rows, contentHash })

/**
 * Written out, not derived from the row's fields: stored hashes were made of exactly this text. A
 * field that is added goes into an object of its own, and only for rows that use it.
 */
const contentsOf = (id: string) => sql`
  select count(*)::int as rows,
    encode(sha256(convert_to(coalesce(string_agg(row_hash, '' order by position), ''), 'UTF8')), 'hex') as "contentHash"
  from (
    select r.position, encode(sha256(convert_to((jsonb_build_array(
      r.question, r.answer, r.kind, r.choices, r.description, r.trace, r.metadata,
      to_jsonb(nullif(array(
        select ri.image_hash from row_images ri where ri.row_id = r.origin_row_id order by ri.ordinal
      ), '{}'))
    ) || case when r.precision is null and r.policy is null then '[]'::jsonb
      else jsonb_build_array(jsonb_build_object('precision', r.precision, 'policy', r.policy)) end
    )::text, 'UTF8')), 'hex') as row_hash
    from rows r where r.dataset_id = ${id} and r.status = 'kept'
  ) hashed`

/**
 * The dataset that a recipe's name means in a round: an earlier step's dataset, else a source.
 * Throws InvalidInput when there is neither.
 */
export async function resolveDataset(db: Database, campaign: string, round: number, name: string): Promise<string> {
  const [ofStep] = await db
    .select({ id: datasets.id })
    .from(datasets)
    .innerJoin(steps, eq(steps.id, datasets.stepId))
    .where(and(eq(steps.campaignId, campaign), eq(steps.roundNumber, round), eq(steps.name, name)))
  const id = ofStep?.id ?? (await findSource(db, campaign, 'source', name))
  if (id) return id
  throw new HoneError({
    type: 'InvalidInput',
    message: `"${name}" is neither a dataset of round ${round} of ${campaign} nor one of its sources`,
    nextStep: `see what there is with: hone show ${campaign} ${round}`,
  })
}

/** The dataset of a benchmark by its name in the recipe. Throws InvalidInput. */
export async function resolveBenchmark(db: Database, campaign: string, name: string): Promise<string> {
  const id = await findSource(db, campaign, 'benchmark', name)
  if (id) return id
  throw new HoneError({
    type: 'InvalidInput',
    message: `benchmark "${name}" of ${campaign} was not imported`,
    nextStep: 'start the campaign again: its sources and benchmarks are imported first',
  })
}

async function findSource(db: Database, campaign: string, role: SourceRole, name: string): Promise<string | null> {
  const [source] = await db
    .select({ id: campaignSources.datasetId })
    .from(campaignSources)
    .where(
      and(eq(campaignSources.campaignId, campaign), eq(campaignSources.role, role), eq(campaignSources.name, name)),
    )
  return source?.id ?? null
}

/** A source as a campaign names it. */
export interface SourceLink {
  campaign: string
  role: SourceRole
  name: string
  datasetId: string
}

/**
 * Gives an imported source its name in a campaign. A second call changes nothing. Throws
 * InvalidSource when the name already belongs to other data: the rows of a campaign never change.
 */
export async function linkSource(db: Database, link: SourceLink): Promise<void> {
  const { campaign, ...columns } = link
  await db
    .insert(campaignSources)
    .values({ campaignId: campaign, ...columns })
    .onConflictDoNothing()
  const found = await findSource(db, campaign, link.role, link.name)
  if (found === link.datasetId) return
  throw new HoneError({
    type: 'InvalidSource',
    message: `the data of ${link.role} "${link.name}" has changed since ${campaign} started (${found} → ${link.datasetId})`,
    nextStep: 'put the old data back, or start a campaign of another name on the new data',
  })
}

/** Every source and benchmark of a campaign with its dataset. */
export async function listSources(
  db: Database,
  campaign: string,
): Promise<{ role: SourceRole; name: string; dataset: DatasetRecord }[]> {
  return db
    .select({ role: campaignSources.role, name: campaignSources.name, dataset: datasets })
    .from(campaignSources)
    .innerJoin(datasets, eq(datasets.id, campaignSources.datasetId))
    .where(eq(campaignSources.campaignId, campaign))
    .orderBy(asc(campaignSources.role), asc(campaignSources.name))
}
