import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { ArtifactStore } from '../artifacts/store.ts'
import { recipeHash, storedRecipe } from '../data/recipe.ts'
import { readSource, sourceHash } from '../data/source.ts'
import type { SourceItem } from '../data/source.ts'
import { findCampaign, insertCampaign } from '../db/campaigns.ts'
import type { CampaignRecord } from '../db/campaigns.ts'
import type { Database } from '../db/database.ts'
import { linkSource } from '../db/datasets.ts'
import { recordEvent } from '../db/events.ts'
import { sampleRows, streamRows } from '../db/rows.ts'
import { importSource } from '../db/sources.ts'
import type { SourceRow } from '../db/sources.ts'
import { HoneError } from '../domain/errors.ts'
import { campaignWorkflowId } from '../domain/ids.ts'
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
  /** Where endpoints' keys are looked for. */
  env: Readonly<Record<string, string | undefined>>
}

/** A line of a source or benchmark that cannot be used. */
export interface BadLine {
  /** Name in the recipe. */
  data: string
  line: number | null
  reason: string
  detail: string
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

interface Admitted {
  role: 'source' | 'benchmark'
  name: string
  datasetId: string
  failed: number
  badLines: BadLine[]
}

/** Imports one source or benchmark, unless the same data was imported before. Pictures go to the store by content. */
async function admitData(
  { db, store, recipe, folder, demo, onProgress }: StartOptions,
  data: Pick<Admitted, 'role' | 'name'> & { path: string; maxRows: number | undefined },
): Promise<Admitted> {
  const { role, name, path, maxRows } = data
  const place = placeOf(path, folder, demo)
  const reading = { ...(maxRows !== undefined && { maxRows }), needsQuestion: role === 'benchmark' }
  onProgress(`${role} ${name}: looking`)
  const hash = await sourceHash(place, reading)
  const key = maxRows === undefined ? hash : `${hash.slice(0, 56)}${maxRows.toString(16).padStart(8, '0')}`
  const counts = { read: 0 }
  const imported = await importSource(
    db,
    { name, path: place, hash: key },
    storedRows(readSource(place, reading), store, () => {
      counts.read += 1
      if (counts.read % 100 === 0) onProgress(`${role} ${name}: ${counts.read} rows`)
    }),
  )
  if (imported.reused && !(await hasPictures(db, store, imported.datasetId))) {
    onProgress(`${role} ${name}: imported before, its pictures not in this home`)
    for await (const item of readSource(place, reading)) if (item.ok) await storePictures(item, store)
  }
  const total = imported.failed + imported.rows
  const badLines = imported.failed === 0 ? [] : await badLinesOf(db, name, imported.datasetId)
  if (imported.rows === 0 || (100 * imported.failed) / total > recipe.limits.failedRowsPercent)
    throw new HoneError({
      type: 'InvalidSource',
      message: [
        total === 0
          ? `${role} "${name}" (${place}) has no rows`
          : `${role} "${name}" (${place}): ${imported.failed} of ${total} rows cannot be used; the limit is ${recipe.limits.failedRowsPercent} %`,
        ...badLines.map((bad) => `  ${badLineText(bad)}`),
        ...(imported.failed > badLines.length ? [`  … and ${imported.failed - badLines.length} more`] : []),
      ].join('\n'),
      nextStep: 'mend them and start again, or raise limits.failedRowsPercent; no campaign was created',
    })
  onProgress(`${role} ${name}: ${imported.rows} rows${imported.reused ? ', imported before' : ''}`)
  return { role, name, datasetId: imported.datasetId, failed: imported.failed, badLines }
}

const badLinesShown = 5

async function badLinesOf(db: Database, data: string, datasetId: string): Promise<BadLine[]> {
  const failed = await sampleRows(db, datasetId, badLinesShown, 'failed')
  return failed
    .map(({ metadata: { line }, reason, detail }) => ({
      data,
      line: typeof line === 'number' ? line : null,
      reason: reason ?? '',
      detail: detail ?? '',
    }))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
}

/** `line 3: image-broken, the picture cannot be decoded: …` */
export const badLineText = ({ line, reason, detail }: BadLine): string => `line ${line ?? '?'}: ${reason}, ${detail}`

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

/** Rows are in a database that several homes may share; pictures are in a home. */
async function hasPictures(db: Database, store: ArtifactStore, datasetId: string): Promise<boolean> {
  for await (const { images } of streamRows(db, datasetId))
    if (!images.every((hash) => existsSync(store.imagePath(hash)))) return false
  return true
}

const storePictures = (item: Extract<SourceItem, { ok: true }>, store: ArtifactStore) =>
  Promise.all(
    item.images.map(async ({ path, width, height, bytes, mediaType, fingerprint }) => {
      const { hash } = await store.putImage(await readFile(path))
      return { hash, width, height, bytes, mediaType, fingerprint }
    }),
  )

async function goodRow(item: Extract<SourceItem, { ok: true }>, store: ArtifactStore): Promise<SourceRow> {
  const { id, question, answer, kind, choices, precision, policy, metadata } = item.value
  const images = await storePictures(item, store)
  return {
    sourceId: id,
    images,
    question: question ?? '',
    answer: answer ?? null,
    kind,
    choices: choices ?? null,
    precision: precision ?? null,
    policy: policy ?? null,
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
    precision: item.value?.precision ?? null,
    policy: item.value?.policy ?? null,
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
