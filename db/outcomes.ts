import { and, eq, sql } from 'drizzle-orm'
import { HoneError } from '../domain/errors.ts'
import type { Outcome, RowVerdict } from '../domain/rows.ts'
import type { Database } from './database.ts'
import { getDataset } from './datasets.ts'
import { rowId } from './row-ids.ts'
import { datasets } from './schema/datasets.ts'
import { rowRequests, rows, verdicts, type RowStatus } from './schema/rows.ts'
import { datasetRefs } from './shards.ts'
import { batchesOf, textArray } from './sql.ts'
import { storableJson, storableOrNull, storableText } from './storable.ts'

/** What came of an input row: one output row. A failed one changes nothing and keeps its error text. */
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
  /** Content keys of its replies, in order of use; they must have been saved before. */
  requestKeys: readonly string[]
}

/**
 * Writes outputs in one transaction: rows, the replies they were made from, verdicts. Give all outputs of one parent in
 * one call. A parent that has outputs in this dataset already is left alone, so a retry, or a lost attempt that still
 * runs beside it, never mixes two results. Returns how many rows were written. Throws InvalidInput for a parent that is
 * not there, and for new outputs of a sealed dataset.
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
    const parents = await holdParents(tx, parentIds)
    const finished = await parentsWithOutputs(tx, datasetId, parentIds)
    const fresh = outcomes.filter((outcome) => !finished.has(outcome.parentId))
    if (fresh.length === 0) return 0
    if (sealed) throw refusal(datasetId, 'it is complete and sealed', 'open a new round to make new data')
    const written = fresh.map((outcome) => {
      const parent = parents.get(outcome.parentId)
      if (!parent)
        throw refusal(datasetId, `its parent row ${outcome.parentId} does not exist`, 'commit outputs of input rows')
      return outputRow(datasetId, outcome, parent)
    })
    await insertOutputs(tx, written)
    return fresh.length
  })
}

/** Shared with other commits, against a seal. */
async function holdDataset(tx: Database, datasetId: string): Promise<boolean> {
  const [found] = await tx
    .select({ sealedAt: datasets.sealedAt })
    .from(datasets)
    .where(eq(datasets.id, datasetId))
    .for('share')
  return (found ?? (await getDataset(tx, datasetId))).sealedAt !== null
}

/** Two commits of the same parent happen one after the other; the order of ids keeps them from blocking each other. */
async function holdParents(tx: Database, ids: readonly string[]) {
  const found = await tx
    .select({ row: rows, verdict: verdicts })
    .from(rows)
    .leftJoin(verdicts, eq(verdicts.rowId, rows.id))
    .where(sql`${rows.id} = any(${textArray(ids)})`)
    .orderBy(rows.id)
    .for('no key update', { of: rows })
  return new Map(found.map((parent) => [parent.row.id, parent]))
}

async function parentsWithOutputs(tx: Database, datasetId: string, ids: readonly string[]): Promise<Set<string>> {
  const found = await tx
    .selectDistinct({ id: rows.parentRowId })
    .from(rows)
    .where(and(eq(rows.datasetId, datasetId), sql`${rows.parentRowId} = any(${textArray(ids)})`))
  return new Set(found.map(({ id }) => id ?? ''))
}

type Parent = Awaited<ReturnType<typeof holdParents>> extends Map<string, infer Value> ? Value : never

function outputRow(datasetId: string, outcome: CommittedOutcome, parent: Parent) {
  const id = rowId(datasetId, outcome.parentId, outcome.outIndex)
  const { changes, status } = outcome
  const values = { ...parent.row, ...changes }
  const verdict: RowVerdict | null = changes.verdict === undefined ? parent.verdict : changes.verdict
  return {
    row: {
      id,
      datasetId,
      parentRowId: outcome.parentId,
      originRowId: parent.row.originRowId,
      outIndex: outcome.outIndex,
      status,
      reason: status === 'kept' ? null : (outcome.reason ?? 'unspecified'),
      detail: storableOrNull(outcome.detail?.slice(0, 500)),
      question: storableText(values.question),
      answer: storableOrNull(values.answer),
      kind: values.kind,
      choices: storableJson(values.choices),
      precision: values.precision,
      policy: values.policy,
      description: storableOrNull(values.description),
      trace: storableOrNull(values.trace),
      metadata: storableJson(values.metadata),
    },
    requests: outcome.requestKeys.map((requestKey, ordinal) => ({ rowId: id, ordinal, requestKey })),
    verdict: verdict && {
      rowId: id,
      verdict: verdict.verdict,
      reason: verdict.reason,
      extracted: storableOrNull(verdict.extracted),
      verifierVersion: verdict.verifierVersion,
    },
  }
}

async function insertOutputs(tx: Database, written: readonly ReturnType<typeof outputRow>[]): Promise<void> {
  for (const batch of batchesOf(written, 1000)) {
    await tx.insert(rows).values(batch.map((output) => output.row))
    const keys = batch.flatMap((output) => output.requests)
    for (const some of batchesOf(keys, 10_000)) await tx.insert(rowRequests).values(some)
    const judged = batch.flatMap((output) => output.verdict ?? [])
    if (judged.length > 0) await tx.insert(verdicts).values(judged)
  }
}

/** What a dataset step chose from its inputs. */
export interface Selection {
  inputDatasetIds: readonly string[]
  /** Ids of the rows that stay, in the order they shall have. */
  kept: readonly string[]
  /** Reason of all other rows of the inputs. */
  droppedReason: string
}

/**
 * Writes the output of a dataset step in one transaction: the kept rows in their new order, the others as dropped. The
 * values are copied inside the database. A second call finds the first one's rows and changes nothing. Throws
 * InvalidInput when `kept` names a row twice or one that is not of the inputs.
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
        insert into rows (id, dataset_id, parent_row_id, origin_row_id, out_index, position, status, reason, question,
          answer, kind, choices, precision, policy, description, trace, metadata)
        select chosen.id, ${datasetId}, p.id, p.origin_row_id, 0, chosen.place,
          case when chosen.place is null then 'dropped' else 'kept' end,
          case when chosen.place is null then ${selection.droppedReason}::text end,
          p.question, p.answer, p.kind, p.choices, p.precision, p.policy, p.description, p.trace, p.metadata
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
