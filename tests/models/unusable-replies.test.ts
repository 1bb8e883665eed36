import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Usage } from '../../models/engine.ts'
import { openEngine, question } from './asking.ts'
import { FakeEndpoint } from './fake-endpoint.ts'
import { MemoryReplies } from './memory-replies.ts'

let server: FakeEndpoint
beforeEach(async () => {
  server = await new FakeEndpoint().start()
})
afterEach(() => server.stop())

const completion = (text: string, finish: string, more: object = {}) =>
  JSON.stringify({
    choices: [{ message: { content: text }, finish_reason: finish }],
    usage: { prompt_tokens: 70, completion_tokens: 9 },
    ...more,
  })

/** Answers `bodies` in turn, the last one for ever. */
function answer(...bodies: string[]): void {
  let at = 0
  server.misbehave = () => ({ status: 200, body: bodies[Math.min(at++, bodies.length - 1)] ?? '' })
}

describe('a reply that was paid for and cannot be used', () => {
  it('is kept under a key of its own, and the good reply under the key of the request', async () => {
    answer(completion('half a sen', 'abort'), completion('', 'stop'), completion('three', 'stop'))
    const replies = new MemoryReplies()
    const used: Usage[] = []
    const engine = openEngine({ endpoints: [server.resolved()], replies, onUsage: (usage) => used.push(usage) })
    const reply = await engine.ask(question('a'))
    await engine.close()
    expect(reply).toMatchObject({ text: 'three', finishReason: 'stop', reused: false })
    expect([...replies.byKey.keys()]).toEqual([reply.key])
    expect(replies.unusable.map(({ text, completionTokens }) => [text, completionTokens])).toEqual([
      ['half a sen', 9],
      ['', 9],
    ])
    expect(new Set([reply.key, ...replies.unusable.map(({ key }) => key)]).size).toBe(3)
    expect(used.map(({ promptTokens, reused }) => [promptTokens, reused])).toEqual([
      [70, false],
      [70, false],
      [70, false],
    ])
  })

  it('is counted although its row fails', async () => {
    answer(completion('half a sen', 'abort'))
    const replies = new MemoryReplies()
    const used: Usage[] = []
    const engine = openEngine({
      endpoints: [server.resolved()],
      replies,
      retries: { attempts: 3, baseMs: 1 },
      onUsage: (usage) => used.push(usage),
    })
    await expect(engine.ask(question('a'))).rejects.toMatchObject({ reason: 'finish-abort' })
    await engine.close()
    expect(replies.unusable).toHaveLength(3)
    expect(used).toHaveLength(3)
    expect(replies.byKey.size).toBe(0)
  })
})

it('a broken reply without usage costs an estimate, and keeps the model that answered', async () => {
  answer(
    JSON.stringify({ model: 'm', choices: [{ message: { content: 'x'.repeat(40) }, finish_reason: 'abort' }] }),
    completion('three', 'stop'),
  )
  const replies = new MemoryReplies()
  const used: Usage[] = []
  const engine = openEngine({ endpoints: [server.resolved()], replies, onUsage: (usage) => used.push(usage) })
  await engine.ask(question('x'.repeat(400)))
  await engine.close()
  const broken = { promptTokens: 100, completionTokens: 10, isEstimated: true, servedModel: 'm' }
  expect(replies.unusable).toMatchObject([broken])
  expect(used).toMatchObject([broken, { isEstimated: false }])
})

describe('the model that answered', () => {
  it('is stored, and another model than the one that was asked is told once', async () => {
    answer(completion('three', 'stop', { model: 'small-model' }))
    const replies = new MemoryReplies()
    const warnings: string[] = []
    const engine = openEngine({
      endpoints: [server.resolved()],
      replies,
      onWarning: (message) => warnings.push(message),
    })
    await engine.ask(question('a'))
    await engine.ask(question('b'))
    await engine.close()
    expect([...replies.byKey.values()].map(({ servedModel }) => servedModel)).toEqual(['small-model', 'small-model'])
    expect(warnings).toEqual([
      'endpoint "teacher" was asked for the model "fake-model", and the model "small-model" answered',
    ])
  })

  it('is the same model with a date', async () => {
    answer(completion('three', 'stop', { model: 'vendor/Fake-Model-2026-08-06' }))
    const warnings: string[] = []
    const engine = openEngine({ endpoints: [server.resolved()], onWarning: (message) => warnings.push(message) })
    await engine.ask(question('a'))
    await engine.close()
    expect(warnings).toEqual([])
  })
})

it('tokens that no server counts are estimated and said to be estimates', async () => {
  server.misbehave = () => ({
    status: 200,
    body: JSON.stringify({ choices: [{ message: { content: 'x'.repeat(40) }, finish_reason: 'stop' }] }),
  })
  const replies = new MemoryReplies()
  const used: Usage[] = []
  const engine = openEngine({ endpoints: [server.resolved()], replies, onUsage: (usage) => used.push(usage) })
  await engine.ask(question('x'.repeat(400)))
  await engine.close()
  expect(used).toMatchObject([{ promptTokens: 100, completionTokens: 10, isEstimated: true }])
  expect([...replies.byKey.values()]).toMatchObject([{ isEstimated: true, promptTokens: 100 }])
})
