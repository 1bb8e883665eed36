import { and, asc, eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import type { Database } from './database.ts'
import { lockRound } from './rounds.ts'
import type { RoundStatus } from './schema/campaigns.ts'
import { datasets, stepEvidence, stepInputs } from './schema/datasets.ts'
import { steps } from './schema/steps.ts'
import type { StepStatus } from './schema/steps.ts'
import { only, rowsOf } from './sql.ts'

/** A step as it is stored. */
export type StepRecord = typeof steps.$inferSelect

/**
 * A step of a round. `inputs` are dataset ids in the order of the recipe's `from`; `evidence` are
 * the datasets that the step weighs as a whole.
 */
export interface StepInput {
  campaign: string
  round: number
  name: string
  kind: string
  /** Place in the round, 0, 1, 2, … */
  ordinal: number
  spec: unknown
  inputs: readonly string[]
  evidence?: readonly string[]
}

/**
 * An opened step. `outputDatasetId` is null until the dataset is opened, and for a step that writes
 * no dataset.
 */
export interface OpenedStep {
  stepId: number
  status: StepStatus
  outputDatasetId: string | null
}

/**
 * Opens a step, or finds it. A done step stays done. A failed or cancelled step runs again: its
 * rows and replies are kept, so it goes on where it stopped. Throws InvalidInput when the name
 * belongs to a step of another kind or with other inputs, or when the round is closed and has no
 * such step.
 */
export async function openStep(db: Database, input: StepInput): Promise<OpenedStep> {
  return db.transaction(async (tx) => {
    const round = await lockRound(tx, input.campaign, input.round)
    const opened = await openOrFind(tx, input, round.status)
    // Also for a step that exists: an older version kept the evidence only in the step's options.
    const evidence = (input.evidence ?? []).map((datasetId) => ({ stepId: opened.stepId, datasetId }))
    if (evidence.length > 0) await tx.insert(stepEvidence).values(evidence).onConflictDoNothing()
    return opened
  })
}

async function openOrFind(tx: Database, input: StepInput, round: RoundStatus): Promise<OpenedStep> {
  const found = await findStep(tx, input.campaign, input.round, input.name)
  if (found) return reopen(tx, input, found, round === 'running')
  if (round !== 'running') throw refusal(input, `round ${input.round} is ${round}`, 'start a new round for new steps')
  const [created] = await tx
    .insert(steps)
    .values({
      campaignId: input.campaign,
      roundNumber: input.round,
      name: input.name,
      kind: input.kind,
      ordinal: input.ordinal,
      spec: input.spec,
    })
    .onConflictDoNothing()
    .returning({ id: steps.id })
  // Another process opened the step between our look and our insert.
  if (!created) return reopen(tx, input, only(await stepsNamed(tx, input.campaign, input.round, input.name)), true)
  if (input.inputs.length > 0)
    await tx
      .insert(stepInputs)
      .values(input.inputs.map((datasetId, ordinal) => ({ stepId: created.id, ordinal, datasetId })))
  return { stepId: created.id, status: 'running', outputDatasetId: null }
}

async function reopen(tx: Database, input: StepInput, found: StepRecord, roundRuns: boolean): Promise<OpenedStep> {
  const inputs = await stepInputIds(tx, found.id)
  if (found.kind !== input.kind || inputs.join('\n') !== input.inputs.join('\n'))
    throw refusal(input, 'it was opened with another kind or other inputs', 'give the new step a name of its own')
  let status = found.status
  if (roundRuns && (status === 'failed' || status === 'cancelled')) {
    await tx.update(steps).set({ status: 'running', reason: null, finishedAt: null }).where(eq(steps.id, found.id))
    status = 'running'
  }
  const [output] = await tx.select({ id: datasets.id }).from(datasets).where(eq(datasets.stepId, found.id))
  return { stepId: found.id, status, outputDatasetId: output?.id ?? null }
}

function refusal(input: StepInput, why: string, nextStep: string): HoneError {
  const step = `${input.campaign}/${input.round}/${input.name}`
  return new HoneError({ type: 'InvalidInput', message: `cannot open step ${step}: ${why}`, nextStep })
}

/**
 * Ends a step. The first end stays: a second call changes nothing. Returns the status in force, so
 * that a cancelled step that failed while it was cancelled stays cancelled.
 */
export async function finishStep(
  db: Database,
  stepId: number,
  status: Exclude<StepStatus, 'running'>,
  reason: string | null = null,
): Promise<StepStatus> {
  const [finished] = await db
    .update(steps)
    .set({ status, reason, finishedAt: sql`now()` })
    .where(and(eq(steps.id, stepId), eq(steps.status, 'running')))
    .returning({ status: steps.status })
  return finished?.status ?? (await getStep(db, stepId)).status
}

/**
 * Says of a running step what it waits for; null when it waits for nothing. A step that has ended
 * keeps the reason of its end.
 */
export async function noteStep(db: Database, stepId: number, notice: string | null): Promise<void> {
  await db
    .update(steps)
    .set({ reason: notice })
    .where(and(eq(steps.id, stepId), eq(steps.status, 'running')))
}

const stepsNamed = (db: Database, campaign: string, round: number, name: string): Promise<StepRecord[]> =>
  db
    .select()
    .from(steps)
    .where(and(eq(steps.campaignId, campaign), eq(steps.roundNumber, round), eq(steps.name, name)))

/** The step of a round by its name, or null. */
export async function findStep(
  db: Database,
  campaign: string,
  round: number,
  name: string,
): Promise<StepRecord | null> {
  const [step] = await stepsNamed(db, campaign, round, name)
  return step ?? null
}

/** The step. Throws InvalidInput when there is no step with this id. */
export async function getStep(db: Database, stepId: number): Promise<StepRecord> {
  const [step] = await db.select().from(steps).where(eq(steps.id, stepId))
  if (step) return step
  throw new HoneError({
    type: 'InvalidInput',
    message: `there is no step ${stepId} in this database`,
    nextStep: 'check that DATABASE_URL names the database of this campaign',
  })
}

/** Steps of a campaign, or of one of its rounds, in order. */
export async function listSteps(db: Database, campaign: string, round?: number): Promise<StepRecord[]> {
  const ofRound = round === undefined ? undefined : eq(steps.roundNumber, round)
  return db
    .select()
    .from(steps)
    .where(and(eq(steps.campaignId, campaign), ofRound))
    .orderBy(asc(steps.roundNumber), asc(steps.ordinal))
}

/** Ids of the datasets that a step reads, in order. */
export async function stepInputIds(db: Database, stepId: number): Promise<string[]> {
  const inputs = await db
    .select({ id: stepInputs.datasetId })
    .from(stepInputs)
    .where(eq(stepInputs.stepId, stepId))
    .orderBy(asc(stepInputs.ordinal))
  return inputs.map(({ id }) => id)
}

/** Rows that went into a data step and have no output yet. */
export async function rowsWithoutOutput(db: Database, stepId: number): Promise<number> {
  const [counted] = await rowsOf(
    db,
    z.object({ missing: z.number() }),
    sql`
      select coalesce((
        select sum(d.row_count) from (select distinct dataset_id from step_inputs where step_id = ${stepId}) i
        join datasets d on d.id = i.dataset_id
      ), 0)::int - coalesce((
        select count(distinct r.parent_row_id) from datasets d join rows r on r.dataset_id = d.id
        where d.step_id = ${stepId}
      ), 0)::int as missing`,
  )
  return counted?.missing ?? 0
}

/** What went into a step, and what became of it. */
export interface StepCounts {
  /** Kept rows of its inputs. */
  rowsIn: number
  kept: number
  dropped: number
  failed: number
  droppedByReason: Record<string, number>
  failedByReason: Record<string, number>
}

const statusCount = z.object({
  status: z.enum(['in', 'kept', 'dropped', 'failed']),
  reason: z.string().nullable(),
  count: z.number(),
})

/** Counts of a step, derived from its rows. Works also while the step runs. */
export async function stepCounts(db: Database, stepId: number): Promise<StepCounts> {
  const counted = await rowsOf(
    db,
    statusCount,
    sql`
      select 'in' as status, null as reason, coalesce(sum(d.row_count), 0)::int as count
      from step_inputs i join datasets d on d.id = i.dataset_id where i.step_id = ${stepId}
      union all
      select r.status, r.reason, count(*)::int
      from rows r join datasets d on d.id = r.dataset_id where d.step_id = ${stepId}
      group by r.status, r.reason order by 3 desc, 2`,
  )
  const counts: StepCounts = { rowsIn: 0, kept: 0, dropped: 0, failed: 0, droppedByReason: {}, failedByReason: {} }
  for (const { status, reason, count } of counted) {
    if (status === 'in') counts.rowsIn += count
    else counts[status] += count
    if (status === 'dropped') counts.droppedByReason[reason ?? ''] = count
    if (status === 'failed') counts.failedByReason[reason ?? ''] = count
  }
  return counts
}
