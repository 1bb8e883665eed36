import { ApplicationFailure } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { recordCommand } from '../../activities/campaign-io.ts'
import { openDataStep, runDataShard } from '../../activities/data-steps.ts'
import type { Deps } from '../../activities/deps.ts'
import { openRound } from '../../db/rounds.ts'
import { runningSteps } from '../../db/step-progress.ts'
import { openTestDatabase } from '../db/world.ts'
import { FakeEndpoint } from '../models/fake-endpoint.ts'
import { importSeed, inActivity, insertRecipe } from './campaign.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
let server: FakeEndpoint
beforeAll(async () => {
  world = await openTestDatabase()
})
afterAll(() => world.close())
beforeEach(async () => {
  server = await new FakeEndpoint().start()
})
afterEach(() => server.stop())

const rows = 30

/** A campaign that describes its source by the server. */
async function describing(campaign: string, more = '') {
  const { db } = world
  // A model of its own: a reply of another campaign's model is not found.
  const endpoints = `endpoints: { teacher: { url: '${server.url}', model: ${campaign}-model${more} } }`
  await insertRecipe(db, campaign, { steps: ['{ step: describe, from: seed, endpoint: teacher }'], more: [endpoints] })
  await openRound(db, { campaign, number: 1, parent: 0 })
  await importSeed(db, campaign, rows)
  const deps = {
    db,
    images: { dataUrl: () => Promise.resolve('data:image/png;base64,') },
    memory: {},
    demo: null,
    shutdown: new AbortController().signal,
  } as unknown as Deps
  const ref = { campaign, round: 1, step: 'describe' }
  await inActivity(() => openDataStep(deps, ref))
  const beats: Record<string, unknown>[] = []
  return {
    beats,
    attempt(number: number) {
      const activity = new MockActivityEnvironment({ attempt: number }, { logger: new DefaultLogger('ERROR') })
      activity.on('heartbeat', (details: Record<string, unknown>) => beats.push(details))
      return activity.run(() => runDataShard(deps, { ...ref, shard: 0 }))
    },
    notice: async () => (await runningSteps(db, campaign))[0]?.notice,
  }
}

const failureOf = (ended: Promise<unknown>): Promise<unknown> =>
  ended.then(
    () => new Error('it succeeded'),
    (error: unknown) => error,
  )

it('a limit until tomorrow ends the shard at once, and it is tried again when the limit ends', async () => {
  const step = await describing('daily')
  server.misbehave = () => ({
    status: 429,
    headers: { 'retry-after': String(15 * 3600) },
    body: '{"error":{"message":"requests per day"}}',
  })
  const failure = await failureOf(step.attempt(1))
  expect(failure).toBeInstanceOf(ApplicationFailure)
  const { nonRetryable, nextRetryDelay, message } = failure as ApplicationFailure
  expect(nonRetryable).toBe(false)
  expect(Number(nextRetryDelay)).toBeGreaterThan(14 * 3_600_000)
  expect(Number(nextRetryDelay)).toBeLessThanOrEqual(15 * 3_600_000)
  expect(message).toMatch(/takes no call before .* UTC: .*requests per day/)
  expect(await step.notice()).toBe(message)

  server.misbehave = () => undefined
  expect(await step.attempt(2)).toMatchObject({ rowsIn: rows, kept: rows, failed: 0 })
  expect(await step.notice()).toBeNull()
})

it('an outage without a named end is tried again by the usual policy, and fails no row', async () => {
  const step = await describing('away', ', outageSeconds: 1')
  server.misbehave = () => ({ status: 503, body: '{"error":{"message":"Loading model"}}' })
  const failure = await failureOf(step.attempt(1))
  expect(failure).toMatchObject({ name: 'Outage', message: expect.stringContaining('Loading model') as string })
  expect(await step.notice()).toContain('Loading model')
  server.misbehave = () => undefined
  expect(await step.attempt(2)).toMatchObject({ kept: rows, failed: 0 })
})

it('what is waited for is in heartbeats and on record while the server is away', async () => {
  const step = await describing('loading')
  let isLoading = true
  server.misbehave = () => (isLoading ? { status: 503, body: '{"error":{"message":"Loading model"}}' } : undefined)
  const shard = step.attempt(1)
  while (!step.beats.some((beat) => 'waitingFor' in beat) || (await step.notice()) === null)
    await new Promise((resolve) => setTimeout(resolve, 50))
  expect(step.beats.find((beat) => 'waitingFor' in beat)).toMatchObject({
    waitingFor: server.url,
    said: expect.stringContaining('Loading model') as string,
  })
  expect(await step.notice()).toMatch(/^waiting for http:.*Loading model.*; gives up at \d{4}-\d\d-\d\d \d\d:\d\d UTC$/)
  isLoading = false
  expect(await shard).toMatchObject({ kept: rows, failed: 0 })
  expect(await step.notice()).toBeNull()
})

it('a refusal of every row ends the shard for good, and a resume with another server does its rows', async () => {
  const step = await describing('refused')
  const other = await new FakeEndpoint().start()
  server.misbehave = () => ({ status: 402, body: '{"error":{"message":"Insufficient Balance"}}' })
  const failure = await failureOf(step.attempt(1))
  expect(failure).toMatchObject({ type: 'EndpointRefused', nonRetryable: true })
  expect((failure as Error).message).toMatch(/Insufficient Balance.* --endpoint NAME=URL/)
  const command = { campaign: 'refused', kind: 'resumed', who: 'ada', why: null, dedupeKey: 'moved' } as const
  await recordCommand(world.db, { ...command, endpoints: { teacher: { url: [other.url] } } })
  const asked = server.requests.length
  expect(await step.attempt(1)).toMatchObject({ rowsIn: rows, kept: rows, failed: 0 })
  expect(server.requests).toHaveLength(asked)
  expect(other.requests).not.toHaveLength(0)
  await other.stop()
})
