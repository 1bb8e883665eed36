import { afterAll, beforeAll, expect, it } from 'vitest'
import { stepAnswers } from '../../db/answers.ts'
import { commitOutcomes } from '../../db/outcomes.ts'
import { postgresReplies, requestCounts } from '../../db/replies.ts'
import { streamRows } from '../../db/rows.ts'
import { campaignSpending } from '../../db/spending.ts'
import type { UnusableReply } from '../../models/reply-store.ts'
import { collect, importLines, kept, openDataStep, openTestDatabase, reply, startCampaign } from './world.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  world = await openTestDatabase()
})
afterAll(() => world.close())

it('keeps the first reply under a key and finds it for every campaign', async () => {
  const { db } = world
  const store = postgresReplies(db, null)
  await store.save([reply('a'), reply('b', { text: 'odd \u0000', latencyMs: 1.6 }), reply('a', { text: 'twin' })])
  await store.save([reply('a', { text: 'later' })])
  await store.save([])
  const found = await store.find(['a', 'b', 'none'])
  expect([...found.keys()].toSorted()).toEqual(['a', 'b'])
  expect(found.get('a')?.text).toBe('twin')
  expect(found.get('b')).toEqual(reply('b', { text: 'odd \ufffd', latencyMs: 2 }))
  expect((await store.find([])).size).toBe(0)
})

it('lets stores with the same replies save at once', async () => {
  const { db } = world
  const many = Array.from({ length: 600 }, (_, index) => reply(`many-${index}`))
  const saves = [many, many.toReversed(), many].map((replies) => postgresReplies(db, null).save(replies))
  await Promise.all(saves)
  const found = await postgresReplies(db, null).find(many.map(({ key }) => key))
  expect(found.size).toBe(600)
})

it('counts paid and reused replies and failed rows', async () => {
  const { db } = world
  await startCampaign(db, 'first')
  await startCampaign(db, 'second')
  const { datasetId: sourceId } = await importLines(db, 4, 'paid', 'first')
  const parents = (await collect(streamRows(db, sourceId))).map((row) => row.id)
  const first = await openDataStep(db, 'first', 'reason', [sourceId])
  const second = await openDataStep(db, 'second', 'reason', [sourceId])
  await postgresReplies(db, first.stepId).save([reply('p1'), reply('p2')])
  await postgresReplies(db, second.stepId).save([reply('p2', { text: 'too late' }), reply('p3')])
  await commitOutcomes(db, first.datasetId, [
    kept(parents[0] ?? '', 0, { requestKeys: ['p1'] }),
    kept(parents[1] ?? '', 0, { requestKeys: ['p2', 'p1'] }),
  ])
  await commitOutcomes(db, second.datasetId, [
    kept(parents[0] ?? '', 0, { requestKeys: ['p1'] }),
    kept(parents[1] ?? '', 0, { requestKeys: ['p1', 'p2', 'p3'] }),
    kept(parents[2] ?? '', 0, { status: 'failed', reason: 'timeout' }),
  ])
  const firstCounts = { paid: 2, reused: 0, failed: 0, promptTokens: 20, completionTokens: 10 }
  const secondCounts = { paid: 1, reused: 2, failed: 1, promptTokens: 10, completionTokens: 5 }
  expect(await requestCounts(db, { campaign: 'first' })).toEqual(firstCounts)
  expect(await requestCounts(db, { campaign: 'second', round: 1 })).toEqual(secondCounts)
  expect(await requestCounts(db, { campaign: 'second', stepId: second.stepId })).toEqual(secondCounts)
  expect(await requestCounts(db, { campaign: 'second', round: 0 })).toMatchObject({ paid: 0, reused: 0, failed: 0 })
})

/** A reply that was paid for and cannot be used. */
const unusable = (key: string, more: Partial<UnusableReply> = {}): UnusableReply => ({
  ...reply(key),
  finishReason: 'unusable',
  ...more,
})

it('keeps the model that answered, and whether tokens are estimates', async () => {
  const store = postgresReplies(world.db, null)
  await store.save([reply('served', { servedModel: 'teacher-7b-2026', isEstimated: true })])
  expect((await store.find(['served'])).get('served')).toEqual(
    reply('served', { servedModel: 'teacher-7b-2026', isEstimated: true }),
  )
})

it('counts replies that cannot be used for totals and budgets', async () => {
  const { db } = world
  await startCampaign(db, 'broken')
  const { datasetId } = await importLines(db, 1, 'broken', 'broken')
  const { stepId } = await openDataStep(db, 'broken', 'reason', [datasetId])
  await postgresReplies(db, stepId).save([
    reply('whole', { servedModel: 'teacher-7b' }),
    unusable('broken 1', { servedModel: 'teacher-7b', text: 'half a sen' }),
    unusable('broken 2', { isEstimated: true }),
    reply('other', { servedModel: 'teacher-1b', isEstimated: true }),
  ])
  expect(await requestCounts(db, { campaign: 'broken' })).toMatchObject({ paid: 4, promptTokens: 40 })
  expect(await campaignSpending(db, 'broken')).toMatchObject({ requests: 4, tokens: 60 })
  const asked = { endpoint: 'teacher', model: 'teacher-7b' }
  expect(await stepAnswers(db, stepId)).toEqual([
    { ...asked, servedModel: 'teacher-1b', replies: 1, estimated: 1, unusable: 0 },
    { ...asked, servedModel: 'teacher-7b', replies: 2, estimated: 0, unusable: 1 },
    { ...asked, servedModel: null, replies: 1, estimated: 1, unusable: 1 },
  ])
})
