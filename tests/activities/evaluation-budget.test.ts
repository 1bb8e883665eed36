import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import type { Deps } from '../../activities/deps.ts'
import { recordCommand } from '../../activities/campaign-io.ts'
import { finishEvaluation, openEvaluation, runEvaluationShard } from '../../activities/evaluation.ts'
import { openRound } from '../../db/rounds.ts'
import { spentBy } from '../../db/spending.ts'
import { openTestDatabase } from '../db/world.ts'
import { FakeEndpoint } from '../models/fake-endpoint.ts'
import { importDev, inActivity, insertRecipe } from './campaign.ts'

const served = vi.hoisted(() => ({ url: '' }))
vi.mock('../../activities/serving.ts', () => ({ servedCheckpoint: () => Promise.resolve([served.url]) }))

let database: Awaited<ReturnType<typeof openTestDatabase>>
let model: FakeEndpoint
let judge: FakeEndpoint

beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  ;[model, judge] = await Promise.all([new FakeEndpoint().start(), new FakeEndpoint().start()])
  served.url = model.url
  model.reply = () => '<answer>A lot of rain came down before the morning</answer>'
  judge.reply = () => 'Not the same.\ntier: wrong'
})
afterEach(() => Promise.all([model.stop(), judge.stop()]))

const items = 120

/** An evaluation on 120 items, one request at a time, under a budget of requests. */
async function evaluation(campaign: string, requests: number, dev = '{ path: ./dev, role: dev }') {
  const { db } = database
  await insertRecipe(db, campaign, {
    steps: ['{ step: dedupe, from: seed }', '{ step: evaluate, concurrency: 1 }'],
    more: [
      `endpoints: { checker: { url: '${judge.url}', model: grader-1, concurrency: 1 } }`,
      `limits: { budget: { requests: ${requests} }, shardRows: 128 }`,
    ],
    dev,
  })
  await openRound(db, { campaign, number: 1, parent: 0 })
  // Rules cannot decide free text.
  await importDev(db, campaign, items, { kind: 'text', answer: 'Because it rained heavily during the whole night' })
  // FakeStore: it claims to hold the base model. Nothing reads the model.
  const store = { hasCheckpoint: () => Promise.resolve(true), checkpointPath: (id: string) => `/store/${id}` }
  const deps = {
    db,
    store,
    images: { dataUrl: () => Promise.resolve('data:image/png;base64,') },
    demo: null,
    shutdown: new AbortController().signal,
  } as unknown as Deps
  const ref = { campaign, round: 1, step: 'evaluate' }
  await openEvaluation(deps, ref)
  return {
    db,
    runShard: () => inActivity(() => runEvaluationShard(deps, { ...ref, shard: 0 })),
    finish: () => inActivity(() => finishEvaluation(deps, ref)),
    raise: (budget: number) =>
      recordCommand(db, {
        campaign,
        kind: 'resumed',
        who: 'ada',
        why: null,
        dedupeKey: `${campaign}/resumed/${budget}`,
        budget: { requests: budget },
      }),
    paid: async () => (await spentBy(db, campaign)).reduce((sum, each) => sum + each.requests, 0),
  }
}

it('begins no item once the budget is reached, keeps paid replies, and goes on with a larger budget', async () => {
  const run = await evaluation('stopped', 20)
  await expect(run.runShard()).rejects.toMatchObject({
    type: 'BudgetReached',
    nonRetryable: true,
    message: expect.stringMatching(/^the budget is reached: \d+ of 20 requests/),
  })
  // Items that had begun when the budget was reached are paid for too.
  const paid = await run.paid()
  expect(paid).toBeGreaterThanOrEqual(20)
  expect(paid).toBeLessThan(items)
  await expect(run.runShard()).rejects.toMatchObject({ type: 'BudgetReached' })
  expect(model.requests).toHaveLength(paid)

  await run.raise(1000)
  expect(await run.runShard()).toMatchObject({ rowsIn: items, kept: items, failed: 0 })
  expect(model.requests).toHaveLength(items)
})

it('counts the judge’s replies too', async () => {
  const run = await evaluation('judged', 20, '{ path: ./dev, role: dev, judge: checker }')
  await expect(run.runShard()).rejects.toMatchObject({ type: 'BudgetReached' })
  expect(judge.requests.length).toBeGreaterThan(0)
  expect(await run.paid()).toBe(model.requests.length + judge.requests.length)
  expect(model.requests.length).toBeLessThan(items)
})

it('grades at the end although the budget is reached by then, because stored replies are free', async () => {
  const run = await evaluation('graded', items, '{ path: ./dev, role: dev }')
  expect(await run.runShard()).toMatchObject({ kept: items })
  expect(await run.finish()).toMatchObject([{ benchmark: 'dev', n: items }])
})
