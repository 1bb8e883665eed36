import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Deps } from '../../activities/deps.ts'
import { evidenceIn, overviewOf } from '../../activities/evidence.ts'
import { stepOfRound } from '../../activities/recipes.ts'
import { createStepMemory } from '../../activities/step-memory.ts'
import { dataStepNamed } from '../../data/steps/registry.ts'
import type { DataStep } from '../../data/steps/step.ts'
import { openDataset, sealDataset } from '../../db/datasets.ts'
import { openRound } from '../../db/rounds.ts'
import { sampleRows } from '../../db/rows.ts'
import { openStep } from '../../db/steps.ts'
import { keepAll, openTestDatabase } from '../db/world.ts'
import { importDev, importSeed, insertRecipe } from './campaign.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

const steps = [
  '{ step: rate, from: seed, endpoint: teacher }',
  '{ step: dedupe, from: rate }',
  '{ step: decontaminate, from: dedupe }',
  '{ step: grade-difficulty, from: decontaminate, evidence: [seed, rate] }',
  '{ step: clean, from: grade-difficulty }',
]

/** Round 1 of a campaign whose source, benchmark and rated rows are there. */
async function rated(campaign: string) {
  const { db } = database
  const more = ["endpoints: { teacher: { url: 'http://localhost:9/v1', model: big } }"]
  await insertRecipe(db, campaign, { steps: [...steps, '{ step: rl }'], more })
  await openRound(db, { campaign, number: 1, parent: 0 })
  const seed = await importSeed(db, campaign, 3)
  await importDev(db, campaign, 2)
  const rate = { campaign, round: 1, name: 'rate', kind: 'rate', ordinal: 0, spec: {}, inputs: [seed] }
  const { stepId } = await openStep(db, rate)
  const id = `${campaign}/1/rate`
  await openDataset(db, { id, stepId, name: 'rate' })
  const rows = (await sampleRows(db, seed, 3)).map((row) => row.id)
  await keepAll(db, id, rows)
  await sealDataset(db, id)
  // FakeStore: the test opens no picture.
  const store: Deps['store'] = Object.create(null)
  const deps: Pick<Deps, 'db' | 'memory'> = { db, memory: createStepMemory({ db, store }) }
  const refOf = (step: string) => ({ campaign, round: 1, step })
  return {
    weighed: async (step: string) =>
      (await evidenceIn(db, refOf(step), await stepOfRound(db, refOf(step)))).map(({ name }) => name),
    overview: async (step: string, definition: DataStep = dataStepNamed(step)) =>
      await overviewOf(deps as Deps, refOf(step), await stepOfRound(db, refOf(step)), definition),
  }
}

it('is the datasets that a step names, its own inputs, or all benchmarks', async () => {
  const { weighed } = await rated('which')
  expect(await weighed('grade-difficulty')).toEqual(['seed', 'rate'])
  expect(await weighed('dedupe')).toEqual(['rate'])
  expect(await weighed('decontaminate')).toEqual(['dev'])
  expect(await weighed('clean')).toEqual([])
})

it('is reduced once for all shards of a step, and never for a step without evidence', async () => {
  const { overview } = await rated('once')
  const [first, second] = await Promise.all([overview('grade-difficulty'), overview('grade-difficulty')])
  expect(first).toBeDefined()
  expect(second).toBe(first)
  expect(await overview('grade-difficulty')).toBe(first)
  expect(await overview('clean')).toBeUndefined()
})

it('is reduced again after a failure', async () => {
  const { overview } = await rated('failing')
  const step = dataStepNamed('grade-difficulty')
  let tries = 0
  // FakeReduce: fails at the first try, as a lost connection does.
  const failing = {
    ...step,
    evidence: {
      async reduce(rows: AsyncIterable<unknown>) {
        if (tries++ === 0) throw new Error('the connection was lost')
        let count = 0
        for await (const _ of rows) count += 1
        return count
      },
    },
  } as DataStep
  await expect(overview('grade-difficulty', failing)).rejects.toThrow('the connection was lost')
  // Three rows of the source, and three rated ones.
  expect(await overview('grade-difficulty', failing)).toBe(6)
})
