import { DefaultLogger } from '@temporalio/worker'
import { MockActivityEnvironment } from '@temporalio/testing'
import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import type { Deps } from '../../activities/deps.ts'
import { finishEvaluation, openEvaluation, runEvaluationShard } from '../../activities/evaluation.ts'
import { parseRecipe, recipeHash } from '../../recipes/read-recipe.ts'
import { settleBaseModel } from '../../db/base-models.ts'
import { insertCampaign } from '../../db/campaigns.ts'
import { openRound } from '../../db/rounds.ts'
import { listScores } from '../../db/scores.ts'
import { importSource } from '../../db/sources.ts'
import type { SourceRow } from '../../db/sources.ts'
import { runningSteps } from '../../db/step-progress.ts'
import { scoreIdentity, scoreIdentitySchema } from '../../evaluation/score-identity.ts'
import { judgePromptHash } from '../../verifier/judge/prompt.ts'
import { testPlaces } from '../jobs/places.ts'
import { changeHistory, openTestDatabase, sourceLines } from '../db/world.ts'
import { FakeEndpoint, lastText } from '../models/fake-endpoint.ts'

const served = vi.hoisted(() => ({ url: '' }))
vi.mock('../../activities/serving.ts', () => ({ servedCheckpoint: () => Promise.resolve([served.url]) }))

let database: Awaited<ReturnType<typeof openTestDatabase>>
let model: FakeEndpoint
let judge: FakeEndpoint
/** Pixel limits of the pictures that were asked for. */
let pixelLimits: number[] = []

beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  pixelLimits = []
  ;[model, judge] = await Promise.all([new FakeEndpoint().start(), new FakeEndpoint().start()])
  served.url = model.url
  model.reply = (request) =>
    `<think>x</think><answer>${answers[/item-(\w+)/.exec(lastText(request))?.[1] ?? '']}</answer>`
  judge.reply = (request) => (lastText(request).includes('morning') ? 'The same.\ntier: correct' : 'Looks right to me.')
})
afterEach(() => Promise.all([model.stop(), judge.stop()]))

// FakeStore: it claims to hold the base model. Nothing reads the model.
const storeWithBase: Deps['store'] = Object.assign(Object.create(null), {
  hasCheckpoint: () => Promise.resolve(true),
  checkpointPath: (hash: string) => `/store/${hash}`,
})

const gold = 'Because it rained heavily during the whole night before'
/** The model's answer to each item: numbers, and free text for all other items. */
const answers: Record<string, string> = {
  right: '3',
  wrong: '4',
  judged: 'A lot of rain came down before the morning',
  prose: 'A lot of rain came down in the night',
  rule: 'There was rain before this morning',
}

/** All campaigns share their replies. The name in the questions gives each campaign its own. */
const items = (campaign: string): SourceRow[] =>
  Object.entries(answers).flatMap(([name, answer]) =>
    sourceLines(1, name).map((line) => ({
      ...line,
      question: `What about item-${name} in ${campaign}?`,
      answer: answer.length === 1 ? '3' : gold,
      kind: answer.length === 1 ? ('number' as const) : ('text' as const),
      metadata: name === 'rule' ? { reward: 'rule' } : {},
    })),
  )

/** The base model's evaluation of a campaign whose benchmark has these options. */
async function evaluation(campaign: string, options = ', judge: checker') {
  const { db } = database
  const text = `hone: 1
campaign: ${campaign}
baseModel: { path: some/model }
endpoints:
  checker: { url: '${judge.url}', model: grader-1 }
sources: { seed: { path: ./data } }
benchmarks:
  dev: { path: ./dev, role: dev${options} }
rounds: { count: 1, first: [{ step: sft, from: seed, learningRate: 1.0e-5, steps: 1 }] }
`
  const recipe = parseRecipe(text, { file: 'mine.yaml' })
  await insertCampaign(db, { id: campaign, recipe, recipeHash: recipeHash(recipe), recipeSource: text, folder: '/x' })
  await openRound(db, { campaign, number: 0, parent: null })
  const base = { id: 'ba5e'.repeat(16), path: '/base', bytes: 1, origin: { from: 'demo' as const } }
  await settleBaseModel(db, campaign, base, 'test')
  const hash = Buffer.from(campaign.padEnd(16, '.')).toString('hex')
  await importSource(db, { name: 'dev', path: '/dev', hash, campaign, role: 'benchmark' }, items(campaign))
  const deps: Pick<Deps, 'db' | 'images' | 'shutdown'> & Partial<Deps> = {
    db,
    images: {
      dataUrl: (_, { maxPixels }) => {
        pixelLimits.push(maxPixels)
        return Promise.resolve('data:image/png;base64,')
      },
    },
    store: storeWithBase,
    places: testPlaces('/nowhere'),
    trainers: {},
    servers: {},
    demo: null,
    shutdown: new AbortController().signal,
  }
  const ref = { campaign, round: 0, step: 'evaluate' }
  const activity = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })
  return {
    db,
    open: () => activity.run(() => openEvaluation(deps as Deps, ref)),
    runShard: () => activity.run(() => runEvaluationShard(deps as Deps, { ...ref, shard: 0 })),
    finish: () => activity.run(() => finishEvaluation(deps as Deps, ref)),
    score: async () => (await listScores(db, campaign))[0]!,
    forget: () =>
      changeHistory(
        db,
        sql`delete from score_items where score_id in (select id from scores where campaign_id = ${campaign})`,
        sql`delete from scores where campaign_id = ${campaign}`,
      ),
    reasons: async () => {
      const found = await db.execute<{ question: string; verdict: string; reason: string }>(
        sql`select r.question, i.verdict, i.reason from score_items i join scores s on s.id = i.score_id
          join rows r on r.id = i.item_id where s.campaign_id = ${campaign}`,
      )
      return Object.fromEntries(
        found.rows.map((row) => [/item-(\w+)/.exec(row.question)?.[1], `${row.verdict} ${row.reason}`]),
      )
    },
  }
}

it('asks the judge about cases that rules leave open, while items are answered, and asks no model again in grading', async () => {
  const evaluated = await evaluation('judged')
  expect(await evaluated.open()).toMatchObject({ shards: 1 })
  expect(await evaluated.runShard()).toMatchObject({ rowsIn: 5, kept: 5, failed: 0 })
  // One call for the reply that can be read, and two calls for the reply that cannot be read.
  expect(judge.requests).toHaveLength(3)
  expect(await runningSteps(evaluated.db, 'judged')).toMatchObject([{ done: 5, total: 5 }])

  expect(await evaluated.finish()).toMatchObject([{ benchmark: 'dev', n: 5, accuracy: 0.4 }])
  expect(await evaluated.reasons()).toEqual({
    right: 'correct same-text',
    wrong: 'incorrect different-number',
    judged: 'correct judged-correct',
    prose: 'unverifiable judge-unreadable',
    rule: 'unverifiable free-text',
  })
  const score = await evaluated.score()
  expect(score).toMatchObject({ correct: 2, unverifiable: 2 })
  expect(score.identity).toMatchObject({ judge: `judge-${judgePromptHash}/grader-1` })

  // A retry after the score was kept, and one after it was lost on the way.
  await evaluated.finish()
  await evaluated.forget()
  expect(await evaluated.finish()).toMatchObject([{ n: 5, accuracy: 0.4 }])
  expect(await evaluated.score()).toMatchObject({ identityHash: score.identityHash, correct: 2, unverifiable: 2 })
  expect(judge.requests).toHaveLength(3)
  expect(model.requests).toHaveLength(5)
})

it('grades by rules alone without a judge, under the identity of earlier scores by rules', async () => {
  const evaluated = await evaluation('plain', '')
  await evaluated.open()
  await evaluated.runShard()
  expect(await evaluated.finish()).toMatchObject([{ n: 5, accuracy: 0.2 }])
  const { identity, identityHash, unverifiable } = await evaluated.score()
  expect(unverifiable).toBe(3)
  const { hash: _, ...parts } = identity as Record<string, unknown>
  expect(scoreIdentity({ ...scoreIdentitySchema.parse(parts), judge: null }).hash).toBe(identityHash)
  expect(parts).toMatchObject({
    decoding: { temperature: 0, topP: 1, maxTokens: 2048, samples: 1 },
    imageLimits: { minPixels: null, maxPixels: 1_003_520 },
  })
  expect(judge.requests).toHaveLength(0)
})

it('asks with top-p and pixel limit of the benchmark, names both in the identity, and finds its replies', async () => {
  const evaluated = await evaluation('decoded', ', temperature: 0.6, topP: 0.95, imageMaxPixels: 12845056')
  await evaluated.open()
  await evaluated.runShard()
  expect(model.requests.map(({ top_p }) => top_p)).toEqual([0.95, 0.95, 0.95, 0.95, 0.95])
  expect(new Set(pixelLimits)).toEqual(new Set([12_845_056]))
  // Grading finds every reply, so asking and grading use the same keys.
  await evaluated.finish()
  expect(Object.values(await evaluated.reasons())).not.toContain('unverifiable no-reply')
  expect((await evaluated.score()).identity).toMatchObject({
    decoding: { temperature: 0.6, topP: 0.95, maxTokens: 2048, samples: 1 },
    imageLimits: { minPixels: null, maxPixels: 12_845_056 },
  })
})

it('asks again at the end about calls that failed while items were answered, and counts a second failure as an abstention', async () => {
  const evaluated = await evaluation('failing')
  await evaluated.open()
  judge.misbehave = () => ({ status: 400 })
  expect(await evaluated.runShard()).toMatchObject({ kept: 5, failed: 0 })
  judge.misbehave = (_, request) => (lastText(request).includes('morning') ? undefined : { status: 400 })
  expect(await evaluated.finish()).toMatchObject([{ accuracy: 0.4 }])
  expect(await evaluated.reasons()).toMatchObject({
    judged: 'correct judged-correct',
    prose: 'unverifiable judge-http-400',
  })
})

it('ends with an error when the judge refuses every case, instead of a low score', async () => {
  const evaluated = await evaluation('refused')
  await evaluated.open()
  judge.misbehave = () => ({ status: 401 })
  await expect(evaluated.runShard()).rejects.toMatchObject({ type: 'EndpointRefused', nonRetryable: true })
  await expect(evaluated.finish()).rejects.toMatchObject({ type: 'EndpointRefused' })
  expect(await evaluated.score()).toBeUndefined()
})
