import { afterEach, expect, it } from 'vitest'
import { createImages } from '../../../data/pictures/prepare.ts'
import { runShard } from '../../../data/shards/run-shard.ts'
import type { ShardOutcome } from '../../../data/shards/run-shard.ts'
import { dataSteps } from '../../../data/steps/registry.ts'
import { createEngine } from '../../../models/engine.ts'
import { Limiters } from '../../../models/limiters.ts'
import { FakeEndpoint } from '../../models/fake-endpoint.ts'
import { MemoryReplies } from '../../models/memory-replies.ts'
import { png } from '../pictures.ts'
import { row, trace } from '../rows.ts'

let endpoint: FakeEndpoint
afterEach(() => endpoint.stop())

const rows = Array.from({ length: 60 }, (_, index) =>
  row({ id: `r${index}`, images: [`picture ${index}`], description: `picture ${index}` }),
)

/**
 * Runs the rows without an outcome, as a worker does when it gets the shard again. Ends after
 * `after` requests.
 */
async function work(replies: MemoryReplies, done: Map<string, ShardOutcome>, after = Number.POSITIVE_INFINITY) {
  const stop = new AbortController()
  const begun = endpoint.requests.length
  endpoint.misbehave = () => {
    if (endpoint.requests.length - begun >= after) stop.abort(new Error('killed'))
    return undefined
  }
  const engine = createEngine({
    endpoints: [endpoint.resolved({ concurrency: 6 })],
    replies,
    images: createImages({ source: { read: () => png(28, 28) } }),
    signal: stop.signal,
    limiters: new Limiters(),
  })
  const step = dataSteps['sample']!
  const finished = new Set([...done.values()].map((outcome) => outcome.parentId))
  await runShard({
    step,
    rows: rows.filter(({ id }) => !finished.has(id)),
    context: {
      options: { step: 'sample', endpoint: 'teacher', samples: 3 },
      ask: engine.ask,
      seed: 1,
      promptSuffix: '',
    },
    concurrency: 8,
    commit: async (outcomes) => {
      for (const outcome of outcomes) done.set(`${outcome.parentId} ${outcome.outIndex}`, outcome)
    },
    signal: stop.signal,
  }).catch(() => undefined)
  await engine.close()
}

it('finishes a shard that was stopped again and again, and pays twice only for requests in flight', async () => {
  endpoint = await new FakeEndpoint().start()
  endpoint.latencyMs = 3
  endpoint.reply = (request) => trace(`seed ${request.seed}`)
  const replies = new MemoryReplies()
  const done = new Map<string, ShardOutcome>()
  const kills = [5, 17, 40, 40]
  for (const after of kills) await work(replies, done, after)
  await work(replies, done)
  expect(done.size).toBe(180)
  expect([...done.values()].every((outcome) => outcome.status === 'kept')).toBe(true)
  expect(replies.byKey.size).toBe(180)
  expect(endpoint.requests.length).toBeLessThanOrEqual(180 + kills.length * 6)
  const paid = endpoint.requests.length
  await work(replies, new Map())
  expect(endpoint.requests.length).toBe(paid)
})

it('fails the rows whose picture is broken and works on the others', async () => {
  endpoint = await new FakeEndpoint().start()
  const whole = await png(200, 200)
  const engine = createEngine({
    endpoints: [endpoint.resolved()],
    replies: new MemoryReplies(),
    images: createImages({
      // The header is cut. The rest of a picture was checked when it came into the store.
      source: { read: async (hash) => (hash === 'picture 1' ? whole.subarray(0, 20) : whole) },
    }),
    signal: new AbortController().signal,
    limiters: new Limiters(),
  })
  const outcomes: ShardOutcome[] = []
  const counts = await runShard({
    step: dataSteps['describe']!,
    rows: rows.slice(0, 3),
    context: { options: { step: 'describe', endpoint: 'teacher' }, ask: engine.ask, seed: 1, promptSuffix: '' },
    concurrency: 4,
    commit: async (batch) => void outcomes.push(...batch),
    signal: new AbortController().signal,
  })
  await engine.close()
  expect(counts).toEqual({ kept: 2, dropped: 0, failed: 1 })
  expect(outcomes.find((outcome) => outcome.status === 'failed')).toMatchObject({
    parentId: 'r1',
    reason: 'image-broken',
  })
})
