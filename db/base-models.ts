import { z } from 'zod'
import type { BaseModelOrigin } from '../domain/base-model.ts'
import { getCheckpoint, moveCheckpoint, recordCheckpoint } from './checkpoints.ts'
import type { CheckpointRecord } from './checkpoints.ts'
import type { Database } from './database.ts'
import { listEvents, recordEvent } from './events.ts'
import { findRound } from './rounds.ts'

/** Base weights that were admitted into the store, and where they came from. */
export interface BaseModel {
  /** Content hash. */
  id: string
  /** Where the store keeps them. */
  path: string
  bytes: number
  origin: BaseModelOrigin
}

const origin: z.ZodType<BaseModelOrigin> = z.discriminatedUnion('from', [
  z.object({ from: z.literal('demo') }),
  z.object({ from: z.literal('folder'), path: z.string() }),
  z.object({ from: z.literal('hub'), repo: z.string(), revision: z.string().nullable(), commit: z.string() }),
])
const eventData = z.object({ baseModel: z.object({ checkpoint: z.string(), origin }) })

/**
 * What the event of an admission holds. Events never change, so the first admission of a campaign
 * settles its base model.
 */
export const baseModelData = ({ id, origin }: BaseModel): z.infer<typeof eventData> => ({
  baseModel: { checkpoint: id, origin },
})

/**
 * Records base weights as a checkpoint in the store. Weights that an older version recorded at
 * another path get the store's path.
 */
export async function recordBaseWeights(db: Database, base: BaseModel): Promise<CheckpointRecord> {
  const { id, path, bytes } = base
  const known = await recordCheckpoint(db, { id, path, bytes, madeBy: null })
  if (known.path === path) return known
  await moveCheckpoint(db, id, path)
  return { ...known, path }
}

/**
 * Settles the base model of a campaign that was created before bases were admitted at the start.
 * Returns the base in force: where another process was faster, that is the other process's.
 */
export async function settleBaseModel(
  db: Database,
  campaign: string,
  base: BaseModel,
  who: string,
): Promise<CheckpointRecord> {
  return await db.transaction(async (tx) => {
    const before = await findBaseModel(tx, campaign)
    if (before) return before
    await recordBaseWeights(tx, base)
    const dedupeKey = `${campaign}/base-model`
    await recordEvent(tx, { campaign, kind: 'base-model', who, dedupeKey, data: baseModelData(base) })
    const settled = await findBaseModel(tx, campaign)
    return settled ?? (await getCheckpoint(tx, base.id))
  })
}

/**
 * The base weights of a campaign: the weights of its closed round 0, else the weights that it was
 * started with. Null when neither exists: an older version created the campaign, and its round 0 is
 * not closed.
 */
export async function findBaseModel(db: Database, campaign: string): Promise<CheckpointRecord | null> {
  const closed = (await findRound(db, campaign, 0))?.checkpointId
  if (closed) return await getCheckpoint(db, closed)
  for (const { data } of await listEvents(db, campaign)) {
    const admitted = eventData.safeParse(data)
    if (admitted.success) return await getCheckpoint(db, admitted.data.baseModel.checkpoint)
  }
  return null
}
