import { and, asc, desc, eq, or, sql } from 'drizzle-orm'
import { HoneError } from '../domain/errors.ts'
import type { Database } from './database.ts'
import { checkpointSteps, endOfJob } from './schema/checkpoint-steps.ts'
import { checkpoints } from './schema/checkpoints.ts'
import { selections } from './schema/selections.ts'
import { only } from './sql.ts'

/** Model weights in the store. */
export type CheckpointRecord = typeof checkpoints.$inferSelect

/** Weights, and the job that made them. Base weights have no job. */
export interface CheckpointInput {
  /** Content hash. */
  id: string
  path: string
  bytes: number
  /** Null for a base model: no job made it. */
  madeBy: {
    stepId: number
    jobId: string
    /** The weights that the training started from. */
    startCheckpointId: string | null
    /** Optimizer step after which the weights were kept; the end of the job when absent. */
    trainStep?: number
  } | null
}

/**
 * Records a checkpoint and the job that published it. Idempotent. Known weights keep their first
 * path. Throws CheckpointInvalid when the job already published other weights of the same step.
 */
export async function recordCheckpoint(db: Database, input: CheckpointInput): Promise<CheckpointRecord> {
  return db.transaction(async (tx) => {
    const { id, path, bytes, madeBy } = input
    await tx.insert(checkpoints).values({ id, path, bytes }).onConflictDoNothing()
    if (madeBy !== null) {
      await tx
        .insert(checkpointSteps)
        .values({ ...madeBy, checkpointId: id })
        .onConflictDoNothing()
      const published = await checkpointOfJob(tx, madeBy.jobId, madeBy.trainStep)
      if (published?.id !== id)
        throw new HoneError({
          type: 'CheckpointInvalid',
          message: `job ${madeBy.jobId} published checkpoint ${published?.id}, and now ${id}`,
          nextStep: 'a job publishes once: use the checkpoint it published, or start a new round',
        })
    }
    return getCheckpoint(tx, id)
  })
}

/**
 * Moves known weights to another path. The id is a hash of the content, so only the path changes.
 */
export async function moveCheckpoint(db: Database, id: string, path: string): Promise<void> {
  await db.update(checkpoints).set({ path }).where(eq(checkpoints.id, id))
}

/**
 * The checkpoint with this id, with the only id that begins like this, or at this path; null when
 * there is no such checkpoint.
 */
export async function findCheckpoint(db: Database, idPrefixOrPath: string): Promise<CheckpointRecord | null> {
  const found = await db
    .select()
    .from(checkpoints)
    .where(or(eq(checkpoints.path, idPrefixOrPath), sql`starts_with(${checkpoints.id}, ${idPrefixOrPath})`))
    .limit(2)
  const [checkpoint, second] = found
  const exact = found.find((record) => record.id === idPrefixOrPath || record.path === idPrefixOrPath)
  if (exact || !second) return exact ?? checkpoint ?? null
  throw new HoneError({
    type: 'InvalidInput',
    message: `more than one checkpoint begins with "${idPrefixOrPath}"`,
    nextStep: 'give more characters of the id',
  })
}

/** Like {@link findCheckpoint}, but throws InvalidInput when there is no such checkpoint. */
export async function getCheckpoint(db: Database, idPrefixOrPath: string): Promise<CheckpointRecord> {
  const checkpoint = await findCheckpoint(db, idPrefixOrPath)
  if (checkpoint) return checkpoint
  throw new HoneError({
    type: 'InvalidInput',
    message: `there is no checkpoint "${idPrefixOrPath}"`,
    nextStep: 'see the checkpoints of a campaign with: hone rounds CAMPAIGN',
  })
}

/**
 * What a training job published at its end, or after one of its steps; null when it published
 * nothing there.
 */
export async function checkpointOfJob(
  db: Database,
  jobId: string,
  trainStep = endOfJob,
): Promise<CheckpointRecord | null> {
  const [found] = await db
    .select({ checkpoint: checkpoints })
    .from(checkpointSteps)
    .innerJoin(checkpoints, eq(checkpoints.id, checkpointSteps.checkpointId))
    .where(and(eq(checkpointSteps.jobId, jobId), eq(checkpointSteps.trainStep, trainStep)))
  return found?.checkpoint ?? null
}

/**
 * The weights that a step ended with: what it chose, or what its last phase so far published. Null
 * when it has no weights yet.
 */
export async function checkpointOfStep(db: Database, stepId: number): Promise<CheckpointRecord | null> {
  const chosen = await selectionOf(db, stepId)
  if (chosen) return chosen
  const [found] = await db
    .select({ checkpoint: checkpoints })
    .from(checkpointSteps)
    .innerJoin(checkpoints, eq(checkpoints.id, checkpointSteps.checkpointId))
    .where(and(eq(checkpointSteps.stepId, stepId), eq(checkpointSteps.trainStep, endOfJob)))
    .orderBy(desc(checkpointSteps.createdAt))
    .limit(1)
  return found?.checkpoint ?? null
}

/** Weights that a training kept. */
export interface Candidate {
  checkpoint: CheckpointRecord
  /** Optimizer step; null for the end. */
  trainStep: number | null
}

/** Everything that a training job published: kept steps in order, then its end. */
export async function candidatesOf(db: Database, jobId: string): Promise<Candidate[]> {
  const found = await db
    .select({ checkpoint: checkpoints, trainStep: checkpointSteps.trainStep })
    .from(checkpointSteps)
    .innerJoin(checkpoints, eq(checkpoints.id, checkpointSteps.checkpointId))
    .where(eq(checkpointSteps.jobId, jobId))
    .orderBy(sql`${checkpointSteps.trainStep} = ${endOfJob}`, asc(checkpointSteps.trainStep))
  return found.map(({ checkpoint, trainStep }) => ({
    checkpoint,
    trainStep: trainStep === endOfJob ? null : trainStep,
  }))
}

/**
 * Id of the job whose weights the selection `s` of a query chooses from: the last phase of the RL
 * step that the selection names, else of the RL step before it.
 */
export const selectedJob = sql`(
  select j.id from steps rl join jobs j on j.step_id = rl.id and j.kind = 'rl'
  where rl.campaign_id = s.campaign_id and rl.round_number = s.round_number and rl.kind = 'rl'
    and rl.ordinal < s.ordinal and rl.name = coalesce(s.spec->>'of', rl.name)
  order by rl.ordinal desc, j.created_at desc, j.id desc limit 1
)`

/** Keeps which checkpoint a step chose. The first choice stays. Returns the choice in force. */
export async function recordSelection(db: Database, stepId: number, checkpointId: string): Promise<CheckpointRecord> {
  await db.insert(selections).values({ stepId, checkpointId }).onConflictDoNothing()
  return only([await selectionOf(db, stepId)].filter((found) => found !== null))
}

async function selectionOf(db: Database, stepId: number): Promise<CheckpointRecord | null> {
  const [found] = await db
    .select({ checkpoint: checkpoints })
    .from(selections)
    .innerJoin(checkpoints, eq(checkpoints.id, selections.checkpointId))
    .where(eq(selections.stepId, stepId))
  return found?.checkpoint ?? null
}
