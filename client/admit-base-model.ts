import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ArtifactStore } from '../artifacts/store.ts'
import type { BaseModel } from '../db/base-models.ts'
import { demoBaseModel, looksLikeHubId } from '../domain/base-model.ts'
import { HoneError } from '../domain/errors.ts'
import type { BaseModelSpec } from '../domain/recipe/recipe.ts'
import { storeHubModel } from './hub-models.ts'
import type { HubPlaces } from './hub-models.ts'
import { refuseUnusable } from './usable-model.ts'

/** Where base models are looked for, and where they are kept. */
export interface BaseModelPlaces extends HubPlaces {
  /** Folder of the recipe: its paths are relative to it. */
  folder: string
  /** Folder of the demo's base model; null where it was not made. */
  demoBase: string | null
}

/**
 * Checks the base model of a recipe, within seconds. Returns the function that brings the weights
 * into the store, named by their content; that may take as long as a download. After a kill the
 * next call continues it. The check is done at the start and not in the worker: a person with a
 * token and a terminal is here, and no round waits for the network. Throws InvalidRecipe,
 * MissingSecret, MissingDependency.
 */
export async function lookAtBaseModel(spec: BaseModelSpec, places: BaseModelPlaces): Promise<() => Promise<BaseModel>> {
  const { store, folder, demoBase } = places
  if (spec.path === demoBaseModel) {
    if (demoBase === null) throw noDemoBase()
    return async () => await storeFolder(store, demoBase, { from: 'demo' })
  }
  const local = resolve(folder, spec.path)
  if (existsSync(local)) {
    if (spec.revision !== undefined) throw ambiguous(spec, local)
    await refuseUnusable(local)
    return async () => {
      places.onProgress('base model: hashing and copying it')
      return await storeFolder(store, local, { from: 'folder', path: local })
    }
  }
  if (!looksLikeHubId(spec.path)) throw missing(`there is no folder ${local}`)
  const model = { repo: spec.path, revision: spec.revision ?? null }
  places.onProgress(`base model: looking for ${spec.path}`)
  return await storeHubModel(model, places).catch((error: unknown) => {
    if (!(error instanceof HoneError)) throw error
    // The user may have meant a folder: the error also says that it is not there.
    const { type, message, nextStep } = error
    throw new HoneError({
      type,
      message: `baseModel.path: there is no folder ${local}, and as a model of the hub: ${message}`,
      nextStep,
      cause: error,
    })
  })
}

/**
 * Copies a folder of weights into the store, without names that begin with a dot: a clone's `.git`
 * and the hub client's `.cache` hold no part of the model. Throws StorageFull; CheckpointInvalid
 * when the folder changes meanwhile.
 */
async function storeFolder(store: ArtifactStore, folder: string, origin: BaseModel['origin']): Promise<BaseModel> {
  const { hash, path, bytes } = await store.publishCheckpoint(folder, { copy: true, withoutHidden: true })
  return { id: hash, path, bytes, origin }
}

const missing = (what: string): HoneError =>
  new HoneError({
    type: 'InvalidRecipe',
    message: `baseModel.path: ${what}`,
    nextStep: 'give an existing folder in Hugging Face layout, or a hub id such as Qwen/Qwen2.5-VL-7B-Instruct',
  })

const noDemoBase = (): HoneError =>
  new HoneError({
    type: 'InvalidRecipe',
    message: `baseModel.path: ${demoBaseModel} was not made on this machine`,
    nextStep: 'run `hone demo`, or `hone dev --demo`, which make it',
  })

const ambiguous = ({ path }: BaseModelSpec, local: string): HoneError =>
  new HoneError({
    type: 'InvalidRecipe',
    message: `baseModel.revision: ${local} is a folder, and a folder has no revisions`,
    nextStep: `leave the revision out, or rename the folder if the hub's ${path} is meant`,
  })
