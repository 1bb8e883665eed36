import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { createBatcher } from '../../models/batcher.ts'
import { systemClock } from '../../models/clock.ts'
import { ManualClock } from './manual-clock.ts'

it('gathers items while a batch runs, and runs one batch at a time', async () => {
  const batches: number[][] = []
  const ends: (() => void)[] = []
  const clock = new ManualClock()
  const batcher = createBatcher<number, number>({
    maxItems: 10,
    maxDelayMs: 5,
    clock,
    flush: (items) => {
      batches.push(items)
      return new Promise((resolve) => ends.push(() => resolve(items.length)))
    },
  })
  const first = batcher.add(1)
  await clock.advance(5)
  const others = [2, 3, 4].map((item) => batcher.add(item))
  await clock.advance(50)
  expect(batches).toEqual([[1]])
  ends.shift()?.()
  expect(await first).toBe(1)
  expect(batches).toEqual([[1], [2, 3, 4]])
  ends.shift()?.()
  expect(await Promise.all(others)).toEqual([3, 3, 3])
})

it('settles every item once, with its own batch, and never fills a batch over its size, whatever fails', async () => {
  const run = async (delays: number[], maxItems: number) => {
    const seen: number[] = []
    let flushes = 0
    const batcher = createBatcher<number, number>({
      maxItems,
      maxDelayMs: 1,
      clock: systemClock,
      async flush(items) {
        expect(items.length).toBeLessThanOrEqual(maxItems)
        seen.push(...items)
        await new Promise((resolve) => setImmediate(resolve))
        if (++flushes % 3 === 0) throw new Error('this batch failed')
        return flushes
      },
    })
    const added = delays.map(async (delay, item) => {
      for (let turn = 0; turn < delay; turn++) await new Promise((resolve) => setImmediate(resolve))
      return await batcher.add(item)
    })
    const settled = await Promise.allSettled(added)
    await batcher.drain()
    expect(settled).toHaveLength(delays.length)
    expect(seen.toSorted((a, b) => a - b)).toEqual(delays.map((_, index) => index))
  }
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 4 }), { maxLength: 40 }), fc.integer({ min: 1, max: 8 }), run),
    { numRuns: 60 },
  )
})

it('sends waiting items at once when it is drained', async () => {
  const batcher = createBatcher<number, number>({
    maxItems: 10,
    maxDelayMs: 1e9,
    clock: systemClock,
    flush: (items) => Promise.resolve(items.length),
  })
  const added = [batcher.add(1), batcher.add(2)]
  await batcher.drain()
  expect(await Promise.all(added)).toEqual([2, 2])
})
