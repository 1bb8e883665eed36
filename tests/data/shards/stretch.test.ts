import { afterEach, expect, it, vi } from 'vitest'
import { followed, readStretch, stretchOf } from '../../../data/shards/stretch.ts'
import type { Row } from '../../../domain/rows.ts'
import { row } from '../rows.ts'

afterEach(() => vi.useRealTimers())

/** Shards, each with this number of rows without an outcome. */
const shardsWith = (...rows: number[]) => {
  const read: number[] = []
  const shardRows = (shard: number): Promise<Row[]> => {
    read.push(shard)
    return Promise.resolve(Array.from({ length: rows[shard] ?? 0 }, (_, index) => row({ id: `${shard}-${index}` })))
  }
  return { read, shardRows }
}
const idsOf = (rows: readonly Row[]) => rows.map(({ id }) => id)

it('gives each lane a share of the shards, at least one and at most eight', () => {
  expect([1, 4, 5, 12, 1000].map((shards) => stretchOf(shards, 4))).toEqual([1, 1, 2, 3, 8])
})

it('reads its shards in order, skips shards without open rows, and counts both', async () => {
  const { read, shardRows } = shardsWith(9, 9, 2, 0, 1)
  const stretch = readStretch({ shard: 2, shards: 3 }, shardRows)
  const first = await stretch.batches.next()
  expect(first.done).toBe(false)
  expect(read).toEqual([2])
  const batches: string[][] = []
  for await (const batch of followed(first.value ?? [], stretch.batches)) batches.push(idsOf(batch))
  expect(batches).toEqual([['2-0', '2-1'], ['4-0']])
  expect(stretch.read()).toEqual({ rows: 3, shards: 3 })
})

it('is one shard by default', async () => {
  const { read, shardRows } = shardsWith(1, 1)
  const stretch = readStretch({ shard: 0 }, shardRows)
  for await (const _ of stretch.batches);
  expect(read).toEqual([0])
})

it('ends after its second shard once two minutes are over, and counts its rows and shards', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const { read, shardRows } = shardsWith(1, 1, 1, 1)
  const stretch = readStretch({ shard: 0, shards: 4 }, shardRows)
  await stretch.batches.next()
  vi.setSystemTime(Date.now() + 121_000)
  for await (const _ of stretch.batches);
  expect(read).toEqual([0, 1])
  expect(stretch.read()).toEqual({ rows: 2, shards: 2 })
})
