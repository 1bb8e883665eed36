import { existsSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { hashTree } from '../artifacts/hash.ts'
import { findBaseModel, settleBaseModel } from '../db/base-models.ts'
import { getCampaign } from '../db/campaigns.ts'
import { moveCheckpoint } from '../db/checkpoints.ts'
import type { CheckpointRecord } from '../db/checkpoints.ts'
import { demoBaseModel, looksLikeHubId } from '../domain/base-model.ts'
import type { BaseModelOrigin } from '../domain/base-model.ts'
import { HoneError } from '../domain/errors.ts'
import type { Deps } from './deps.ts'
import { recipeOf } from './recipes.ts'

/**
 * The base model's weights, round 0, where the store keeps them. They were admitted when the
 * campaign was started (client/admit-base-model.ts), so no change of the user's folder reaches a
 * campaign that runs. A campaign that an older version started has its folder admitted here, at its
 * first use. Throws InvalidRecipe where there is no folder, CheckpointInvalid where the weights are
 * gone.
 */
export async function baseCheckpoint(deps: Deps, campaign: string): Promise<CheckpointRecord> {
  const settled = await findBaseModel(deps.db, campaign)
  return settled ? await storedWeights(deps, campaign, settled) : await admitFolder(deps, campaign)
}

/**
 * Where this worker's store keeps the weights. Weights that an older version left in their own
 * folder are copied into the store.
 */
async function storedWeights(deps: Deps, campaign: string, settled: CheckpointRecord): Promise<CheckpointRecord> {
  const { store } = deps
  if (await store.hasCheckpoint(settled.id)) return { ...settled, path: store.checkpointPath(settled.id) }
  const now = await folderOf(deps, campaign)
  // The folder of the record, else the folder that the recipe leads to today: a cache may have
  // moved.
  for (const folder of new Set([settled.path, ...(now ? [now.folder] : [])])) {
    if (!isAbsolute(folder) || !existsSync(folder) || (await hashTree(folder)).hash !== settled.id) continue
    const { path } = await store.publishCheckpoint(folder, { copy: true })
    await moveCheckpoint(deps.db, settled.id, path)
    return { ...settled, path }
  }
  throw new HoneError({
    type: 'CheckpointInvalid',
    message: `the base model of ${campaign} (${settled.id.slice(0, 12)}, once ${settled.path}) is not in the store, and no folder holds these weights any more`,
    nextStep:
      'put the folder back as it was, or run the worker with the HONE_HOME that the campaign was started in; else start a campaign under another name',
  })
}

/**
 * Admits the whole folder, files with a dot too: the version that started the campaign hashed it
 * so, and the campaign's scores name that hash.
 */
async function admitFolder(deps: Deps, campaign: string): Promise<CheckpointRecord> {
  const found = await folderOf(deps, campaign)
  if (found === null) throw await noFolder(deps, campaign)
  const { hash: id, path, bytes } = await deps.store.publishCheckpoint(found.folder, { copy: true })
  const settled = await settleBaseModel(deps.db, campaign, { id, path, bytes, origin: found.origin }, 'hone')
  return await storedWeights(deps, campaign, settled)
}

/** The folder that the recipe leads to on this machine; null when there is no such folder. */
async function folderOf(deps: Deps, campaign: string): Promise<{ folder: string; origin: BaseModelOrigin } | null> {
  const { path } = (await recipeOf(deps.db, campaign)).baseModel
  if (path === demoBaseModel) return deps.demo && { folder: deps.demo.baseModel, origin: { from: 'demo' } }
  const folder = resolve((await getCampaign(deps.db, campaign)).folder, path)
  return existsSync(folder) ? { folder, origin: { from: 'folder', path: folder } } : null
}

async function noFolder(deps: Deps, campaign: string): Promise<HoneError> {
  const { path } = (await recipeOf(deps.db, campaign)).baseModel
  const nextStep =
    path === demoBaseModel
      ? 'start the worker with `hone dev --demo` or `hone demo`'
      : looksLikeHubId(path)
        ? 'run `hone start` with the recipe again, which fetches it, then `hone resume`'
        : 'put the folder back, then `hone resume`'
  return new HoneError({ type: 'InvalidRecipe', message: `there is no base model at ${path}`, nextStep })
}
