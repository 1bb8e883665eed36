import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { recipeHash, storedRecipe } from '../recipes/read-recipe.ts'
import { baseModelData, findBaseModel, recordBaseWeights, settleBaseModel } from '../db/base-models.ts'
import type { BaseModel } from '../db/base-models.ts'
import { findCampaign, insertCampaign } from '../db/campaigns.ts'
import type { CampaignRecord } from '../db/campaigns.ts'
import { linkSource } from '../db/datasets.ts'
import { recordEvent } from '../db/events.ts'
import { looksLikeHubId, originText } from '../domain/base-model.ts'
import { HoneError } from '../domain/errors.ts'
import { campaignWorkflowId } from '../domain/ids.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { admitData } from './admit-data.ts'
import type { Admitted, BadLine } from './admit-data.ts'
import { lookAtBaseModel } from './admit-base-model.ts'
import { checkEndpoints } from './check-endpoints.ts'
import type { StartOptions } from './start-options.ts'

/**
 * The result of a start. `exists`: a campaign with this recipe was there, and goes on if it had
 * stopped. `finished`: such a campaign was there and has nothing left to run.
 */
export interface Started {
  outcome: 'created' | 'exists' | 'finished'
  workflowId: string
  /** The base weights that this start admitted; null when an earlier start had admitted them. */
  baseModel: BaseModel | null
  failedRows: number
  /** The first failed rows of each source and benchmark. */
  badLines: BadLine[]
  /** What a person should know about the endpoints. */
  notes: string[]
}

/**
 * Admits a campaign and starts its workflow. First it checks keys, endpoints and base model, then
 * it imports data, then it keeps the campaign. A second call with the same recipe finds what is
 * there. A refused recipe leaves no campaign; imported rows stay for the next try. Throws
 * InvalidRecipe, InvalidSource, MissingSecret, EndpointRefused.
 */
export async function startCampaign(options: StartOptions): Promise<Started> {
  const { db, client, recipe } = options
  // First, since importing data for a recipe that cannot start would waste time.
  const before = await findCampaign(db, recipe.campaign)
  const hash = hashIn(recipe, before)
  if (before && before.recipeHash !== hash) throw otherRecipe(recipe.campaign)
  const storeBase = await baseModelToAdmit(options, before)
  const isLooking = options.probe && before?.status !== 'finished'
  const notes = isLooking ? await checkEndpoints(recipe, { ...options, onWaiting: options.onProgress }) : []
  const admitted: Admitted[] = []
  for (const [role, specs] of [['source', recipe.sources] as const, ['benchmark', recipe.benchmarks] as const])
    for (const [name, spec] of Object.entries(specs)) {
      const maxRows = 'maxRows' in spec ? spec.maxRows : 'maxItems' in spec ? spec.maxItems : undefined
      admitted.push(await admitData(options, { role, name, path: spec.path, maxRows }))
    }
  const base = (await storeBase?.()) ?? null
  const kept = await keepCampaign(options, hash, { admitted, base })
  // A finished campaign has nothing left to run; only a rollback starts it again.
  const outcome = before?.status === 'finished' ? 'finished' : kept
  const workflowId = campaignWorkflowId(recipe.campaign)
  if (outcome !== 'finished') await client.start(recipe.campaign, recipe.title)
  const failedRows = admitted.reduce((sum, { failed }) => sum + failed, 0)
  const badLines = admitted.flatMap((each) => each.badLines)
  return { outcome, workflowId, baseModel: base, failedRows, badLines, notes }
}

/**
 * Checks the base model and returns the function that stores it; null when the campaign has its
 * base already. A campaign of an older version has no base until round 0 closes. For it the worker
 * stores the folder that the old recipe names; a model of the hub, which that version could not
 * run, is fetched here.
 */
async function baseModelToAdmit(
  { db, recipe: { campaign, baseModel }, folder, store, onProgress, models }: StartOptions,
  before: CampaignRecord | null,
): Promise<(() => Promise<BaseModel>) | null> {
  if (before) {
    if (await findBaseModel(db, campaign)) return null
    const isFolder = !looksLikeHubId(baseModel.path) || existsSync(resolve(before.folder, baseModel.path))
    if (isFolder) return null
  }
  return await lookAtBaseModel(baseModel, { ...models, store, folder, onProgress })
}

/**
 * Keeps the campaign, its data, its base model and its first event in one transaction: a worker may
 * take the campaign up at once.
 */
async function keepCampaign(
  { db, recipe, recipeText, folder, who }: StartOptions,
  hash: string,
  { admitted, base }: { admitted: readonly Admitted[]; base: BaseModel | null },
): Promise<'created' | 'exists'> {
  const { campaign } = recipe
  return await db.transaction(async (tx) => {
    const input = { id: campaign, recipe, recipeHash: hash, recipeSource: recipeText, folder }
    const { outcome } = await insertCampaign(tx, input)
    if (outcome === 'conflict') throw otherRecipe(campaign)
    for (const { role, name, datasetId } of admitted) await linkSource(tx, { campaign, role, name, datasetId })
    if (base) await recordBaseWeights(tx, base)
    const from = base?.origin.from === 'hub' ? [`base model ${originText(base.origin)}`] : []
    const why = [...(recipe.title === undefined ? [] : [recipe.title]), ...from].join('; ') || null
    const data = base && baseModelData(base)
    const isNew = await recordEvent(tx, { campaign, kind: 'created', who, why, data, dedupeKey: `${campaign}/created` })
    // An older version created the campaign without its base model.
    if (base && !isNew) await settleBaseModel(tx, campaign, base, who)
    return outcome
  })
}

/**
 * The recipe's hash as its campaign keeps it. A campaign of an older version was hashed without
 * fields that are new; a new field with its default changes nothing.
 */
function hashIn(recipe: Recipe, before: CampaignRecord | null): string {
  const hash = recipeHash(recipe)
  if (!before || before.recipeHash === hash) return hash
  return recipeHash(storedRecipe(before.recipe)) === hash ? before.recipeHash : hash
}

const otherRecipe = (campaign: string): HoneError =>
  new HoneError({
    type: 'InvalidRecipe',
    message: `there is a campaign "${campaign}" with another recipe: a campaign's recipe does not change`,
    nextStep: 'give the changed recipe another name (campaign: …)',
  })
