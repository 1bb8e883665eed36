import { existsSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { contentHash, hashTree } from '../artifacts/hash.ts'
import { getCampaign } from '../db/campaigns.ts'
import { getCheckpoint, recordCheckpoint } from '../db/checkpoints.ts'
import type { CheckpointRecord } from '../db/checkpoints.ts'
import { findRound } from '../db/rounds.ts'
import { HoneError } from '../domain/errors.ts'
import type { Deps } from './deps.ts'
import { recipeOf } from './recipes.ts'

const known = new Map<string, Promise<{ id: string; bytes: number }>>()

/**
 * The base model's weights as a checkpoint: round 0. A folder is named by the hash of its files; a hub id, which the trainer's own
 * libraries fetch, by its name. A closed round 0 settles it for the whole campaign.
 */
export async function baseCheckpoint(deps: Deps, campaign: string): Promise<CheckpointRecord> {
  const settled = (await findRound(deps.db, campaign, 0))?.checkpointId
  if (settled) return await getCheckpoint(deps.db, settled)
  const { folder } = await getCampaign(deps.db, campaign)
  const path = placeOf(deps, (await recipeOf(deps.db, campaign)).baseModel.path, folder)
  const identity = known.get(path) ?? identify(path)
  known.set(path, identity)
  const { id, bytes } = await identity.catch((error: unknown) => {
    known.delete(path)
    throw error
  })
  return await recordCheckpoint(deps.db, { id, path, bytes, madeBy: null })
}

async function identify(path: string): Promise<{ id: string; bytes: number }> {
  if (!isAbsolute(path)) return { id: contentHash({ hub: path }), bytes: 0 }
  const { hash, bytes } = await hashTree(path)
  return { id: hash, bytes }
}

/** `demo:base`, a folder (relative to the recipe) or a hub id such as `Qwen/Qwen2.5-VL-7B-Instruct`. */
function placeOf(deps: Deps, path: string, folder: string): string {
  if (path === 'demo:base')
    return deps.demo?.baseModel ?? missing(path, 'start the worker with `hone dev --demo` or `hone demo`')
  const local = resolve(folder, path)
  if (existsSync(local)) return local
  if (!path.startsWith('.') && !isAbsolute(path) && path.split('/').length === 2) return path
  return missing(
    path,
    'give an existing folder in Hugging Face layout, or a hub id such as Qwen/Qwen2.5-VL-7B-Instruct',
  )
}

function missing(path: string, nextStep: string): never {
  throw new HoneError({ type: 'InvalidRecipe', message: `there is no base model at ${path}`, nextStep })
}
