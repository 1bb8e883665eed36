import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ArtifactStore } from '../artifacts/store.ts'
import { recipeHash, storedRecipe } from '../data/recipe.ts'
import { findCampaign, insertCampaign } from '../db/campaigns.ts'
import type { CampaignRecord } from '../db/campaigns.ts'
import type { Database } from '../db/database.ts'
import { linkSource } from '../db/datasets.ts'
import { recordEvent } from '../db/events.ts'
import { HoneError } from '../domain/errors.ts'
import { campaignWorkflowId } from '../domain/ids.ts'
import type { Recipe } from '../domain/recipe.ts'
import { admitData } from './admit-data.ts'
import type { Admitted, BadLine } from './admit-data.ts'
import type { CampaignClient } from './campaigns.ts'
import { checkEndpoints } from './check-endpoints.ts'

export interface StartOptions {
  db: Database
  store: ArtifactStore
  client: CampaignClient
  recipe: Recipe
  /** The YAML as it was given, kept with the campaign. */
  recipeText: string
  /** Folder of the recipe: its paths are relative to it. */
  folder: string
  /** What `demo:` names stand for, where there is a demo world. */
  demo: { world: string; teacherUrl: string } | null
  who: string
  onProgress: (text: string) => void
  /** Where endpoints' keys are looked for. */
  env: Readonly<Record<string, string | undefined>>
}

/** What a start came to. `exists`: the campaign is there, with the same recipe, and goes on if it was left; `finished`: nothing is left of it to run. */
export interface Started {
  outcome: 'created' | 'exists' | 'finished'
  workflowId: string
  failedRows: number
  /** The first few of them, of each source and benchmark. */
  badLines: BadLine[]
}

/**
 * Admits a campaign: keys, endpoints, base model and data are looked at before anything is kept, then sources are imported and its workflow starts.
 * Again with the same recipe it finds what is there. A refused recipe leaves no campaign; rows that were imported stay for the next try.
 * @throws HoneError InvalidRecipe, InvalidSource, MissingSecret, EndpointRefused.
 */
export async function startCampaign(options: StartOptions): Promise<Started> {
  const { db, client, recipe, folder } = options
  // Asked first, too: importing data for a recipe that cannot start would be time lost.
  const before = await findCampaign(db, recipe.campaign)
  const hash = hashIn(recipe, before)
  if (before && before.recipeHash !== hash) throw otherRecipe(recipe.campaign)
  checkBaseModel(recipe, folder)
  await checkEndpoints(recipe, { demo: options.demo, env: options.env })
  const admitted: Admitted[] = []
  for (const [role, specs] of [['source', recipe.sources] as const, ['benchmark', recipe.benchmarks] as const])
    for (const [name, spec] of Object.entries(specs)) {
      const maxRows = 'maxRows' in spec ? spec.maxRows : 'maxItems' in spec ? spec.maxItems : undefined
      admitted.push(await admitData(options, { role, name, path: spec.path, maxRows }))
    }
  const kept = await keepCampaign(options, hash, admitted)
  // A finished campaign has nothing left to run; a rollback is what starts it again.
  const outcome = before?.status === 'finished' ? 'finished' : kept
  const workflowId = campaignWorkflowId(recipe.campaign)
  if (outcome !== 'finished') await client.start(recipe.campaign, recipe.title)
  const failedRows = admitted.reduce((sum, { failed }) => sum + failed, 0)
  return { outcome, workflowId, failedRows, badLines: admitted.flatMap(({ badLines }) => badLines) }
}

/** The campaign with its data and its first event, whole or not at all: a worker may take it up at once. */
async function keepCampaign(
  { db, recipe, recipeText, folder, who }: StartOptions,
  hash: string,
  admitted: readonly Admitted[],
): Promise<'created' | 'exists'> {
  const { campaign } = recipe
  return await db.transaction(async (tx) => {
    const input = { id: campaign, recipe, recipeHash: hash, recipeSource: recipeText, folder }
    const { outcome } = await insertCampaign(tx, input)
    if (outcome === 'conflict') throw otherRecipe(campaign)
    for (const { role, name, datasetId } of admitted) await linkSource(tx, { campaign, role, name, datasetId })
    const why = recipe.title ?? null
    await recordEvent(tx, { campaign, kind: 'created', who, why, dedupeKey: `${campaign}/created` })
    return outcome
  })
}

/** The recipe's hash as its campaign keeps it: a field that was not there when it started is its default, and changes nothing. */
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

/** A path that is meant as a folder must be one; whether a hub id exists, only its download can tell. */
function checkBaseModel({ baseModel: { path } }: Recipe, folder: string): void {
  const looksLocal = path.startsWith('.') || path.startsWith('/') || path.split('/').length !== 2
  if (path.startsWith('demo:') || !looksLocal || existsSync(resolve(folder, path))) return
  throw new HoneError({
    type: 'InvalidRecipe',
    message: `baseModel.path: there is no folder ${resolve(folder, path)}`,
    nextStep: 'give an existing folder in Hugging Face layout, or a hub id such as Qwen/Qwen2.5-VL-7B-Instruct',
  })
}
