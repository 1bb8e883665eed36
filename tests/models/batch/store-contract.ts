import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { sha256Hex } from '../../../artifacts/hash.ts'
import type { BatchRequest, BatchStore } from '../../../models/batch/batch-store.ts'
import type { StoredReply } from '../../../models/reply-store.ts'

export const keyOf = (name: string): string => sha256Hex(name)
const newBatch = () => ({ id: randomUUID(), endpoint: 'teacher', model: 'm', server: 'http://provider/v1' })
const asked = (name: string) => ({
  messages: [{ role: 'user' as const, text: `${name} \u0000 \ud800?` }],
  sampling: { temperature: 1, topP: 1, maxTokens: 8, seed: 1 },
  sampleIndex: 0,
})
const requestOf = (name: string): BatchRequest => ({
  key: keyOf(name),
  endpoint: 'teacher',
  model: 'm',
  request: asked(name),
  payer: null,
})
const replyOf = (name: string, text: string): StoredReply => ({
  key: keyOf(name),
  endpoint: 'teacher',
  model: 'm',
  request: asked(name),
  text,
  finishReason: 'stop',
  promptTokens: 1,
  completionTokens: 1,
  servedModel: null,
  isEstimated: false,
  latencyMs: 0,
  attempts: 1,
})
const hold = (holder: string, seconds = 60) => ({ holder, seconds })
const ended = { done: 1, failed: 1, detail: null }

/** What every store of batches does. `open` gives the same store again, as a restart would. */
export function storeContract(open: () => Promise<BatchStore>): void {
  it('keeps a batch and its requests from the opening to the end', async () => {
    const batch = newBatch()
    const names = ['a', 'b']
    const first = await open()
    const claimed = await first.open(batch, names.map(requestOf), hold('one'))
    expect(claimed).toEqual(new Set(names.map(keyOf)))
    expect(await first.read(batch.id)).toMatchObject({ ...batch, state: 'writing', total: 2, providerId: null })
    const askedAt = new Date('2026-12-01T10:00:00.123Z')
    expect(await first.change(batch.id, 'one', { state: 'uploaded', inputFileId: 'file-1', askedAt })).toBe(true)
    expect(await first.change(batch.id, 'one', { state: 'submitted', providerId: 'batch-1' })).toBe(true)
    const again = await open()
    expect(await again.read(batch.id)).toMatchObject({ state: 'submitted', inputFileId: 'file-1', askedAt })
    expect(await again.batchOf(['a', 'b', 'c'].map(keyOf))).toEqual(new Map(names.map((n) => [keyOf(n), batch.id])))
    const requests = await again.requests(batch.id, [keyOf('b'), keyOf('c')])
    expect([...requests.keys()]).toEqual([keyOf('b')])
    expect(requests.get(keyOf('b'))).toMatchObject({ endpoint: 'teacher', request: { sampleIndex: 0 } })
    await again.keep(batch.id, [{ asked: keyOf('a'), reply: replyOf('a', 'first') }])
    await again.keep(batch.id, [{ asked: keyOf('a'), reply: replyOf('a', 'second') }])
    expect((await again.findReplies([keyOf('a'), keyOf('b')])).get(keyOf('a'))?.text).toBe('first')
    await again.end(batch.id, { ...ended, state: 'collected' })
    expect(await again.read(batch.id)).toMatchObject({ state: 'collected' })
    const last = await open()
    expect(await last.batchOf(names.map(keyOf))).toEqual(new Map())
    expect(await last.hold(batch.id, hold('one'))).toBeNull()
    expect(await last.change(batch.id, 'one', { providerId: 'other' })).toBe(false)
  })

  it('gives a request to one open batch at most', async () => {
    const store = await open()
    const [one, other] = [newBatch(), newBatch()]
    await store.open(one, [requestOf('d'), requestOf('e')], hold('one'))
    expect(await store.open(other, [requestOf('e'), requestOf('f')], hold('other'))).toEqual(new Set([keyOf('f')]))
    expect(await store.read(other.id)).toMatchObject({ total: 1 })
    expect(await store.open(newBatch(), [requestOf('e')], hold('third'))).toEqual(new Set())
    await store.end(one.id, { ...ended, state: 'failed', detail: 'a \u0000 text' })
    expect(await store.open(newBatch(), [requestOf('e')], hold('third'))).toEqual(new Set([keyOf('e')]))
  })
}

/** What a store of several processes does. */
export function sharedStoreContract(open: () => Promise<BatchStore>): void {
  it('lets one process at a time work on a batch, until it lets go or its time is over', async () => {
    const store = await open()
    const batch = newBatch()
    await store.open(batch, [requestOf('g')], hold('one'))
    expect(await store.hold(batch.id, hold('other'))).toBeNull()
    expect(await store.change(batch.id, 'other', { providerId: 'x' })).toBe(false)
    expect(await store.hold(batch.id, hold('one'))).toMatchObject({ id: batch.id })
    await store.letGo(batch.id, 'other')
    expect(await store.hold(batch.id, hold('other'))).toBeNull()
    await store.letGo(batch.id, 'one')
    const free = await Promise.all(['other', 'third'].map((holder) => store.hold(batch.id, hold(holder, 0))))
    expect(free.filter((held) => held === null).length).toBeLessThanOrEqual(1)
    expect(await store.hold(batch.id, hold('fourth'))).toMatchObject({ id: batch.id })
    expect(await store.change(batch.id, 'other', { providerId: 'x' })).toBe(false)
  })

  it('gives each of the same requests to one of two processes', async () => {
    const store = await open()
    const names = Array.from({ length: 40 }, (_, at) => `same-${at}`)
    const claims = await Promise.all(
      [names, names.toReversed(), names].map((some, at) => store.open(newBatch(), some.map(requestOf), hold(`h${at}`))),
    )
    const all = claims.flatMap((claimed) => [...claimed])
    expect(all).toHaveLength(40)
    expect(new Set(all).size).toBe(40)
  })
}
