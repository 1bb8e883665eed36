import { DefaultLogger } from '@temporalio/worker'
import { MockActivityEnvironment } from '@temporalio/testing'
import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import type { Deps } from '../../activities/deps.ts'
import { namedCheckpoint } from '../../activities/endpoints.ts'
import { finishEvaluation, openEvaluation, runEvaluationShard } from '../../activities/evaluation.ts'
import { finishSelection, openSelection } from '../../activities/selection.ts'
import { roundSummaries } from '../../activities/summaries.ts'
import { parseRecipe, recipeHash } from '../../recipes/read-recipe.ts'
import { insertCampaign } from '../../db/campaigns.ts'
import { checkpointLineage } from '../../db/checkpoint-lineage.ts'
import { checkpointOfStep, recordCheckpoint } from '../../db/checkpoints.ts'
import { recordIntent } from '../../db/jobs.ts'
import { openRound } from '../../db/rounds.ts'
import { listScores, saveScore, scoresOfEnd, scoresOfStep } from '../../db/scores.ts'
import { importSource } from '../../db/sources.ts'
import { findStep, finishStep, openStep } from '../../db/steps.ts'
import { jobKey } from '../../domain/ids.ts'
import { gradedBy } from '../../evaluation/score-identity.ts'
import { changeHistory, importLines, openTestDatabase, sourceLines } from '../db/world.ts'
import { FakeEndpoint, lastText } from '../models/fake-endpoint.ts'

const served = vi.hoisted(() => ({ url: '' }))
vi.mock('../../activities/serving.ts', () => ({ servedCheckpoint: () => Promise.resolve([served.url]) }))

let database: Awaited<ReturnType<typeof openTestDatabase>>
let model: FakeEndpoint

beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  model = await new FakeEndpoint().start()
  served.url = model.url
})
afterEach(() => model.stop())

/** Items with their number as the gold answer. */
const items = 4

/**
 * A campaign that selects and evaluates. Its RL step of two phases is over, but the step has
 * published no weights.
 */
async function selection(campaign: string) {
  const { db } = database
  const text = `hone: 1
campaign: ${campaign}
baseModel: { path: some/model }
sources: { seed: { path: ./data } }
benchmarks: { dev: { path: ./dev, role: dev } }
rounds:
  count: 1
  first:
    - { step: rl, from: seed, snapshots: { every: 5, last: 20 }, phases: [{ name: easy }, { name: hard }] }
    - { step: select-checkpoint, benchmark: dev }
    - { step: evaluate }
`
  const recipe = parseRecipe(text, { file: 'mine.yaml' })
  await insertCampaign(db, { id: campaign, recipe, recipeHash: recipeHash(recipe), recipeSource: text, folder: '/x' })
  await openRound(db, { campaign, number: 0, parent: null })
  await openRound(db, { campaign, number: 1, parent: 0 })
  // All campaigns share their replies. The name in the questions gives each campaign its own.
  const lines = sourceLines(items).map((line, index) => ({ ...line, question: `Count item-${index} in ${campaign}.` }))
  const file = { name: 'dev', path: '/dev', hash: Buffer.from(campaign).toString('hex'), campaign }
  await importSource(db, { ...file, role: 'benchmark' }, lines)
  const { datasetId } = await importLines(db, 2, `seed-${campaign}`, campaign)

  const rl = { campaign, round: 1, name: 'rl', kind: 'rl', ordinal: 0, spec: {}, inputs: [datasetId] }
  const { stepId } = await openStep(db, rl)
  const jobId = (phase: string) => jobKey(campaign, 1, 'rl', phase)
  for (const phase of ['easy', 'hard'])
    await recordIntent(db, {
      jobId: jobId(phase),
      stepId,
      kind: 'rl',
      backend: 'trl',
      launcher: 'local',
      specHash: phase,
      spec: {},
    })
  const id = (weights: string) => Buffer.from(`${campaign}:${weights}`).toString('hex').padEnd(64, '0')
  /** The weights of an optimizer step. Without a step: the weights at the end of the phase. */
  const publish = async (phase: string, weights: string, trainStep?: number) => {
    const madeBy = { stepId, jobId: jobId(phase), startCheckpointId: null, ...(trainStep && { trainStep }) }
    await recordCheckpoint(db, { id: id(weights), path: `/store/${id(weights)}`, bytes: 1, madeBy })
  }

  const deps: Pick<Deps, 'db' | 'images' | 'shutdown'> = {
    db,
    images: { dataUrl: () => Promise.resolve('data:image/png;base64,') },
    shutdown: new AbortController().signal,
  }
  const ref = { campaign, round: 1, step: 'select-checkpoint' }
  const stepOfSelection = async () => (await findStep(db, campaign, 1, ref.step))!.id
  const activity = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })
  const run = <Result>(body: () => Promise<Result>): Promise<Result> => activity.run(body)
  const candidate = (weights: string) => ({ ...ref, candidate: id(weights) })
  return {
    db,
    id,
    ref,
    deps: deps as Deps,
    stepId,
    publish,
    /** Publishes the weights of the last phase: two kept steps and the end. */
    publishAll: async () => {
      await publish('easy', 'easy-end')
      await publish('hard', 'ten', 10)
      await publish('hard', 'five', 5)
      await publish('hard', 'end')
      await finishStep(db, stepId, 'done')
    },
    open: () => openSelection(db, ref),
    finish: () => finishSelection(deps as Deps, ref, { signal: deps.shutdown, progress: () => undefined }),
    chosen: async () => (await checkpointOfStep(db, await stepOfSelection()))?.id,
    scores: async () => await scoresOfStep(db, await stepOfSelection(), 'dev'),
    /** Records the score of a candidate, without its items. */
    score: async (weights: string, accuracy: number, identityHash = 'i') => {
      await saveScore(db, {
        campaign,
        round: 1,
        stepId: await stepOfSelection(),
        checkpointId: id(weights),
        benchmark: 'dev',
        role: 'dev',
        identity: {},
        identityHash,
        accuracy,
        low: 0,
        high: 1,
        items: [],
      })
    },
    openCandidate: (weights: string) => openEvaluation(deps as Deps, candidate(weights)),
    runCandidate: (weights: string) => run(() => runEvaluationShard(deps as Deps, { ...candidate(weights), shard: 0 })),
    finishCandidate: (weights: string) => run(() => finishEvaluation(deps as Deps, candidate(weights))),
    /** The round's own evaluation, after the selection. */
    evaluate: async () => {
      const evaluation = { campaign, round: 1, step: 'evaluate' }
      await openEvaluation(deps as Deps, evaluation)
      await run(() => runEvaluationShard(deps as Deps, { ...evaluation, shard: 0 }))
      return await run(() => finishEvaluation(deps as Deps, evaluation))
    },
  }
}

it('compares the weights of the last phase in the order of their steps, the end last', async () => {
  const { open, publishAll, id } = await selection('ordered')
  await publishAll()
  expect(await open()).toEqual({
    candidates: [
      { checkpoint: id('five'), trainStep: 5 },
      { checkpoint: id('ten'), trainStep: 10 },
      { checkpoint: id('end'), trainStep: null },
    ],
    isDone: false,
  })
})

it('takes steps with the same weights for one candidate, at the latest of these steps', async () => {
  const same = await selection('same')
  await same.publish('hard', 'still', 5)
  await same.publish('hard', 'moved', 10)
  await same.publish('hard', 'moved', 15)
  await same.publish('hard', 'still')
  expect((await same.open()).candidates).toEqual([
    { checkpoint: same.id('moved'), trainStep: 15 },
    { checkpoint: same.id('still'), trainStep: null },
  ])
  await same.score('moved', 0.5)
  await same.score('still', 0.5)
  expect(await same.finish()).toMatchObject({
    checkpoint: same.id('still'),
    summary: expect.stringMatching(/^the end/),
  })
})

it('chooses the best score, and the step ends with those weights', async () => {
  const { db, ...best } = await selection('best')
  await best.publishAll()
  await best.open()
  await best.score('end', 0.5)
  await best.score('five', 0.25)
  await best.score('ten', 0.75)
  expect(await best.finish()).toEqual({
    checkpoint: best.id('ten'),
    summary: 'step 10: dev 75.0 %, best of 3 (end 50.0 %)',
  })
  expect(await best.chosen()).toBe(best.id('ten'))
  expect((await checkpointOfStep(db, best.stepId))?.id).toBe(best.id('end'))
  expect((await namedCheckpoint(best.deps, best.ref, 'select-checkpoint')).id).toBe(best.id('ten'))
  expect((await best.open()).isDone).toBe(true)
})

it('prefers the weights that were trained longest among equal scores', async () => {
  const equal = await selection('equal')
  await equal.publishAll()
  await equal.open()
  await equal.score('end', 0.5)
  await equal.score('ten', 0.75)
  await equal.score('five', 0.75)
  expect(await equal.finish()).toMatchObject({ checkpoint: equal.id('ten') })

  const flat = await selection('flat')
  await flat.publishAll()
  await flat.open()
  for (const weights of ['end', 'five', 'ten']) await flat.score(weights, 0)
  expect(await flat.finish()).toEqual({
    checkpoint: flat.id('end'),
    summary: 'the end: dev 0.0 %, best of 3 (end 0.0 %)',
  })
})

it('chooses nothing while a score is missing, and says what to do', async () => {
  const missing = await selection('missing')
  await missing.publishAll()
  await missing.open()
  await missing.score('ten', 1)
  await missing.score('end', 0.5)
  await expect(missing.finish()).rejects.toMatchObject({
    type: 'ScoresNotComparable',
    message: 'select-checkpoint: only 2 of 3 checkpoints have a score on "dev"',
    nextStep: 'resume the campaign: what is missing is measured again',
  })
  expect(await missing.chosen()).toBeUndefined()
  await missing.score('five', 0.25)
  expect(await missing.finish()).toMatchObject({ checkpoint: missing.id('ten') })
})

it('keeps its first choice, whatever is measured later', async () => {
  const again = await selection('again')
  await again.publishAll()
  await again.open()
  await again.score('five', 0.25)
  await again.score('ten', 0.75)
  await again.score('end', 0.5)
  const first = await again.finish()
  expect(await again.finish()).toEqual(first)
  await again.score('end', 1, 'another way')
  // The summary describes the weights that the round uses. A score that was measured in another way
  // is compared with no other.
  expect(await again.finish()).toEqual({
    checkpoint: again.id('ten'),
    summary: 'step 10: dev 75.0 %, best of 3 (end 50.0 %)',
  })
  expect(await again.chosen()).toBe(again.id('ten'))
})

it('measures each candidate with its own weights, once, and keeps its scores out of the round', async () => {
  const { db, ...measured } = await selection('measured')
  await measured.publishAll()
  await measured.open()
  const right: Record<string, number> = { five: 1, ten: 3, end: 2 }
  model.reply = (request) => {
    const weights = Object.keys(right).find((name) => request.model === `checkpoint-${measured.id(name)}`) ?? ''
    const item = Number(/item-(\d)/.exec(lastText(request))?.[1])
    return `<think>x</think><answer>${item < (right[weights] ?? 0) ? item : 99}</answer>`
  }
  for (const weights of ['five', 'ten', 'end']) {
    expect(await measured.openCandidate(weights)).toMatchObject({ shards: 1, isDone: false })
    expect(await measured.runCandidate(weights)).toMatchObject({ rowsIn: items, kept: items, failed: 0 })
    const [score] = await measured.finishCandidate(weights)
    expect(score).toMatchObject({ benchmark: 'dev', n: items, accuracy: right[weights]! / items })
    expect(await measured.openCandidate(weights)).toMatchObject({ isDone: true })
    expect(await findStep(db, 'measured', 1, 'select-checkpoint')).toMatchObject({ status: 'running' })
  }
  expect(await measured.finish()).toMatchObject({ checkpoint: measured.id('ten') })
  // Measuring a candidate again finds its score and sends no request.
  await measured.finishCandidate('five')
  expect((await measured.scores()).map((score) => score.checkpointId)).toEqual(
    ['five', 'ten', 'end'].map((weights) => measured.id(weights)),
  )
  expect(model.requests).toHaveLength(3 * items)

  expect(await scoresOfEnd(db, 'measured', 1, 'dev')).toEqual([])
  expect(await listScores(db, 'measured')).toEqual([])
  expect((await roundSummaries(db, 'measured')).map(({ scores }) => scores)).toEqual([[], []])

  // The round evaluates the chosen weights with replies that are paid for already.
  expect(await measured.evaluate()).toMatchObject([{ accuracy: 0.75 }])
  expect(model.requests).toHaveLength(3 * items)
  const own = await listScores(db, 'measured')
  expect(own).toMatchObject([{ checkpointId: measured.id('ten') }])
  expect((await scoresOfEnd(db, 'measured', 1, 'dev'))[0]?.id).toBe(own[0]?.id)
  expect((await roundSummaries(db, 'measured'))[1]?.scores).toMatchObject([{ benchmark: 'dev', accuracy: 0.75 }])
})

it('grades stored replies again where candidates were graded by different versions, and asks nobody', async () => {
  const { db, ...measured } = await selection('upgraded')
  await measured.publishAll()
  await measured.open()
  model.reply = (request) => {
    const isTen = request.model === `checkpoint-${measured.id('ten')}`
    const item = /item-(\d)/.exec(lastText(request))?.[1]
    return `<think>x</think><answer>${isTen ? 99 : item}</answer>`
  }
  for (const weights of ['five', 'ten', 'end']) {
    await measured.openCandidate(weights)
    await measured.runCandidate(weights)
    await measured.finishCandidate(weights)
  }
  const asked = model.requests.length
  // As if version 2.0.0 had taken every answer of the worst candidate.
  const worst = (await measured.scores()).find(({ checkpointId }) => checkpointId === measured.id('ten'))!
  const identity = gradedBy(worst.identity, { graderVersion: '2.0.0', judge: null })!
  await changeHistory(
    db,
    sql`
    update scores set accuracy = 1.5, identity = ${JSON.stringify(identity)}, identity_hash = ${identity.hash}
    where id = ${worst.id}`,
  )
  expect(await measured.finish()).toEqual({
    checkpoint: measured.id('end'),
    summary: 'the end: dev 100.0 %, best of 3 (end 100.0 %)',
  })
  expect(await measured.scores()).toHaveLength(4)
  expect(model.requests).toHaveLength(asked)
})

it('leads from chosen weights of an optimizer step to the training that made them, and to its data', async () => {
  const { db, ...kept } = await selection('kept')
  await kept.publishAll()
  expect(await checkpointLineage(db, kept.id('five'))).toMatchObject({
    id: kept.id('five'),
    publications: [
      {
        step: { campaign: 'kept', round: 1, name: 'rl', kind: 'rl' },
        job: { id: 'kept/1/rl/hard', backend: 'trl' },
        datasets: [{ source: { path: '/data/seed-kept' } }],
      },
    ],
  })
})

it('finds the weights of a phase by its name, and takes the weights of the last phase for those of the step', async () => {
  const phases = await selection('phases')
  const named = async (name: string) => (await namedCheckpoint(phases.deps, phases.ref, name)).id
  await expect(named('easy')).rejects.toMatchObject({ type: 'CheckpointInvalid' })
  await phases.publishAll()
  expect(await named('easy')).toBe(phases.id('easy-end'))
  expect(await named('hard')).toBe(phases.id('end'))
  expect(await named('rl')).toBe(phases.id('end'))
})
