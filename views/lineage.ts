import { checkpointLineage } from '../db/checkpoint-lineage.ts'
import type { CheckpointNode } from '../db/checkpoint-lineage.ts'
import { findCheckpoint } from '../db/checkpoints.ts'
import type { Database } from '../db/database.ts'
import { rowLineage } from '../db/lineage.ts'
import type { RowLineage } from '../db/lineage.ts'
import { findRow } from '../db/rows.ts'
import { HoneError } from '../domain/errors.ts'

/** Where a checkpoint or a row comes from. */
export type Lineage = { checkpoint: CheckpointNode } | RowLineage

/**
 * Where something comes from. `id` is the beginning of a checkpoint's hash or of a row's id, or the
 * absolute path of a checkpoint. A checkpoint is looked for first. Throws InvalidInput when no
 * checkpoint and no single row is found.
 */
export async function lineageOf(db: Database, id: string): Promise<Lineage> {
  if (id.trim() !== '') {
    const checkpoint = await findCheckpoint(db, id)
    if (checkpoint) return { checkpoint: await checkpointLineage(db, checkpoint.id) }
    const row = await findRow(db, id)
    if (row) return await rowLineage(db, row.id)
  }
  throw new HoneError({
    type: 'InvalidInput',
    message: `No checkpoint and no single row begins with "${id}".`,
    nextStep:
      'Take checkpoints from `hone rounds`, rows from `hone show CAMPAIGN ROUND --step NAME`; give more of the id.',
  })
}
