import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { HoneError } from '../../domain/errors.ts'
import { openFileReplies } from '../../data/file-steps/file-replies.ts'
import type { FileReplies } from '../../data/file-steps/file-replies.ts'
import { AskFailure } from '../../models/ask.ts'
import type { AskRequest, Reply } from '../../models/ask.ts'
import { createBoundedAsk } from '../../models/bounded-ask.ts'
import type { BoundedAsk } from '../../models/bounded-ask.ts'
import { createBudgetMeter } from '../../models/budget-meter.ts'
import { contentKey } from '../../models/content-key.ts'
import type { ResolvedEndpoint } from '../../models/endpoint.ts'

const endpoint: ResolvedEndpoint = {
  name: 'endpoint',
  baseUrls: ['http://localhost/v1'],
  model: 'm',
  identity: 'm',
  concurrency: 16,
  timeoutSeconds: 10,
  imageMaxPixels: 1000,
}
const request = (index: number): AskRequest => ({
  endpoint: 'endpoint',
  messages: [{ role: 'user', text: 'why?' }],
  sampling: { temperature: 1, topP: 1, maxTokens: 10, seed: 1 },
  sampleIndex: index,
})
const keyOf = (index: number): string => contentKey({ ...request(index), ...endpoint })

let folder: string
let replies: FileReplies
let bounded: BoundedAsk
let cost: () => number | undefined
/** Requests that were sent and have no reply yet. */
let sent: Map<number, { answer(): Promise<void>; fail(): void }>

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hone-budget-'))
  replies = await openFileReplies(join(folder, 'replies.jsonl'), 'run')
  sent = new Map()
})
afterEach(async () => {
  await replies.close()
  rmSync(folder, { recursive: true })
})

/** A budget of `amount` over an engine whose every reply costs 1. */
function open(amount: number): (index: number) => Promise<Reply> {
  const prices = { promptPerMillion: 1e6, completionPerMillion: 0, currency: 'USD' }
  const meter = createBudgetMeter({
    limits: { cost: amount },
    priced: { endpoints: { endpoint: { ...endpoint, prices } } },
    source: { paid: () => replies.paid(), note: () => undefined },
    reached: ({ text }) => new HoneError({ type: 'BudgetReached', message: text, nextStep: '' }),
  })
  cost = () => meter.spent().costs['USD']
  bounded = createBoundedAsk({ endpoints: [endpoint], meter, replies })
  const ask = bounded.follow(async ({ sampleIndex }) => {
    const reply: Reply = {
      key: keyOf(sampleIndex),
      text: 'because',
      finishReason: 'stop',
      promptTokens: 1,
      completionTokens: 1,
      reused: false,
    }
    if ((await bounded.replies.find([reply.key])).size > 0) return { ...reply, reused: true }
    return await new Promise((resolve, reject) => {
      sent.set(sampleIndex, {
        async answer() {
          sent.delete(sampleIndex)
          const about = { endpoint: 'endpoint', model: 'm', request: {}, servedModel: null, isEstimated: false }
          const stored = { ...reply, ...about, latencyMs: 1, attempts: 1 }
          await bounded.replies.save([stored])
          resolve(reply)
        },
        fail() {
          sent.delete(sampleIndex)
          reject(new AskFailure('http-400', 'refused'))
        },
      })
    })
  })
  return (index) => ask(request(index))
}

const untilSent = (count: number) => vi.waitFor(() => expect(sent.size).toBe(count))
const indexes = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at)

/** Opens the budget and waits for one reply, after which the mean price is known. */
async function openAfterOne(amount: number): Promise<(index: number) => Promise<Reply>> {
  const ask = open(amount)
  const first = ask(0)
  await untilSent(1)
  await sent.get(0)?.answer()
  await first
  return ask
}

describe('a budget', () => {
  it('sends as many requests as it can pay for, also of a batch that costs more than the budget', async () => {
    const ask = await openAfterOne(10)
    const ends = indexes(1, 101).map((index) => ask(index).catch((error: Error) => error.message))
    await untilSent(9)
    for (const one of sent.values()) await one.answer()
    const refused = (await Promise.all(ends)).filter((end) => typeof end === 'string')
    expect(refused).toEqual(Array.from({ length: 91 }, () => '10.00 of 10 USD'))
    expect(cost()).toBe(10)
  })

  it('releases the money of failed requests, and of no other request', async () => {
    const ask = await openAfterOne(10)
    const ends = Promise.allSettled(indexes(1, 40).map((index) => ask(index)))
    await untilSent(9)
    // Some requests run long, while others fail again and again. A failed request costs nothing.
    const [long] = [...sent.keys()]
    for (let round = 0; round < 2; round++) {
      const failing = [...sent.keys()].filter((index) => index !== long)
      expect(failing.length).toBe(8)
      for (const index of failing) sent.get(index)?.fail()
      await untilSent(9)
    }
    for (const one of sent.values()) await one.answer()
    const settled = await ends
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(9)
    const reasons = settled.flatMap((end) => (end.status === 'rejected' ? [end.reason as Error] : []))
    expect(reasons.filter((error) => error instanceof AskFailure)).toHaveLength(16)
    expect(cost()).toBe(10)
  })

  it('lets a row begin while there is room, or when no request is under way that could make room', async () => {
    const ask = await openAfterOne(3)
    await bounded.untilRoom()
    const ends = [1, 2].map((index) => ask(index))
    await untilSent(2)
    const begun = bounded.untilRoom().then(() => 'begun')
    expect(await Promise.race([begun, new Promise((resolve) => setImmediate(() => resolve('waits')))])).toBe('waits')
    sent.get(1)?.fail()
    await expect(ends[0]).rejects.toThrow(AskFailure)
    expect(await begun).toBe('begun')
    await sent.get(2)?.answer()
    await ends[1]
    await bounded.untilRoom()
  })

  it('that is spent still gives paid replies, also those that another run on the log has paid meanwhile', async () => {
    const ask = await openAfterOne(1)
    expect((await ask(0)).reused).toBe(true)
    const other = await openFileReplies(join(folder, 'replies.jsonl'), 'other')
    const [paid] = [...(await replies.find([keyOf(0)])).values()]
    if (!paid) throw new Error('the first reply is gone')
    await other.save([{ ...paid, key: keyOf(1) }])
    await other.close()
    expect((await ask(1)).reused).toBe(true)
    await expect(ask(2)).rejects.toThrow('1.00 of 1 USD')
    await bounded.settled()
  })
})
