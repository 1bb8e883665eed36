import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openDataStep } from '../../activities/data-steps.ts'
import type { Deps } from '../../activities/deps.ts'
import { parseRecipe, recipeHash } from '../../recipes/read-recipe.ts'
import { insertCampaign } from '../../db/campaigns.ts'
import { checkpointLineage } from '../../db/checkpoint-lineage.ts'
import { recordCheckpoint } from '../../db/checkpoints.ts'
import { openDataset, sealDataset } from '../../db/datasets.ts'
import { recordIntent } from '../../db/jobs.ts'
import { rowLineage } from '../../db/lineage.ts'
import { openRound } from '../../db/rounds.ts'
import { commitOutcomes } from '../../db/outcomes.ts'
import { sampleRows } from '../../db/rows.ts'
import { findStep, finishStep, openStep, stepCounts, stepInputIds } from '../../db/steps.ts'
import { importLines, keepAll, kept, openTestDatabase } from '../db/world.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  world = await openTestDatabase()
})
afterAll(() => world.close())

const activity = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })

it('leads from graded rows to the datasets of the grades, and takes no rows from those datasets', async () => {
  const { db } = world
  const campaign = 'graded'
  const text = `hone: 1
campaign: ${campaign}
baseModel: { path: some/model }
endpoints:
  teacher: { url: 'http://localhost:9/v1', model: big }
sources: { seed: { path: ./data } }
rounds:
  count: 1
  first:
    - { step: rate, from: seed, endpoint: teacher }
    - { step: grade-difficulty, from: seed, evidence: [seed, rate] }
    - { step: rl, from: grade-difficulty }
`
  const recipe = parseRecipe(text, { file: 'mine.yaml' })
  await insertCampaign(db, { id: campaign, recipe, recipeHash: recipeHash(recipe), recipeSource: text, folder: '/x' })
  await openRound(db, { campaign, number: 0, parent: null })
  await openRound(db, { campaign, number: 1, parent: 0 })
  const { datasetId: seed } = await importLines(db, 3, 'seed', campaign)
  const rows = (await sampleRows(db, seed, 3)).map(({ id }) => id)

  const rating = { campaign, round: 1, name: 'rate', kind: 'rate', ordinal: 0, spec: {}, inputs: [seed] }
  const rate = await openStep(db, rating)
  const rated = `${campaign}/1/rate`
  await openDataset(db, { id: rated, stepId: rate.stepId, name: 'rate' })
  await keepAll(db, rated, rows)
  await sealDataset(db, rated)
  await finishStep(db, rate.stepId, 'done')

  const deps: Pick<Deps, 'db'> = { db }
  const ref = { campaign, round: 1, step: 'grade-difficulty' }
  const open = () => activity.run(() => openDataStep(deps as Deps, ref))
  expect(await open()).toMatchObject({ shards: 1, isDone: false })
  const grade = await findStep(db, campaign, 1, ref.step)
  const stepId = grade?.id ?? 0
  // A step of an older version has no evidence on record. Opening the step again records it.
  await db.execute(`delete from step_evidence where step_id = ${stepId}`)
  await open()
  expect(await stepInputIds(db, stepId)).toEqual([seed])
  expect(await stepCounts(db, stepId)).toMatchObject({ rowsIn: 3 })

  const graded = `${campaign}/1/grade-difficulty`
  await commitOutcomes(
    db,
    graded,
    rows.map((id) => kept(id)),
  )
  await sealDataset(db, graded)
  const rl = { campaign, round: 1, name: 'rl', kind: 'rl', ordinal: 2, spec: {}, inputs: [graded] }
  const training = await openStep(db, rl)
  const job = { kind: 'rl', backend: 'trl', launcher: 'local', specHash: 's', spec: {} } as const
  await recordIntent(db, { ...job, jobId: `${campaign}/1/rl`, stepId: training.stepId })
  const weights = 'ab'.repeat(32)
  const madeBy = { stepId: training.stepId, jobId: `${campaign}/1/rl`, startCheckpointId: null }
  await recordCheckpoint(db, { id: weights, path: '/store/ab', bytes: 1, madeBy })

  const tree = await checkpointLineage(db, weights)
  expect(tree.publications[0]?.datasets).toMatchObject([
    {
      id: graded,
      inputs: [{ id: seed, repeated: false }],
      evidence: [
        { id: rated, repeated: false, inputs: [{ id: seed, repeated: true }], evidence: [] },
        { id: seed, repeated: true },
      ],
    },
  ])
  const [row] = await sampleRows(db, graded, 1)
  const { chain } = await rowLineage(db, row?.id ?? '')
  expect(chain.map(({ evidence }) => evidence)).toEqual([[rated, seed], []])
})
