import { eq, or, sql } from 'drizzle-orm'
import { HoneError } from '../domain/errors.ts'
import type { Database } from './database.ts'
import { checkpointSteps } from './schema/checkpoint-steps.ts'
import { checkpoints } from './schema/checkpoints.ts'

/** Model weights in the store. */
export type CheckpointRecord = typeof checkpoints.$inferSelect

/** A checkpoint and, unless it is a base model, the step that published it. */
export interface CheckpointInput {
  /** Content hash. */
  id: string
  path: string
  bytes: number
  /** Null for a base model: nothing here made it. */
  stepId: number | null
  jobId?: string | null
  /** The weights that the training started from. */
  startCheckpointId?: string | null
}

/**
 * Records a checkpoint and who published it. Idempotent; weights that are known keep their first path. Throws
 * CheckpointInvalid when the step published other weights before.
 */
export async function recordCheckpoint(db: Database, input: CheckpointInput): Promise<CheckpointRecord> {
  return db.transaction(async (tx) => {
    const { id, path, bytes, stepId } = input
    await tx.insert(checkpoints).values({ id, path, bytes }).onConflictDoNothing()
    if (stepId !== null) {
      const publication = { startCheckpointId: input.startCheckpointId ?? null, jobId: input.jobId ?? null }
      await tx
        .insert(checkpointSteps)
        .values({ stepId, checkpointId: id, ...publication })
        .onConflictDoNothing()
      const published = await checkpointOfStep(tx, stepId)
      if (published?.id !== id)
        throw new HoneError({
          type: 'CheckpointInvalid',
          message: `step ${stepId} published checkpoint ${published?.id}, and now ${id}`,
          nextStep: 'a step trains once: use the checkpoint it published, or start a new round',
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

/** What a training step published, or null. */
export async function checkpointOfStep(db: Database, stepId: number): Promise<CheckpointRecord | null> {
  const [found] = await db
    .select({ checkpoint: checkpoints })
    .from(checkpointSteps)
    .innerJoin(checkpoints, eq(checkpoints.id, checkpointSteps.checkpointId))
    .where(eq(checkpointSteps.stepId, stepId))
  return found?.checkpoint ?? null
}
