import { desc, eq, or, sql } from 'drizzle-orm'
import { HoneError } from '../domain/errors.ts'
import type { Database } from './database.ts'
import { checkpointSteps } from './schema/checkpoint-steps.ts'
import { checkpoints } from './schema/checkpoints.ts'

/** Model weights in the store. */
export type CheckpointRecord = typeof checkpoints.$inferSelect

/** Weights and, unless they are a base model's, the job that made them. */
export interface CheckpointInput {
  /** Content hash. */
  id: string
  path: string
  bytes: number
  /** Null for a base model: nothing here made it. */
  madeBy: {
    stepId: number
    jobId: string
    /** The weights that the training started from. */
    startCheckpointId: string | null
  } | null
}

/**
 * Records a checkpoint and the job that published it. Idempotent; weights that are known keep their first path. Throws
 * CheckpointInvalid when the job published other weights before.
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
      const published = await checkpointOfJob(tx, madeBy.jobId)
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

/** The checkpoint of this id, of the one id that begins so, or at this path; null when there is none. */
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

/** As {@link findCheckpoint}, but throws InvalidInput when there is none. */
export async function getCheckpoint(db: Database, idPrefixOrPath: string): Promise<CheckpointRecord> {
  const checkpoint = await findCheckpoint(db, idPrefixOrPath)
  if (checkpoint) return checkpoint
  throw new HoneError({
    type: 'InvalidInput',
    message: `there is no checkpoint "${idPrefixOrPath}"`,
    nextStep: 'see the checkpoints of a campaign with: hone rounds CAMPAIGN',
  })
}

/** What a training job published, or null. */
export async function checkpointOfJob(db: Database, jobId: string): Promise<CheckpointRecord | null> {
  const [found] = await db
    .select({ checkpoint: checkpoints })
    .from(checkpointSteps)
    .innerJoin(checkpoints, eq(checkpoints.id, checkpointSteps.checkpointId))
    .where(eq(checkpointSteps.jobId, jobId))
  return found?.checkpoint ?? null
}

/** What a training step published, or null: the checkpoint of its last phase so far. */
export async function checkpointOfStep(db: Database, stepId: number): Promise<CheckpointRecord | null> {
  const [found] = await db
    .select({ checkpoint: checkpoints })
    .from(checkpointSteps)
    .innerJoin(checkpoints, eq(checkpoints.id, checkpointSteps.checkpointId))
    .where(eq(checkpointSteps.stepId, stepId))
    .orderBy(desc(checkpointSteps.createdAt))
    .limit(1)
  return found?.checkpoint ?? null
}
