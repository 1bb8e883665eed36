import { expect, it } from 'vitest'
import { costOf } from '../../domain/prices.ts'
import type { Usage } from '../../models/engine.ts'
import { estimateOf } from '../../models/usage.ts'
import { openEngine, pictured, question } from './asking.ts'
import { FakeEndpoint } from './fake-endpoint.ts'

const prices = { promptPerMillion: 2, completionPerMillion: 8, currency: 'EUR' }
const body = JSON.stringify({
  choices: [{ message: { content: 'three' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1000, completion_tokens: 100 },
})

it('tokens cost their number times the price of their kind', () => {
  expect(costOf({ promptTokens: 1000, completionTokens: 100 }, prices)).toBeCloseTo((1000 * 2 + 100 * 8) / 1e6)
})

it('usage is reported with each reply, and marks replies that were paid before', async () => {
  const server = await new FakeEndpoint().start()
  server.misbehave = () => ({ status: 200, body })
  const used: Usage[] = []
  const engine = openEngine({ endpoints: [server.resolved()], onUsage: (usage) => used.push(usage) })
  await engine.ask(question('a'))
  await engine.ask(question('a'))
  await engine.close()
  await server.stop()
  const about = { endpoint: 'teacher', model: 'fake-model', servedModel: null, isEstimated: false }
  const tokens = { ...about, promptTokens: 1000, completionTokens: 100 }
  expect(used).toEqual([
    { ...tokens, reused: false },
    { ...tokens, reused: true },
  ])
})

it('a request is estimated by its characters, its pictures at their limit, and the maximum of its answer', () => {
  const endpoint = { imageMaxPixels: 784 * 100 }
  expect(estimateOf(endpoint, question('x'.repeat(400)))).toEqual({ promptTokens: 100, maxTokens: 64 })
  expect(estimateOf(endpoint, pictured('aa')).promptTokens).toBe(101)
})
