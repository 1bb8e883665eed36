import { existsSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { countOwnLines } from '../data/import/count-rows.ts'
import { groupFieldOf } from '../data/steps/registry.ts'
import { baseModelName } from '../demo/base-model.ts'
import { demoBaseModel, looksLikeHubId } from '../domain/base-model.ts'
import { HoneError } from '../domain/errors.ts'
import { importPrefix } from '../domain/ids.ts'
import { parseJson } from '../domain/json-text.ts'
import type { BaseModelSpec, Recipe } from '../domain/recipe/recipe.ts'
import { familyOfFolder, familyOfName } from '../trainers/model-family.ts'
import type { ModelFamily } from '../trainers/model-family.ts'
import { limitsOf } from '../trainers/source-problem.ts'
import { rowLooker } from './plan-problems.ts'
import { modelFromName } from '../plan/known.ts'
import type { Known, KnownModel, KnownRows } from '../plan/known.ts'
import { cachePaths } from '../services/home.ts'
import type { Hub } from '../services/hub.ts'
import { trainerFolder } from '../services/python.ts'
import { worldFolder } from '../services/stack/demo-world.ts'
import type { FiguresWanted } from '../views/import-figures.ts'

export interface KnownPlaces {
  /** Folder of the recipe: its paths are relative to it. */
  folder: string
  home: string
  cache: string
  /**
   * Counts the rows that were imported under a name; null when there are none, or no database to
   * ask.
   */
  countImport: (name: string, wanted: FiguresWanted) => Promise<KnownRows | null>
  /** Asked how large a base model is that has no folder here. */
  hub: Pick<Hub, 'look'>
}

/**
 * What can be known before a run, without changing anything: the lines of the files that are there,
 * the size of the base model's weights, and row counts that the user states by name, which count
 * before the file's. Throws InvalidInput for a stated name that is neither source nor benchmark.
 */
export async function knownBefore(
  recipe: Recipe,
  places: KnownPlaces,
  stated: ReadonlyMap<string, number>,
): Promise<Known & { badLines: { name: string; lines: number }[] }> {
  const names = [...Object.keys(recipe.sources), ...Object.keys(recipe.benchmarks)]
  for (const name of stated.keys())
    if (!names.includes(name))
      throw new HoneError({
        type: 'InvalidInput',
        message: `--rows ${name}: the recipe has neither a source nor a benchmark of this name`,
        nextStep: `name one of ${names.join(', ')}`,
      })
  const badLines: { name: string; lines: number }[] = []
  const family = await familyOf(recipe.baseModel, places)
  const limits = limitsOf(recipe, family)
  const wanted = {
    fields: groupFields(recipe),
    limits: limits && { tokens: family.tokens, maxRatio: family.maxRatio, fileMarks: limits.fileMarks },
  }
  const count = async (name: string, path: string, maxRows: number | undefined, needsQuestion: boolean) => {
    const rows = stated.get(name)
    const limit = maxRows ?? Number.POSITIVE_INFINITY
    if (rows !== undefined) return { rows: Math.min(rows, limit), questionCharacters: null, images: null }
    if (path.startsWith(importPrefix)) {
      const imported = await places.countImport(path.slice(importPrefix.length), wanted)
      return imported ?? (maxRows === undefined ? undefined : limitAlone(maxRows))
    }
    const looker = limits && !needsQuestion ? rowLooker(limits) : null
    const counted = await countOwnLines(placeOf(path, places), {
      ...(maxRows !== undefined && { maxRows }),
      needsQuestion,
      fields: wanted.fields,
      ...(looker && { problem: looker.problem }),
    })
    if (counted && counted.badLines > 0) badLines.push({ name, lines: counted.badLines })
    if (counted) return { ...counted, ...(looker && { unseenPictures: looker.unseen() }) }
    return maxRows === undefined ? undefined : limitAlone(maxRows)
  }
  const sources: Record<string, KnownRows | undefined> = {}
  for (const [name, { path, maxRows }] of Object.entries(recipe.sources))
    sources[name] = await count(name, path, maxRows, false)
  const benchmarks: Record<string, KnownRows | undefined> = {}
  for (const [name, { path, maxItems }] of Object.entries(recipe.benchmarks))
    benchmarks[name] = await count(name, path, maxItems, true)
  return { sources, benchmarks, model: await modelOf(recipe.baseModel, places), badLines }
}

const limitAlone = (maxRows: number): KnownRows => ({
  rows: maxRows,
  questionCharacters: null,
  images: null,
  isLimit: true,
})

/** Fields of the metadata that the recipe's steps group rows by. */
function groupFields(recipe: Recipe): string[] {
  const { first, next = [], at = {} } = recipe.rounds
  const steps = [first, next, ...Object.values(at)].flat()
  return steps.flatMap((step) => groupFieldOf(step) ?? [])
}

function placeOf(path: string, { folder, home }: Pick<KnownPlaces, 'folder' | 'home'>): string {
  if (!path.startsWith('demo:')) return resolve(folder, path)
  return join(worldFolder(home), `${path.slice('demo:'.length)}.jsonl`)
}

/** The family of the base model: by its folder if it is here, else by its name. */
async function familyOf({ path }: BaseModelSpec, { folder }: Pick<KnownPlaces, 'folder'>): Promise<ModelFamily> {
  return (await familyOfFolder(resolve(folder, path))) ?? familyOfName(path)
}

/** The weights in the model's folder; else what the hub says; else what its name says. */
async function modelOf(spec: BaseModelSpec, places: KnownPlaces): Promise<KnownModel | null> {
  const { path } = spec
  const place =
    path === demoBaseModel
      ? join(cachePaths(places.cache).models, baseModelName(trainerFolder))
      : resolve(places.folder, path)
  if (!existsSync(place)) return (await modelOnHub(spec, places.hub)) ?? modelFromName(path)
  const names = (await readdir(place).catch(() => [])).filter((name) => name.endsWith('.safetensors'))
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(place, name))).size))
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  return bytes === 0
    ? modelFromName(path)
    : { bytes, parameters: Math.round(bytes / (await bytesAParameter(place))), from: 'folder' }
}

/** Longest wait for the hub: a quick plan is worth more than a whole one. */
const hubPatienceMs = 15_000

/**
 * What the hub says of a model; null when it says nothing, for whatever reason: a plan needs no
 * network.
 */
async function modelOnHub({ path, revision }: BaseModelSpec, hub: Pick<Hub, 'look'>): Promise<KnownModel | null> {
  if (!looksLikeHubId(path)) return null
  const model = { repo: path, revision: revision ?? null }
  const found = await hub.look(model, AbortSignal.timeout(hubPatienceMs)).catch(() => null)
  if (found === null || found.parameters === null) return null
  return { bytes: found.weightBytes, parameters: found.parameters, from: 'hub' }
}

const modelConfig = z.object({ dtype: z.string().optional(), torch_dtype: z.string().optional() })

/**
 * The number format that the folder's configuration names, 32 bits without one, as the trainer
 * reads it.
 */
async function bytesAParameter(place: string): Promise<number> {
  const text = await readFile(join(place, 'config.json'), 'utf8').catch(() => '{}')
  const { data } = modelConfig.safeParse(parseJson(text))
  return ['bfloat16', 'float16'].includes(data?.dtype ?? data?.torch_dtype ?? '') ? 2 : 4
}
