import { describe, expect, it } from 'vitest'
import { costOf } from '../../domain/prices.ts'
import type { Usage } from '../../models/engine.ts'
import { readCompletion } from '../../models/completion.ts'
import { estimateOf } from '../../models/usage.ts'
import { openEngine, pictured, question } from './asking.ts'
import { FakeEndpoint } from './fake-endpoint.ts'

const prices = { promptPerMillion: 2, completionPerMillion: 8, cachedPromptPerMillion: 0.5, currency: 'EUR' }
const body = JSON.stringify({
  choices: [{ message: { content: 'three' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1000, completion_tokens: 100, prompt_tokens_details: { cached_tokens: 600 } },
})

describe('what tokens cost', () => {
  it('is their number at the price of their kind, cached ones at theirs', () => {
    const tokens = { promptTokens: 1000, completionTokens: 100 }
    expect(costOf(tokens, prices)).toBeCloseTo((1000 * 2 + 100 * 8) / 1e6)
    expect(costOf({ ...tokens, cachedTokens: 600 }, prices)).toBeCloseTo((400 * 2 + 600 * 0.5 + 100 * 8) / 1e6)
    const { cachedPromptPerMillion: _, ...plain } = prices
    expect(costOf({ ...tokens, cachedTokens: 600 }, plain)).toBe(costOf(tokens, plain))
    expect(costOf({ ...tokens, cachedTokens: 5000 }, prices)).toBeGreaterThan(0)
  })

  it('is told with each reply that is paid, and of none that was', async () => {
    const server = await new FakeEndpoint().start()
    server.misbehave = () => ({ status: 200, body })
    const used: Usage[] = []
    const engine = openEngine({ endpoints: [server.resolved({ prices })], onUsage: (usage) => used.push(usage) })
    await engine.ask(question('a'))
    await engine.ask(question('a'))
    await engine.close()
    await server.stop()
    const tokens = { endpoint: 'teacher', promptTokens: 1000, completionTokens: 100 }
    expect(used).toEqual([
      { ...tokens, cachedTokens: 600, reused: false, cost: { amount: expect.closeTo(0.0019, 6), currency: 'EUR' } },
      { ...tokens, cachedTokens: 0, reused: true },
    ])
  })
})

it('cached tokens are read where a server tells them', () => {
  expect(readCompletion(body)).toMatchObject({ promptTokens: 1000, cachedTokens: 600 })
  expect(readCompletion(body.replace('600', 'null'))).not.toHaveProperty('cachedTokens')
})

it('a request is estimated by its characters, its pictures at their limit, and the most that it may answer', () => {
  const endpoint = { imageMaxPixels: 784 * 100 }
  expect(estimateOf(endpoint, question('x'.repeat(400)))).toEqual({ promptTokens: 100, maxTokens: 64 })
  expect(estimateOf(endpoint, pictured('aa')).promptTokens).toBe(101)
})

it.each([
  ['12.5', 13],
  ['3e9', 2 ** 31 - 1],
  ['1e999', 0],
  ['-4', 0],
  ['"many"', 0],
  ['null', 0],
])('a reply is kept though its server counts %s tokens', (count, expected) => {
  const odd = body.replace('1000', count).replace('100,', `${count},`).replace('600', count)
  expect(readCompletion(odd)).toMatchObject({ text: 'three', promptTokens: expected, completionTokens: expected })
  expect(readCompletion(body.replace(/"usage":.*/, `"usage":${count}}`))).toMatchObject({ promptTokens: 0 })
})
