import { and, eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import type { Outcome } from '../domain/rows.ts'
import type { Database } from './database.ts'
import { getDataset } from './datasets.ts'
import { rowId } from './row-ids.ts'
import { inheritedValues, valueColumns, valuesOf } from './row-values.ts'
import { datasets } from './schema/datasets.ts'
import { rows } from './schema/rows.ts'
import type { RowStatus } from './schema/rows.ts'
import { datasetRefs } from './shards.ts'
import { batchesOf, rowsOf, textArray } from './sql.ts'
import { storableJsonText } from './storable.ts'

/** One output row of an input row. A failed output changes nothing and keeps its error text. */
export interface CommittedOutcome {
  parentId: string
  /** Place among the outputs of this parent: 0, 1, … */
  outIndex: number
  status: RowStatus
  /** Null when kept. */
  reason: string | null
  /** Error text; the first 500 characters are kept. */
  detail?: string | null
  changes: Outcome['changes']
  /** Content keys of its replies, in order of use. The replies must be saved already. */
  requestKeys: readonly string[]
}

/**
 * Writes outputs in one transaction: rows, the replies they were made from, verdicts. Give all
 * outputs of one parent in one call. A parent that already has outputs in this dataset is left
 * alone, so a retry, or a lost attempt that still runs, never mixes two results. Returns how many
 * rows were written. Throws InvalidInput for a parent that does not exist, and for new outputs of a
 * sealed dataset.
 */
export async function commitOutcomes(
  db: Database,
  datasetId: string,
  outcomes: readonly CommittedOutcome[],
): Promise<number> {
  if (outcomes.length === 0) return 0
  return db.transaction(async (tx) => {
    const sealed = await holdDataset(tx, datasetId)
    const parentIds = [...new Set(outcomes.map((outcome) => outcome.parentId))]
    if (sealed) return await nothingNew(tx, datasetId, parentIds)
    const parents = await holdParents(tx, parentIds)
    const orphan = parentIds.find((id) => !parents.has(id))
    if (orphan !== undefined)
      throw refusal(datasetId, `its parent row ${orphan} does not exist`, 'commit outputs of input rows')
    let written = 0
    // All outputs of a parent go into one statement: the statement itself finds parents that were
    // finished earlier.
    for (const batch of byParent(outcomes)) written += await insertOutputs(tx, datasetId, batch)
    return written
  })
}

/** Holds the dataset: other commits go on, a seal waits. Returns whether the dataset is sealed. */
async function holdDataset(tx: Database, datasetId: string): Promise<boolean> {
  const [found] = await tx
    .select({ sealedAt: datasets.sealedAt })
    .from(datasets)
    .where(eq(datasets.id, datasetId))
    .for('share')
  return (found ?? (await getDataset(tx, datasetId))).sealedAt !== null
}

/**
 * A commit to a sealed dataset writes nothing when all its outputs exist; otherwise it is refused.
 */
async function nothingNew(tx: Database, datasetId: string, parentIds: readonly string[]): Promise<0> {
  const finished = await tx
    .selectDistinct({ id: rows.parentRowId })
    .from(rows)
    .where(and(eq(rows.datasetId, datasetId), sql`${rows.parentRowId} = any(${textArray(parentIds)})`))
  if (finished.length === parentIds.length) return 0
  throw refusal(datasetId, 'it is complete and sealed', 'open a new round to make new data')
}

/**
 * Two commits of the same parent run one after the other. The order of ids keeps them from blocking
 * each other.
 */
async function holdParents(tx: Database, ids: readonly string[]): Promise<Set<string>> {
  const found = await tx
    .select({ id: rows.id })
    .from(rows)
    .where(sql`${rows.id} = any(${textArray(ids)})`)
    .orderBy(rows.id)
    .for('no key update')
  return new Set(found.map(({ id }) => id))
}

/**
 * Most outputs in one statement, unless one parent has more: a step may write hundreds of outputs
 * of some kilobytes each.
 */
const outputsPerStatement = 1000

function* byParent(outcomes: readonly CommittedOutcome[]): Generator<CommittedOutcome[]> {
  const groups = new Map<string, CommittedOutcome[]>()
  for (const outcome of outcomes) {
    const group = groups.get(outcome.parentId)
    if (group) group.push(outcome)
    else groups.set(outcome.parentId, [outcome])
  }
  let batch: CommittedOutcome[] = []
  for (const group of groups.values()) {
    if (batch.length > 0 && batch.length + group.length > outputsPerStatement) {
      yield batch
      batch = []
    }
    batch.push(...group)
  }
  yield batch
}

/** An output as it goes to the database. The database adds the parent's values. */
const given = (datasetId: string, { outIndex, parentId, status, ...outcome }: CommittedOutcome) => ({
  id: rowId(datasetId, parentId, outIndex),
  // Every finished parent has an output 0. It is found by id, so old statistics of a growing
  // dataset do no harm.
  first: rowId(datasetId, parentId, 0),
  parent: parentId,
  place: outIndex,
  status,
  reason: status === 'kept' ? null : (outcome.reason ?? 'unspecified'),
  detail: outcome.detail?.slice(0, 500) ?? null,
  changes: outcome.changes,
  keys: outcome.requestKeys,
})

/**
 * One statement with one parameter. Sixty rows with a parameter for each value took ten times the
 * work on this side, and reading the parents in order to write them again took about as long as all
 * the rest. The sub-selects end in `limit` or `offset` so that each row is looked up: with old
 * statistics the planner would read whole tables.
 */
async function insertOutputs(tx: Database, datasetId: string, outcomes: readonly CommittedOutcome[]): Promise<number> {
  const text = storableJsonText(outcomes.map((outcome) => given(datasetId, outcome)))
  const [counted] = await rowsOf(
    tx,
    z.object({ written: z.number() }),
    sql`
      with given as materialized (
        select * from jsonb_to_recordset(${text}::jsonb) as g(id text, first text, parent text, place int, status text, reason text,
          detail text, changes jsonb, keys jsonb)
      ),
      fresh as materialized (
        select g.* from given g where (
          select 1 from rows o where o.id = g.first limit 1
        ) is null
      ),
      written as (
        insert into rows (id, dataset_id, parent_row_id, origin_row_id, out_index, status, reason, detail,
          ${valueColumns})
        select f.id, ${datasetId}, p.id, p.origin_row_id, f.place, f.status, f.reason, f.detail, ${inheritedValues}
        from fresh f cross join lateral (select * from rows r where r.id = f.parent offset 0) p
      ),
      asked as (
        insert into row_requests (row_id, ordinal, request_key)
        select f.id, used.n - 1, used.key
        from fresh f cross join lateral jsonb_array_elements_text(f.keys) with ordinality as used(key, n)
      ),
      judged as (
        insert into verdicts (row_id, verdict, reason, extracted, verifier_version)
        select f.id, w.verdict, w.reason, w.extracted, w.version
        from fresh f cross join lateral (
          select f.changes #>> '{verdict,verdict}' as verdict, f.changes #>> '{verdict,reason}' as reason,
            f.changes #>> '{verdict,extracted}' as extracted, f.changes #>> '{verdict,verifierVersion}' as version
          where jsonb_typeof(f.changes -> 'verdict') = 'object'
          union all
          select v.verdict, v.reason, v.extracted, v.verifier_version from verdicts v
          where v.row_id = f.parent and not f.changes ? 'verdict'
        ) w
      )
      select count(*)::int as written from fresh`,
  )
  return counted?.written ?? 0
}

/** What a dataset step chose from its inputs. */
export interface Selection {
  inputDatasetIds: readonly string[]
  /** Ids of the rows that stay, in their new order. */
  kept: readonly string[]
  /** Why all other rows of the inputs are dropped. */
  droppedReason: string
}

/**
 * Writes the output of a dataset step in one transaction: the kept rows in their new order, all
 * others as dropped. The values are copied inside the database. A second call finds the rows of the
 * first call and changes nothing. Throws InvalidInput when `kept` names a row twice, or a row that
 * is not in the inputs.
 */
export async function commitSelection(db: Database, datasetId: string, selection: Selection): Promise<void> {
  await db.transaction(async (tx) => {
    const [dataset] = await tx.select().from(datasets).where(eq(datasets.id, datasetId)).for('update')
    if (!dataset) await getDataset(tx, datasetId)
    if (dataset?.sealedAt || (await tx.$count(rows, eq(rows.datasetId, datasetId))) > 0) return
    const refs = await datasetRefs(tx, selection.inputDatasetIds)
    const places = new Map(selection.kept.map((id, place) => [id, place]))
    const known = new Set(refs.map((ref) => ref.id))
    const stranger = selection.kept.find((id) => !known.has(id))
    if (stranger !== undefined || places.size !== selection.kept.length)
      throw refusal(
        datasetId,
        stranger === undefined ? 'the selection names a row twice' : `row ${stranger} is not of its inputs`,
        'return each id that stays once, and only ids that the step was given',
      )
    for (const batch of batchesOf(refs, 5000)) {
      const parents = batch.map((ref) => ref.id)
      const ids = parents.map((parent) => rowId(datasetId, parent, 0))
      const chosen = sql`unnest(
        ${textArray(ids)}, ${textArray(parents)}, ${sql.param(parents.map((id) => places.get(id) ?? null))}::int[]
      ) as chosen(id, parent, place)`
      await tx.execute(sql`
        insert into rows (id, dataset_id, parent_row_id, origin_row_id, out_index, position, status, reason,
          ${valueColumns})
        select chosen.id, ${datasetId}, p.id, p.origin_row_id, 0, chosen.place,
          case when chosen.place is null then 'dropped' else 'kept' end,
          case when chosen.place is null then ${selection.droppedReason}::text end,
          ${valuesOf('p')}
        from ${chosen} join rows p on p.id = chosen.parent`)
      await tx.execute(sql`
        insert into verdicts (row_id, verdict, reason, extracted, verifier_version)
        select chosen.id, v.verdict, v.reason, v.extracted, v.verifier_version
        from ${chosen} join verdicts v on v.row_id = chosen.parent`)
    }
  })
}

const refusal = (datasetId: string, why: string, nextStep: string): HoneError =>
  new HoneError({ type: 'InvalidInput', message: `cannot write to dataset ${datasetId}: ${why}`, nextStep })
