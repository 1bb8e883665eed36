import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Engine } from '../../../models/engine.ts'
import type { ResolvedEndpoint } from '../../../models/endpoint.ts'
import type { ReplyStore } from '../../../models/reply-store.ts'
import { askFailureOf, failureOf, openEngine, question, range } from '../asking.ts'
import { MemoryReplies } from '../memory-replies.ts'
import { FakeBatchServer, batchesOf } from './fake-batch-server.ts'
import type { Call, Fault } from './fake-batch-server.ts'
import { MemoryBatches } from './memory-batches.ts'

let server: FakeBatchServer
let replies: MemoryReplies
let engines: Engine[] = []
/** Holds the request files, also those of a process that died. */
let folder: string
const never = new Promise<never>(() => undefined)

beforeEach(async () => {
  server = await new FakeBatchServer().start()
  replies = new MemoryReplies()
  folder = mkdtempSync(join(tmpdir(), 'hone-restart-'))
  vi.stubEnv('TMPDIR', folder)
})
afterEach(async () => {
  for (const engine of engines) await engine.close()
  engines = []
  await server.stop()
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

/** The stored replies as another process sees them: it shares no call in flight. */
const stored = (): ReplyStore => ({ find: (keys) => replies.find(keys), save: (batch) => replies.save(batch) })

function open(batches: MemoryBatches, changes: Partial<ResolvedEndpoint> = {}): Engine {
  return openEngine({ endpoints: [server.resolved(changes)], replies: stored(), batches })
}
function openSafe(...options: Parameters<typeof open>): Engine {
  const engine = open(...options)
  engines.push(engine)
  return engine
}
const ask = (engine: Engine, count = 6) => Promise.all(range(count).map((at) => engine.ask(question(`q${at}`))))
const texts = range(6).map((at) => `reply to q${at}`)

/** A later process: nothing of an earlier one but what is stored. */
function laterProcess(dead: MemoryBatches): MemoryBatches {
  dead.expireHolds()
  return new MemoryBatches(replies, dead, {})
}

/** Runs a process until it stands still at a point, where it stays for ever. */
async function dieAt(point: { change?: string; call?: Call }): Promise<MemoryBatches> {
  const batches = new MemoryBatches(replies)
  let reached: () => void = () => undefined
  const standing = new Promise<void>((resolve) => {
    reached = resolve
  })
  let isDead = false
  batches.before = (change) => {
    if (change === point.change) isDead = true
    if (!isDead) return Promise.resolve()
    reached()
    return never
  }
  server.fault = (call): Fault | undefined => {
    if (call !== point.call && !isDead) return undefined
    isDead = true
    reached()
    return { until: never }
  }
  void ask(open(batches)).catch(() => undefined)
  await standing
  server.fault = () => undefined
  return batches
}

const points: { where: string; point: { change?: string; call?: Call }; uploads: number }[] = [
  { where: 'before its record is written', point: { change: 'open' }, uploads: 1 },
  { where: 'before its file is uploaded', point: { call: 'upload' }, uploads: 2 },
  { where: 'after its file is uploaded', point: { change: 'change uploaded' }, uploads: 2 },
  { where: 'before the provider is asked', point: { change: 'change asked' }, uploads: 1 },
  { where: 'while the provider is asked', point: { call: 'create' }, uploads: 1 },
  { where: 'after the provider has made it', point: { change: 'change submitted' }, uploads: 1 },
  { where: 'while it is looked at', point: { call: 'look' }, uploads: 1 },
  { where: 'while its replies are fetched', point: { call: 'content' }, uploads: 1 },
  { where: 'before its replies are stored', point: { change: 'keep' }, uploads: 1 },
  { where: 'before its end is written', point: { change: 'end' }, uploads: 1 },
]

describe('a process that dies', () => {
  it.each(points)('$where is followed by one that submits nothing twice', async ({ point, uploads }) => {
    const dead = await dieAt(point)
    const answers = await ask(openSafe(laterProcess(dead)))
    expect(answers.map(({ text }) => text)).toEqual(texts)
    expect(server.batches).toHaveLength(1)
    expect(server.paidTwice).toEqual([])
    expect(server.calls.filter((call) => call === 'upload')).toHaveLength(uploads)
    expect(replies.byKey.size).toBe(6)
  })

  it('leaves a batch that a later process with other rows joins by key', async () => {
    const dead = await dieAt({ call: 'look' })
    const engine = openSafe(laterProcess(dead))
    const answers = await Promise.all(['q2', 'new', 'q6'].map((text) => engine.ask(question(text))))
    expect(answers.map(({ text }) => text)).toEqual(['reply to q2', 'reply to new', 'reply to q6'])
    expect(server.batches.map(({ lines }) => lines.length)).toEqual([6, 1])
    // Replies that nobody waits for are kept too.
    expect(replies.byKey.size).toBe(7)
  })

  it('leaves a batch that is not given to another server', async () => {
    const dead = await dieAt({ call: 'look' })
    const other = await new FakeBatchServer().start()
    try {
      const warnings: string[] = []
      const engine = openEngine({
        endpoints: [other.resolved()],
        replies: stored(),
        batches: laterProcess(dead),
        onWarning: (message) => warnings.push(message),
      })
      engines.push(engine)
      await ask(engine)
      expect(warnings[0]).toContain('is given up')
      expect(other.batches).toHaveLength(1)
      expect(other.calls.filter((call) => call === 'look').length).toBeGreaterThan(0)
    } finally {
      await other.stop()
    }
  })
})

describe('a lost answer', () => {
  it('to a submission does not make a second batch', async () => {
    server.fault = (call, count) => (call === 'create' && count === 1 ? { cut: 'after' } : undefined)
    await ask(openSafe(new MemoryBatches(replies)))
    expect(server.batches).toHaveLength(1)
    expect(server.calls.filter((call) => call === 'create')).toHaveLength(1)
  })

  it('is waited for while the list lags behind', async () => {
    let lists = 0
    server.fault = (call, count) => {
      if (call === 'list') lists = count
      return call === 'create' && count === 1 ? { cut: 'after' } : undefined
    }
    server.isListed = () => lists >= 2
    await ask(openSafe(new MemoryBatches(replies)))
    expect(server.batches).toHaveLength(1)
  })

  it('to a submission that never came is followed by another one', async () => {
    server.fault = (call, count) => (call === 'create' && count === 1 ? { status: 502 } : undefined)
    await ask(openSafe(new MemoryBatches(replies)))
    expect(server.batches).toHaveLength(1)
    expect(server.calls.filter((call) => call === 'list').length).toBeGreaterThanOrEqual(2)
  })

  it('with a list in an unknown form submits nothing, and is an outage', async () => {
    server.fault = (call, count) => {
      if (call === 'list') return { status: 200, body: '{"items":[]}' }
      return call === 'create' && count === 1 ? { cut: 'after' } : undefined
    }
    const engine = openSafe(new MemoryBatches(replies), { outageSeconds: 0.2 })
    const failure = await failureOf(ask(engine))
    expect(failure).toMatchObject({ name: 'Outage' })
    expect(server.batches).toHaveLength(1)
    server.fault = () => undefined
    await ask(openSafe(new MemoryBatches(replies), { outageSeconds: 1 })).catch(() => undefined)
  })

  it('and half a file of replies are fetched again', async () => {
    server.fault = (call, count) => {
      if (call === 'content' && count === 1) return { half: true }
      return call === 'look' && count === 2 ? { status: 503 } : undefined
    }
    await ask(openSafe(new MemoryBatches(replies)))
    expect(server.batches).toHaveLength(1)
    expect(server.calls.filter((call) => call === 'content')).toHaveLength(2)
    expect(server.paidTwice).toEqual([])
  })

  it('to a file that is not known everywhere yet is waited for', async () => {
    const body = '{"error":{"message":"Cannot find file file-1, or project does not have access to it."}}'
    server.fault = (call, count) => (call === 'create' && count <= 2 ? { status: 400, body } : undefined)
    await ask(openSafe(new MemoryBatches(replies)))
    expect(server.batches).toHaveLength(1)
    expect(server.calls.filter((call) => call === 'upload')).toHaveLength(1)
  })
})

describe('an engine that is closed', () => {
  it('leaves its batch with the provider, and the next engine collects it', async () => {
    const batches = new MemoryBatches(replies)
    server.next = () => 'in_progress'
    const first = open(batches)
    const asking = askFailureOf(ask(first))
    while (server.calls.filter((call) => call === 'look').length < 2) await sleep(2)
    await first.close()
    await asking
    const looks = server.calls.length
    await sleep(80)
    expect(server.calls).toHaveLength(looks)
    expect(batches.states).toEqual(['submitted'])
    server.next = () => 'completed'
    await ask(openSafe(batches))
    expect(server.batches).toHaveLength(1)
    expect(server.paidTwice).toEqual([])
  })

  it('does not end the batch of another engine', async () => {
    const batches = new MemoryBatches(replies)
    server.next = () => 'in_progress'
    const [first, second] = [open(batches), openSafe(batches)]
    const left = askFailureOf(ask(first))
    const stays = Promise.all(['q1', 'other'].map((text) => second.ask(question(text))))
    while (server.calls.filter((call) => call === 'look').length < 2) await sleep(2)
    await first.close()
    await left
    server.next = () => 'completed'
    expect((await stays).map(({ text }) => text)).toEqual(['reply to q1', 'reply to other'])
    expect(server.batches).toHaveLength(1)
  })
})

describe('two workers with one database', () => {
  it('submit the same requests once, and both get the replies', async () => {
    const batches = new MemoryBatches(replies)
    const other = new MemoryBatches(replies, batches, {})
    const [one, two] = await Promise.all([ask(openSafe(batches)), ask(openSafe(other))])
    expect(one.map(({ text }) => text)).toEqual(texts)
    expect(two.map(({ text }) => text)).toEqual(texts)
    expect(server.batches.flatMap(({ lines }) => lines)).toHaveLength(6)
    expect(server.paidTwice).toEqual([])
  })

  it('take over from each other when one dies', async () => {
    const dying = await dieAt({ call: 'look' })
    const other = openSafe(new MemoryBatches(replies, dying, {}))
    const asking = ask(other)
    await sleep(60)
    expect(batchesOf(other)).toMatchObject([{ status: 'elsewhere', total: 6 }])
    dying.expireHolds()
    expect((await asking).map(({ text }) => text)).toEqual(texts)
    expect(server.batches).toHaveLength(1)
  })

  it('ask again for what another worker did not get', async () => {
    server.answer = (line, batch) =>
      batch === 1 && line.custom_id.startsWith('') && server.batches.length === 1
        ? { status: 500, body: { error: { message: 'oh' } } }
        : undefined
    const batches = new MemoryBatches(replies)
    const [one, two] = await Promise.all([
      ask(openSafe(batches)),
      ask(openSafe(new MemoryBatches(replies, batches, {}))),
    ])
    expect(one).toHaveLength(6)
    expect(two).toHaveLength(6)
    expect(server.paidTwice).toEqual([])
  })
})
