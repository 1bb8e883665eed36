import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Engine, EngineOptions, Usage } from '../../models/engine.ts'
import { Outage } from '../../models/failures.ts'
import { askFailureOf, openEngine, question } from './asking.ts'
import { completion, FakeEndpoint } from './fake-endpoint.ts'
import { MemoryReplies } from './memory-replies.ts'

let endpoint: FakeEndpoint
let replies: MemoryReplies
const engines: Engine[] = []

beforeEach(async () => {
  endpoint = await new FakeEndpoint().start()
  replies = new MemoryReplies()
})

afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()))
  await endpoint.stop()
})

function engineWith(changes: Partial<EngineOptions> = {}): Engine {
  const engine = openEngine({ endpoints: [endpoint.resolved()], replies, ...changes })
  engines.push(engine)
  return engine
}

describe('paying once', () => {
  it('saves a reply before it returns the reply, and a second engine gets it for nothing', async () => {
    const first = await engineWith().ask(question('a'))
    expect(replies.byKey.has(first.key)).toBe(true)
    const second = await engineWith().ask(question('a'))
    expect(second).toEqual({ ...first, reused: true })
    expect(endpoint.requests).toHaveLength(1)
    expect(replies.byKey.get(first.key)).toMatchObject({ model: 'fake-model', attempts: 1, promptTokens: 10 })
  })

  it('shares one call between equal requests in flight', async () => {
    endpoint.latencyMs = 30
    const usage: Usage[] = []
    const engine = engineWith({ onUsage: (used) => usage.push(used) })
    const answers = await Promise.all(Array.from({ length: 5 }, () => engine.ask(question('same'))))
    expect(endpoint.requests).toHaveLength(1)
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1)
    expect(usage.filter((used) => !used.reused)).toHaveLength(1)
  })

  it('pays again for another sample, seed, picture, picture limit or model, but not for another URL', async () => {
    const pictured = question('q', { messages: [{ role: 'user', text: 'q', images: ['h1'] }] })
    const engine = engineWith()
    const keys = new Set([
      (await engine.ask(question('q'))).key,
      (await engine.ask(question('q', { sampleIndex: 1 }))).key,
      (await engine.ask(question('q', { sampling: { ...question('q').sampling, seed: 2 } }))).key,
      (await engine.ask(pictured)).key,
      (await engineWith({ endpoints: [endpoint.resolved({ imageMaxPixels: 784 })] }).ask(pictured)).key,
      (await engineWith({ endpoints: [endpoint.resolved({ identity: 'checkpoint-hash' })] }).ask(pictured)).key,
    ])
    expect(keys.size).toBe(6)
    const other = await new FakeEndpoint().start()
    const moved = await engineWith({ endpoints: [other.resolved()] }).ask(pictured)
    expect(moved.reused).toBe(true)
    await other.stop()
  })

  it('looks up and saves in batches', async () => {
    const engine = engineWith({ endpoints: [endpoint.resolved({ concurrency: 100 })] })
    await Promise.all(Array.from({ length: 100 }, (_, index) => engine.ask(question(`q${index}`))))
    expect(replies.finds.length).toBeLessThan(5)
    expect(replies.saves.length).toBeLessThan(60)
    expect(replies.byKey.size).toBe(100)
  })

  it('sends no more requests than slots until replies are saved, so that a kill loses no more than these', async () => {
    const save = replies.save.bind(replies)
    let open: () => void = () => undefined
    const opened = new Promise<void>((resolve) => (open = resolve))
    replies.save = async (batch) => {
      await opened
      await save(batch)
    }
    const engine = engineWith({ endpoints: [endpoint.resolved({ concurrency: 3 })] })
    const asked = Promise.all(Array.from({ length: 9 }, (_, index) => engine.ask(question(`q${index}`))))
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(endpoint.requests).toHaveLength(3)
    open()
    await asked
    expect(endpoint.requests).toHaveLength(9)
  })

  it('fails the shard and not the row when the store fails', async () => {
    replies.save = () => Promise.reject(new Error('connection terminated'))
    const error = await askFailureOf(engineWith().ask(question('a')))
    expect(error).toBeInstanceOf(Outage)
    expect(error.message).toContain('reply store')
  })
})

describe('what is sent', () => {
  it('puts pictures before the text and sends every sampling parameter', async () => {
    await engineWith().ask(question('q', { messages: [{ role: 'user', text: 'q', images: ['aa', 'bb'] }] }))
    const sent = endpoint.requests[0]!
    expect(sent.messages[0]!.content).toMatchObject([
      { type: 'image_url', image_url: { url: 'data:image/png;base64,aa' } },
      { type: 'image_url' },
      { type: 'text', text: 'q' },
    ])
    expect(sent.seed).toBe(1)
  })

  it('reads the key from the named variable and never shows it', async () => {
    endpoint.misbehave = () => ({ status: 400, body: 'bad key sk-secret in your request' })
    const options = { endpoints: [endpoint.resolved({ apiKeyEnv: 'TEACHER_KEY' })], env: { TEACHER_KEY: 'sk-secret' } }
    const error = await askFailureOf(engineWith(options).ask(question('a')))
    expect(endpoint.authorizations).toEqual(['Bearer sk-secret'])
    expect(error.reason).toBe('http-400')
    expect(error.message).toContain('[key]')
    expect(error.message).not.toContain('sk-secret')
  })

  it('names the variable when the key is missing, before anything is sent', async () => {
    const options = { endpoints: [endpoint.resolved({ apiKeyEnv: 'TEACHER_KEY' })], env: {} }
    const error = await askFailureOf(engineWith(options).ask(question('a')))
    expect(error.type).toBe('MissingSecret')
    expect(error.message).toContain('TEACHER_KEY')
    expect(endpoint.requests).toHaveLength(0)
  })
})

describe('replies', () => {
  it.each([
    ['length', 'length'],
    ['content_filter', 'refused'],
    ['stop', 'stop'],
  ])('marks finish reason %s as %s', async (sent, expected) => {
    endpoint.misbehave = () => ({ status: 200, body: completion('half a', sent) })
    expect((await engineWith().ask(question('a'))).finishReason).toBe(expected)
  })

  it('puts thinking from a separate field back in front', async () => {
    const message = { role: 'assistant', content: '<answer>3</answer>', reasoning_content: 'one, two, three' }
    endpoint.misbehave = () => ({ status: 200, body: JSON.stringify({ choices: [{ message }] }) })
    const reply = await engineWith().ask(question('a'))
    expect(reply.text).toBe('<think>\none, two, three\n</think>\n\n<answer>3</answer>')
    expect(reply.promptTokens).toBe(0)
  })
})
