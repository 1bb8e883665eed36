import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Engine, EngineOptions, Usage } from '../../models/engine.ts'
import { Limiters } from '../../models/limiters.ts'
import type { ReplyStore } from '../../models/reply-store.ts'
import { failureOf, openEngine, question } from './asking.ts'
import { FakeEndpoint } from './fake-endpoint.ts'
import { MemoryReplies } from './memory-replies.ts'

let endpoint: FakeEndpoint
let replies: MemoryReplies
const engines: Engine[] = []
const limiters = new Limiters()

beforeEach(async () => {
  endpoint = await new FakeEndpoint().start()
  replies = new MemoryReplies()
})
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()))
  await endpoint.stop()
})

const open = (options: Partial<EngineOptions> = {}): Engine => {
  const engine = openEngine({ endpoints: [endpoint.resolved()], replies, limiters, ...options })
  engines.push(engine)
  return engine
}
const sent = async (count: number) => {
  while (endpoint.requests.length < count) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('one request that two engines send at once', () => {
  it('is paid once, by the first engine', async () => {
    endpoint.latencyMs = 50
    const used: Usage[][] = [[], []]
    const [one, two] = used.map((each) => open({ onUsage: (usage) => each.push(usage) }))
    const answers = await Promise.all([one!.ask(question('same')), two!.ask(question('same'))])
    expect(endpoint.requests).toHaveLength(1)
    expect(answers.map(({ reused }) => reused)).toEqual([false, true])
    expect(used.map((each) => each.map(({ reused }) => reused))).toEqual([[false], [true]])
  })

  it('is answered to the second engine even if the first is cancelled', async () => {
    endpoint.latencyMs = 100
    const controller = new AbortController()
    const one = open({ signal: controller.signal })
    const two = open()
    const first = failureOf(one.ask(question('same')))
    await sent(1)
    const second = two.ask(question('same'))
    controller.abort(new Error('the first left'))
    expect(String(await first)).toBe('Error: the first left')
    await one.close()
    expect((await second).text).toBe('reply to same')
    expect(endpoint.requests).toHaveLength(1)
    expect(endpoint.left).toBe(0)
    expect(replies.byKey.size).toBe(1)
  })

  it('goes on for the first engine even if the second is cancelled', async () => {
    endpoint.latencyMs = 100
    const controller = new AbortController()
    const first = open().ask(question('same'))
    await sent(1)
    const second = failureOf(open({ signal: controller.signal }).ask(question('same')))
    controller.abort(new Error('the second left'))
    expect(String(await second)).toBe('Error: the second left')
    expect((await first).reused).toBe(false)
  })

  it('ends on the wire when no engine wants it any more, and is sent again by the next engine', async () => {
    endpoint.misbehave = (call) => (call === 1 ? { hang: true } : undefined)
    const controllers = [new AbortController(), new AbortController()]
    const asking = controllers.map(({ signal }) => failureOf(open({ signal }).ask(question('same'))))
    await sent(1)
    for (const controller of controllers) controller.abort(new Error('left'))
    expect((await Promise.all(asking)).map(String)).toEqual(['Error: left', 'Error: left'])
    expect((await open().ask(question('same'))).reused).toBe(false)
    expect(endpoint.left).toBe(1)
    expect(endpoint.requests).toHaveLength(2)
  })

  it('fails for both when it fails', async () => {
    endpoint.misbehave = () => ({ status: 400 })
    const errors = await Promise.all([open(), open()].map((engine) => failureOf(engine.ask(question('same')))))
    expect(errors).toMatchObject([{ reason: 'http-400' }, { reason: 'http-400' }])
    expect(endpoint.requests).toHaveLength(1)
  })

  it('is shared by stores over the same place only', async () => {
    endpoint.latencyMs = 30
    const place = {}
    const storeAt = (where?: object): ReplyStore => {
      const store = new MemoryReplies()
      return {
        ...(where && { place: where }),
        find: (keys) => store.find(keys),
        save: (batch) => store.save(batch),
      }
    }
    const stores = [storeAt(place), storeAt(place), storeAt()]
    await Promise.all(stores.map((each) => open({ replies: each }).ask(question('same'))))
    expect(endpoint.requests).toHaveLength(2)
  })
})

it('a reply that came back before its engine was closed is kept', async () => {
  const save = replies.save.bind(replies)
  let free: () => void = () => undefined
  const held = new Promise<void>((resolve) => (free = resolve))
  replies.save = async (batch) => {
    await held
    await save(batch)
  }
  const engine = open()
  const asking = failureOf(engine.ask(question('a')))
  await sent(1)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const closing = engine.close()
  expect(String(await asking)).toContain('closed')
  free()
  await closing
  expect(replies.byKey.size).toBe(1)
})
