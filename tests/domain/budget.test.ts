import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { budgetReached, doubledBudget, parseBudget, spending } from '../../domain/budget.ts'
import { parseRecipe } from '../../recipes/read-recipe.ts'

const recipe = {
  endpoints: {
    teacher: {
      concurrency: 1,
      model: 'big',
      prices: { promptPerMillion: 2, completionPerMillion: 8, currency: 'USD' },
    },
    student: { concurrency: 1 },
  },
}
const paid = (endpoint: string, model: string) => ({
  endpoint,
  model,
  requests: 10,
  promptTokens: 1_000_000,
  completionTokens: 500_000,
})

it('adds up requests and tokens, and money if prices are stated', () => {
  expect(spending(recipe, [paid('teacher', 'big'), paid('student', 'checkpoint-1')])).toEqual({
    requests: 20,
    tokens: 3_000_000,
    costs: { USD: 6 },
  })
})

it('finds the price of a judge by its model, because a judge is counted under its own name', () => {
  expect(spending(recipe, [paid('judge', 'big')]).costs).toEqual({ USD: 6 })
})

it('is reached exactly at its limit, and names the limit', () => {
  const spent = spending(recipe, [paid('teacher', 'big')])
  expect(budgetReached({ cost: 6.01, tokens: 1_500_001, requests: 11 }, spent)).toBeNull()
  expect(budgetReached({ cost: 6 }, spent)).toEqual({ limit: 'cost', text: '6.00 of 6 USD' })
  expect(budgetReached({ tokens: 1_500_000 }, spent)).toEqual({ limit: 'tokens', text: '1500000 of 1500000 tokens' })
  expect(budgetReached({ requests: 10 }, spent)).toEqual({ limit: 'requests', text: '10 of 10 requests' })
})

it('is doubled at the reached limit, and keeps its other limits', () => {
  expect(doubledBudget({ cost: 100, requests: 10 }, 'requests')).toBe('--budget cost=100,requests=20')
  expect(doubledBudget({ cost: 0.25 }, 'cost')).toBe('--budget cost=1')
})

it('counts requests under way at the mean cost so far, and their number from the first request on', () => {
  const spent = spending(recipe, [paid('teacher', 'big')])
  expect(budgetReached({ cost: 6.6 }, spent, 1)).toBeNull()
  expect(budgetReached({ cost: 6.59 }, spent, 1)).toMatchObject({ limit: 'cost' })
  expect(budgetReached({ tokens: 1_650_000 }, spent, 2)).toMatchObject({ limit: 'tokens' })
  const nothing = { requests: 0, tokens: 0, costs: {} }
  expect(budgetReached({ cost: 0.01, requests: 2 }, nothing, 2)).toBeNull()
  expect(budgetReached({ requests: 2 }, nothing, 3)).toMatchObject({ limit: 'requests' })
})

it('has no room at a larger sum if a smaller sum reaches it', () => {
  const amount = fc.nat({ max: 1000 })
  fc.assert(
    fc.property(amount, amount, fc.integer({ min: 1, max: 1000 }), (less, more, limit) => {
      const at = (requests: number) => budgetReached({ requests }, { requests: less, tokens: 0, costs: {} })
      const [low, high] = [Math.min(less, more), Math.max(less, more)]
      const reached = (requests: number) => budgetReached({ requests: limit }, { requests, tokens: 0, costs: {} })
      expect(reached(low) !== null && reached(high) === null).toBe(false)
      expect(at(limit) !== null).toBe(less >= limit)
    }),
  )
})

it('is read from its grammar only', () => {
  expect(parseBudget(['cost=12.5', 'requests=100'])).toEqual({ cost: 12.5, requests: 100 })
  expect(parseBudget(['cost=40,tokens=1.1m,requests=5K'])).toEqual({ cost: 40, tokens: 1_100_000, requests: 5000 })
  expect(parseBudget(['20'])).toEqual({ cost: 20 })
  for (const words of [['cost=1', 'cost=2'], ['20,cost=1'], ['1,2'], [''], ['cost=1,']])
    expect(parseBudget(words)).toBeNull()
  for (const words of [[], ['cost'], ['cost=-1'], ['cost=0'], ['tokens=1.5'], ['gpu=1'], ['cost=1', 'x=2']])
    expect(parseBudget(words)).toBeNull()
})

const text = (prices: string, budget: string) => `hone: 1
campaign: c
baseModel: { path: m }
endpoints: { teacher: { url: 'http://localhost:1/v1', model: big${prices} } }
sources: { seed: { path: ./data } }
rounds: { count: 1, first: [{ step: describe, from: seed, endpoint: teacher }] }
limits: { budget: ${budget} }
`

it('of money needs prices for every endpoint with a URL', () => {
  expect(() => parseRecipe(text('', '{ cost: 5 }'), { file: 'r.yaml' })).toThrow(
    'limits.budget.cost needs the prices of every endpoint with a url',
  )
  const priced = text(', prices: { promptPerMillion: 1, completionPerMillion: 2 }', '{ cost: 5 }')
  expect(parseRecipe(priced, { file: 'r.yaml' }).limits.budget).toEqual({ cost: 5 })
  expect(parseRecipe(text('', '{ tokens: 5 }'), { file: 'r.yaml' }).limits.budget).toEqual({ tokens: 5 })
  for (const words of ["'tokens=1m,requests=500'", '{ tokens: 1000000, requests: 500 }'])
    expect(parseRecipe(text('', words), { file: 'r.yaml' }).limits.budget).toEqual({ tokens: 1e6, requests: 500 })
  expect(() => parseRecipe(text('', 'tokens=many'), { file: 'r.yaml' })).toThrow('limits.budget')
  expect(() => parseRecipe(text('', '{}'), { file: 'r.yaml' })).toThrow('say cost, tokens or requests')
})
