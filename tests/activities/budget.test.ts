import { afterAll, beforeAll, expect, it } from 'vitest'
import { openMeter } from '../../activities/budget.ts'
import type { Recipe } from '../../domain/recipe/recipe.ts'
import { openTestDatabase, startCampaign } from '../db/world.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  world = await openTestDatabase()
  await startCampaign(world.db, 'c')
})
afterAll(() => world.close())

const paid = { endpoint: 'teacher', model: 'big', promptTokens: 10, completionTokens: 5, reused: false }
const recipe = (budget: object) => ({ endpoints: {}, limits: { budget } }) as unknown as Recipe
const settled = () => new Promise((resolve) => setTimeout(resolve, 100))

it('stays reached when newer figures show room again, because a row that was not begun is not done', async () => {
  let time = 0
  const meter = await openMeter(world.db, 'c', recipe({ requests: 2 }), () => time)
  meter.onUsage(paid)
  expect(meter.admits()).toBe(true)
  meter.onUsage(paid)
  expect(meter.admits()).toBe(false)
  // The database knows no such reply.
  time = 60_000
  meter.admits()
  await settled()
  expect(meter.admits()).toBe(false)
  expect(() => meter.check()).toThrow('2 of 2 requests')
})

it('forgets what it counted itself once it is read from the database', async () => {
  let time = 0
  const meter = await openMeter(world.db, 'c', recipe({ requests: 3 }), () => time)
  meter.onUsage(paid)
  meter.onUsage(paid)
  time = 60_000
  expect(meter.admits()).toBe(true)
  await settled()
  meter.onUsage(paid)
  expect(meter.admits()).toBe(true)
})

it('counts no reply that was paid before, and counts nothing without a budget', async () => {
  const meter = await openMeter(world.db, 'c', recipe({ requests: 1 }))
  meter.onUsage({ ...paid, reused: true })
  expect(meter.admits()).toBe(true)
  const free = await openMeter(world.db, 'c', { endpoints: {}, limits: {} } as unknown as Recipe)
  for (let index = 0; index < 100; index++) free.onUsage(paid)
  expect(free.admits()).toBe(true)
  expect(() => free.check()).not.toThrow()
})
