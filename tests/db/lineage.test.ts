import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { setHead } from '../../db/campaigns.ts'
import { checkpointLineage } from '../../db/checkpoint-lineage.ts'
import { checkpointOfStep, findCheckpoint, getCheckpoint, recordCheckpoint } from '../../db/checkpoints.ts'
import { openDataset, sealDataset } from '../../db/datasets.ts'
import { newAttempt, recordIntent } from '../../db/jobs.ts'
import { rowLineage } from '../../db/lineage.ts'
import { commitOutcomes } from '../../db/outcomes.ts'
import { saveReplies } from '../../db/replies.ts'
import { closeRound, openRound } from '../../db/rounds.ts'
import { streamRows } from '../../db/rows.ts'
import { findScore, listScores, pairScores, saveScore, scoresOfEnd } from '../../db/scores.ts'
import { finishStep, openStep } from '../../db/steps.ts'
import { campaignOverview } from '../../views/campaign.ts'
import { collect, importLines, kept, openTestDatabase, reply, startCampaign } from './world.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
let sourceId: string
let ordinal = 0

const hash = (mark: string): string => mark.repeat(64).slice(0, 64)
const [base, sft1, sft2] = [hash('ba5e'), hash('a1'), hash('b2')]

/** Adds a data step to a campaign of two rounds. Each row comes from one reply of `model`. */
async function dataStep(round: number, name: string, inputs: string[], model: string): Promise<string> {
  const { db } = world
  ordinal += 1
  const { stepId } = await openStep(db, { campaign: 'c', round, name, kind: name, ordinal, spec: {}, inputs })
  const { id } = await openDataset(db, { id: `c/${round}/${name}`, stepId, name })
  const parents = (await Promise.all(inputs.map((input) => collect(streamRows(db, input))))).flat()
  const keys = parents.map((_, index) => `${id}-${index}`)
  await saveReplies(
    db,
    stepId,
    keys.map((key) => reply(key, { endpoint: 'writer', model })),
  )
  const verdict = { verdict: 'correct' as const, reason: 'equal', extracted: '1', verifierVersion: 'v1' }
  await commitOutcomes(
    db,
    id,
    parents.map((row, index) =>
      kept(row.id, 0, { requestKeys: [keys[index] ?? ''], changes: { trace: name, verdict } }),
    ),
  )
  await sealDataset(db, id)
  await finishStep(db, stepId, 'done')
  return id
}

async function train(round: number, input: string, checkpoint: string): Promise<number> {
  const { db } = world
  ordinal += 1
  const name = 'sft'
  const { stepId } = await openStep(db, { campaign: 'c', round, name, kind: name, ordinal, spec: {}, inputs: [input] })
  const jobId = `c/${round}/sft`
  await recordIntent(db, { jobId, stepId, kind: 'sft', backend: 'trl', launcher: 'local', specHash: 'h', spec: {} })
  await newAttempt(db, jobId, '/runs')
  const published = { id: checkpoint, path: `/store/${checkpoint}`, bytes: 5_000_000_000 }
  const madeBy = { stepId, jobId, startCheckpointId: base }
  await recordCheckpoint(db, { ...published, madeBy })
  await recordCheckpoint(db, { ...published, madeBy })
  await finishStep(db, stepId, 'done')
  return stepId
}

async function evaluate(round: number, checkpointId: string, right: (index: number) => boolean, identityHash = 'i') {
  const { db } = world
  ordinal += 1
  const step = { campaign: 'c', round, name: `evaluate-${ordinal}`, kind: 'evaluate', ordinal, spec: {}, inputs: [] }
  const { stepId } = await openStep(db, step)
  const items = (await collect(streamRows(db, sourceId))).map((row, index) => ({
    itemId: row.id,
    correct: right(index),
    verdict: right(index) ? ('correct' as const) : ('unverifiable' as const),
    reason: 'r',
    extracted: null,
    requestKey: `c/1/describe-${index}`,
    truncated: index === 0,
  }))
  const interval = { accuracy: 0.5, low: 0.2, high: 0.8 }
  const score = {
    campaign: 'c',
    round,
    stepId,
    checkpointId,
    benchmark: 'dev',
    role: 'dev' as const,
    identity: {},
    identityHash,
    ...interval,
    items,
  }
  const saved = await saveScore(db, score)
  expect(await saveScore(db, score)).toEqual(saved)
  await finishStep(db, stepId, 'done')
  return saved
}

beforeAll(async () => {
  world = await openTestDatabase()
  const { db } = world
  await startCampaign(db, 'c')
  await recordCheckpoint(db, { id: base, path: '/models/base', bytes: 9, madeBy: null })
  sourceId = (await importLines(db, 4, 'train', 'c')).datasetId
  await dataStep(1, 'describe', [sourceId], 'teacher-7b')
  await dataStep(1, 'reason', ['c/1/describe'], 'teacher-7b')
  await train(1, 'c/1/reason', sft1)
  await evaluate(0, base, () => false)
  await evaluate(1, sft1, (index) => index < 3)
  await closeRound(db, { campaign: 'c', number: 1, status: 'closed', decision: 'promote', checkpointId: sft1 })
  await setHead(db, 'c', 1, { who: 'hone', kind: 'promoted', dedupeKey: 'promote-1' })
  await openRound(db, { campaign: 'c', number: 2, parent: 1 })
  await dataStep(2, 'sample', [sourceId], `checkpoint:${sft1}`)
  await train(2, 'c/2/sample', sft2)
})
afterAll(() => world.close())

describe('rowLineage', () => {
  it('leads from a row through its replies and verdicts to the source and its picture', async () => {
    const [row] = await collect(streamRows(world.db, 'c/1/reason'))
    const { chain, images } = await rowLineage(world.db, row?.id ?? '')
    expect(chain.map((link) => link.datasetId)).toEqual(['c/1/reason', 'c/1/describe', sourceId])
    expect(chain.map((link) => link.step?.name ?? null)).toEqual(['reason', 'describe', null])
    expect(chain[0]).toMatchObject({
      step: { campaign: 'c', round: 1, kind: 'reason' },
      verdict: { verdict: 'correct' },
      replies: [{ key: 'c/1/reason-0', model: 'teacher-7b', text: 'reply c/1/reason-0' }],
    })
    expect(chain.at(-1)).toMatchObject({ sourceId: 'train-0', sourcePath: '/data/train', step: null, replies: [] })
    expect(images).toEqual([{ hash: 'img-train-0', width: 56, height: 56, bytes: 900, mediaType: 'image/png' }])
    await expect(rowLineage(world.db, 'nobody')).rejects.toThrow(/no row/)
  })
})

describe('checkpointLineage', () => {
  it('leads from the last round to the data, the models that wrote it, and the base', async () => {
    const tree = await checkpointLineage(world.db, sft2.slice(0, 12))
    expect(tree).toMatchObject({ id: sft2, bytes: 5_000_000_000, repeated: false })
    const [second] = tree.publications
    expect(second).toMatchObject({
      step: { campaign: 'c', round: 2, name: 'sft' },
      job: { id: 'c/2/sft', backend: 'trl', attempts: 1 },
      startedFrom: { id: base, publications: [] },
    })
    const [sampled] = second?.datasets ?? []
    expect(sampled).toMatchObject({
      id: 'c/2/sample',
      kept: 4,
      models: [{ endpoint: 'writer', model: `checkpoint:${sft1}`, replies: 4 }],
      inputs: [{ id: sourceId, source: { path: '/data/train' }, step: null, repeated: false }],
      checkpoints: [{ id: sft1, repeated: false }],
    })
    const [first] = sampled?.checkpoints[0]?.publications ?? []
    expect(first).toMatchObject({
      step: { round: 1 },
      datasets: [{ id: 'c/1/reason', inputs: [{ id: 'c/1/describe', inputs: [{ id: sourceId, repeated: true }] }] }],
    })
    expect(await checkpointLineage(world.db, '/models/base')).toMatchObject({ id: base, publications: [] })
  })

  it('says for each phase which data of its step it was trained on', async () => {
    const { db } = world
    await startCampaign(db, 'phased')
    const more = (await importLines(db, 2, 'more', 'phased')).datasetId
    const inputs = [sourceId, more]
    const { stepId } = await openStep(db, {
      campaign: 'phased',
      round: 1,
      name: 'rl',
      kind: 'rl',
      ordinal: 0,
      spec: {},
      inputs,
    })
    for (const [place, dataset] of inputs.entries()) {
      const jobId = `phased/1/rl/${place}`
      const spec = { datasets: [dataset] }
      await recordIntent(db, { jobId, stepId, kind: 'rl', backend: 'trl', launcher: 'local', specHash: 'h', spec })
      const madeBy = { stepId, jobId, startCheckpointId: null }
      const id = hash(`d${place}`)
      await recordCheckpoint(db, { id, path: `/phase/${place}`, bytes: 1, madeBy })
      const { publications } = await checkpointLineage(db, id)
      expect(publications.map((made) => made.datasets.map((data) => data.id))).toEqual([[dataset]])
    }
  })

  it('shows every training that ended in the same weights', async () => {
    const { db } = world
    await startCampaign(db, 'again')
    const step = { campaign: 'again', round: 1, name: 'sft', kind: 'sft', ordinal: 0, spec: {}, inputs: [sourceId] }
    const { stepId } = await openStep(db, step)
    const jobId = 'again/1/sft'
    await recordIntent(db, { jobId, stepId, kind: 'sft', backend: 'trl', launcher: 'local', specHash: 'h', spec: {} })
    const madeBy = { stepId, jobId, startCheckpointId: null }
    await recordCheckpoint(db, { id: sft1, path: '/elsewhere', bytes: 1, madeBy })
    const { publications, path } = await checkpointLineage(db, sft1)
    expect(path).toBe(`/store/${sft1}`)
    expect(publications.map((made) => [made.step.campaign, made.datasets.map(({ id }) => id)])).toEqual([
      ['c', ['c/1/reason']],
      ['again', [sourceId]],
    ])
    expect((await checkpointOfStep(db, stepId))?.id).toBe(sft1)
    const other = recordCheckpoint(db, { id: hash('cc'), path: '/p', bytes: 1, madeBy })
    await expect(other).rejects.toMatchObject({ type: 'CheckpointInvalid' })
    expect(await findCheckpoint(db, hash('cc'))).toBeNull()
    await expect(getCheckpoint(db, 'zz')).rejects.toThrow(/no checkpoint/)
    await recordCheckpoint(db, { id: `${sft1.slice(0, 20)}f`, path: '/q', bytes: 1, madeBy: null })
    await expect(getCheckpoint(db, 'a1')).rejects.toThrow(/more than one/)
  })
})

describe('scores', () => {
  it('are kept with their items, and compared pair by pair only with comparable scores', async () => {
    const { db } = world
    const [zero, one] = await listScores(db, 'c')
    expect(one).toMatchObject({ roundNumber: 1, n: 4, correct: 3, unverifiable: 1, truncated: 1 })
    expect(await pairScores(db, zero?.id ?? 0, one?.id ?? 0)).toEqual({ n: 4, both: 0, aOnly: 0, bOnly: 3, neither: 1 })
    const later = await evaluate(2, sft2, () => true)
    expect((await scoresOfEnd(db, 'c', 2, 'dev'))[0]?.id).toBe(later.id)
    expect(await scoresOfEnd(db, 'c', 2, 'report')).toEqual([])
    expect((await findScore(db, later))?.id).toBe(later.id)
    const other = await evaluate(2, sft2, () => true, 'other-settings')
    await expect(pairScores(db, later.id, other.id)).rejects.toMatchObject({ type: 'ScoresNotComparable' })
  })
})

describe('campaignOverview', () => {
  it('holds everything that the tables show', async () => {
    const overview = await campaignOverview(world.db, 'c')
    expect(overview).toMatchObject({
      campaign: 'c',
      status: 'running',
      head: 1,
      base: { scores: [{ benchmark: 'dev', n: 4, correct: 0, accuracy: 0.5, low: 0.2, high: 0.8 }] },
      requests: { paid: 12, failed: 0 },
    })
    const [first, second] = overview.rounds
    expect(first).toMatchObject({
      round: 1,
      parent: 0,
      status: 'closed',
      decision: 'promote',
      checkpoint: sft1,
      checkpointPath: `/store/${sft1}`,
      steps: [
        { name: 'describe', rowsIn: 4, rowsOut: 4, dropped: 0, failed: 0, checkpoint: null, scores: [] },
        { name: 'reason', rowsIn: 4, rowsOut: 4 },
        { name: 'sft', rowsIn: 4, rowsOut: null, checkpoint: sft1 },
        { kind: 'evaluate', rowsIn: null, rowsOut: null, scores: [{ role: 'dev', correct: 3 }] },
      ],
    })
    expect(second).toMatchObject({ round: 2, parent: 1, status: 'running' })
    expect(overview.jobs.map(({ id }) => id)).toEqual(['c/1/sft', 'c/2/sft'])
    // The evaluations used four replies that describe had paid for.
    expect(overview.requests.reused).toBeGreaterThanOrEqual(8)
  })
})
