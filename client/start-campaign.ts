import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { ArtifactStore } from '../artifacts/store.ts'
import { recipeHash } from '../data/recipe.ts'
import { readSource, sourceHash } from '../data/source.ts'
import type { SourceItem } from '../data/source.ts'
import { insertCampaign } from '../db/campaigns.ts'
import type { Database } from '../db/database.ts'
import { linkSource } from '../db/datasets.ts'
import { recordEvent } from '../db/events.ts'
import { importSource } from '../db/sources.ts'
import type { SourceRow } from '../db/sources.ts'
import { HoneError } from '../domain/errors.ts'
import type { Recipe } from '../domain/recipe.ts'
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
}

/** What a start came to. `exists`: the campaign is there, with the same recipe, and goes on if it was left. */
export interface Started {
  outcome: 'created' | 'exists'
  workflowId: string
  failedRows: number
}

/**
 * Admits a campaign: keys, endpoints, base model and data are looked at before anything is kept, then sources are imported and its workflow starts.
 * Again with the same recipe it finds what is there.
 * @throws HoneError InvalidRecipe, InvalidSource, MissingSecret, EndpointRefused.
 */
export async function startCampaign(options: StartOptions): Promise<Started> {
  const { db, client, recipe, folder } = options
  checkBaseModel(recipe, folder)
  await checkEndpoints(recipe, options.demo)
  const admitted: Admitted[] = []
  for (const [role, specs] of [['source', recipe.sources] as const, ['benchmark', recipe.benchmarks] as const])
    for (const [name, spec] of Object.entries(specs)) {
      const maxRows = 'maxRows' in spec ? spec.maxRows : 'maxItems' in spec ? spec.maxItems : undefined
      admitted.push(await admitData(options, { role, name, path: spec.path, maxRows }))
    }
  const inserted = await insertCampaign(db, {
    id: recipe.campaign,
    recipe,
    recipeHash: recipeHash(recipe),
    recipeSource: options.recipeText,
    folder,
  })
  if (inserted.outcome === 'conflict')
    throw new HoneError({
      type: 'InvalidRecipe',
      message: `there is a campaign "${recipe.campaign}" with another recipe: a campaign's recipe does not change`,
      nextStep: 'give the changed recipe another name (campaign: …)',
    })
  for (const { role, name, datasetId } of admitted)
    await linkSource(db, { campaign: recipe.campaign, role, name, datasetId })
  await recordEvent(db, {
    campaign: recipe.campaign,
    kind: 'created',
    who: options.who,
    why: recipe.title ?? null,
    dedupeKey: `${recipe.campaign}/created`,
  })
  const { workflowId } = await client.start(recipe.campaign, recipe.title)
  const failedRows = admitted.reduce((sum, { failed }) => sum + failed, 0)
  return { outcome: inserted.outcome, workflowId, failedRows }
}

interface Admitted {
  role: 'source' | 'benchmark'
  name: string
  datasetId: string
  failed: number
}

/** Imports one source or benchmark, unless the same data was imported before. Pictures go to the store by content. */
async function admitData(
  { db, store, recipe, folder, demo, onProgress }: StartOptions,
  data: Pick<Admitted, 'role' | 'name'> & { path: string; maxRows: number | undefined },
): Promise<Admitted> {
  const { role, name, path, maxRows } = data
  const place = placeOf(path, folder, demo)
  const limit = maxRows === undefined ? {} : { maxRows }
  onProgress(`${role} ${name}: looking`)
  const hash = await sourceHash(place, limit)
  const key = maxRows === undefined ? hash : `${hash.slice(0, 56)}${maxRows.toString(16).padStart(8, '0')}`
  const counts = { read: 0 }
  const imported = await importSource(
    db,
    { name, path: place, hash: key },
    storedRows(readSource(place, limit), store, () => {
      counts.read += 1
      if (counts.read % 100 === 0) onProgress(`${role} ${name}: ${counts.read} rows`)
    }),
  )
  const failedPercent = (100 * imported.failed) / Math.max(1, imported.failed + imported.rows)
  if (imported.rows === 0 || failedPercent > recipe.limits.failedRowsPercent)
    throw new HoneError({
      type: 'InvalidSource',
      message: `${role} "${name}" (${place}): ${imported.failed} of ${imported.failed + imported.rows} rows cannot be used`,
      nextStep: `mend them (hone show lists each with its line and reason), or raise limits.failedRowsPercent`,
    })
  onProgress(`${role} ${name}: ${imported.rows} rows${imported.reused ? ', imported before' : ''}`)
  return { role, name, datasetId: imported.datasetId, failed: imported.failed }
}

async function* storedRows(
  items: AsyncIterable<SourceItem>,
  store: ArtifactStore,
  onRow: () => void,
): AsyncGenerator<SourceRow> {
  for await (const item of items) {
    onRow()
    yield item.ok ? await goodRow(item, store) : badRow(item)
  }
}

async function goodRow(item: Extract<SourceItem, { ok: true }>, store: ArtifactStore): Promise<SourceRow> {
  const { id, question, answer, kind, choices, metadata } = item.value
  const images = await Promise.all(
    item.images.map(async ({ path, width, height, bytes, mediaType }) => {
      const { hash } = await store.putImage(await readFile(path))
      return { hash, width, height, bytes, mediaType }
    }),
  )
  return {
    sourceId: id,
    images,
    question,
    answer: answer ?? null,
    kind,
    choices: choices ?? null,
    metadata: metadata ?? {},
  }
}

/** A line that cannot be used stays, as a failed row with its reason. */
function badRow(item: Extract<SourceItem, { ok: false }>): SourceRow {
  return {
    // Two bad lines may claim one id; the line number tells them apart.
    sourceId: `line ${item.line}${item.id === null ? '' : ` (${item.id})`}`,
    images: [],
    question: item.value?.question ?? '',
    answer: item.value?.answer ?? null,
    kind: item.value?.kind ?? 'auto',
    choices: item.value?.choices ?? null,
    metadata: { line: item.line },
    failure: { reason: item.reason, detail: item.detail },
  }
}

function placeOf(path: string, folder: string, demo: StartOptions['demo']): string {
  if (!path.startsWith('demo:')) return resolve(folder, path)
  if (demo) return join(demo.world, `${path.slice('demo:'.length)}.jsonl`)
  throw new HoneError({
    type: 'InvalidSource',
    message: `"${path}" is part of the demo world, which this home does not have`,
    nextStep: 'run `hone demo` or `hone dev --demo`, or name a folder of your own',
  })
}

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
