import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { settleBaseModel } from '../../db/base-models.ts'
import { insertCampaign } from '../../db/campaigns.ts'
import type { Database } from '../../db/database.ts'
import { closeRound, openRound } from '../../db/rounds.ts'
import { sampleRows } from '../../db/rows.ts'
import { saveScore } from '../../db/scores.ts'
import { importSource } from '../../db/sources.ts'
import type { SourceRow } from '../../db/sources.ts'
import { finishStep, openStep } from '../../db/steps.ts'
import { wilson } from '../../evaluation/statistics.ts'
import { parseRecipe, recipeHash } from '../../recipes/read-recipe.ts'
import { sourceLines } from '../db/world.ts'

/** Id of the base weights that {@link insertRecipe} records. */
export const baseId = 'ba5e'.repeat(16)

/** Runs the body of an activity, as a worker would. */
export function inActivity<Result>(body: () => Promise<Result>): Promise<Result> {
  return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(body)
}

interface RecipeParts {
  /** Steps of every round, as YAML in one line each. */
  steps: readonly string[]
  /** More of the recipe, as YAML in one line each. */
  more?: readonly string[]
  count?: number
  /** The benchmark, as YAML. */
  dev?: string
  /** Base weights. Left out: made-up weights. */
  base?: { id: string; path: string; bytes: number }
}

/**
 * A campaign on settled base weights, with an open round 0. It reads the source `seed` and the
 * benchmark `dev`.
 */
export async function insertRecipe(
  db: Database,
  campaign: string,
  {
    steps,
    more = [],
    count = 9,
    dev = '{ path: ./dev, role: dev }',
    base = { id: baseId, path: '/base', bytes: 1 },
  }: RecipeParts,
): Promise<void> {
  const text = [
    'hone: 1',
    `campaign: ${campaign}`,
    'baseModel: { path: some/model }',
    'sources: { seed: { path: ./data } }',
    `benchmarks: { dev: ${dev} }`,
    ...more,
    `rounds: { count: ${count}, first: [${steps.join(', ')}] }`,
  ].join('\n')
  const recipe = parseRecipe(text, { file: 'mine.yaml' })
  await insertCampaign(db, { id: campaign, recipe, recipeHash: recipeHash(recipe), recipeSource: text, folder: '/x' })
  await openRound(db, { campaign, number: 0, parent: null })
  await settleBaseModel(db, campaign, { ...base, origin: { from: 'demo' } }, 'test')
}

/** The picture of the source `seed`. A test that needs its file puts it into its store. */
export const seedImage = { hash: '1a'.repeat(32), width: 56, height: 56, bytes: 900, mediaType: 'image/png' }

/**
 * Adds rows to the source `seed`. Their picture has a name as in a store. Returns the dataset's id.
 */
export async function importSeed(db: Database, campaign: string, rows: number): Promise<string> {
  const lines = sourceLines(rows, campaign).map((line) => ({ ...line, images: [seedImage] }))
  const hash = Buffer.from(`seed-${campaign}`.padEnd(16, '.')).toString('hex')
  return (await importSource(db, { name: 'seed', path: '/data', hash, campaign }, lines)).datasetId
}

/** Adds items with the fields of `change` to the benchmark `dev`. Returns their ids in order. */
export async function importDev(
  db: Database,
  campaign: string,
  items: number,
  change: Partial<SourceRow> = {},
): Promise<string[]> {
  const hash = Buffer.from(`dev-${campaign}`.padEnd(16, '.')).toString('hex')
  const file = { name: 'dev', path: '/dev', hash, campaign, role: 'benchmark' as const }
  const { datasetId } = await importSource(
    db,
    file,
    sourceLines(items, campaign).map((line) => ({ ...line, ...change })),
  )
  return (await sampleRows(db, datasetId, items)).map(({ id }) => id)
}

/**
 * Records a score of a round on `dev`, as an `evaluate` step does. `right` holds for each item
 * whether the answer is right.
 */
export async function scoreRound(
  db: Database,
  { campaign, round, items }: { campaign: string; round: number; items: readonly string[] },
  right: (index: number) => boolean,
): Promise<void> {
  const step = { campaign, round, name: 'evaluate', kind: 'evaluate', ordinal: 1, spec: {}, inputs: [] }
  const { stepId } = await openStep(db, step)
  const graded = items.map((itemId, index) => ({
    itemId,
    correct: right(index),
    verdict: right(index) ? ('correct' as const) : ('incorrect' as const),
    reason: 'same-number',
    extracted: null,
    requestKey: null,
    truncated: false,
  }))
  const correct = graded.filter((item) => item.correct).length
  await saveScore(db, {
    campaign,
    round,
    stepId,
    checkpointId: baseId,
    benchmark: 'dev',
    role: 'dev',
    identity: {},
    identityHash: 'i',
    accuracy: correct / items.length,
    ...wilson(correct, items.length),
    items: graded,
  })
  await finishStep(db, stepId, 'done')
}

/** Round 0, closed on the base weights. */
export async function closeBase(db: Database, campaign: string): Promise<void> {
  await closeRound(db, { campaign, number: 0, status: 'closed', checkpointId: baseId })
}
