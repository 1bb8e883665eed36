import { assert, integer, nat, property, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dataSteps } from '../../data/steps/registry.ts'
import { endpointOptions, endpointsOf } from '../../domain/recipe/references.ts'
import { planCampaign } from '../../plan/plan.ts'
import { recipe, rows } from './recipes.ts'

const every = Object.entries(dataSteps)

/** The options that a step requires, and each model that it can ask. Others have a default. */
const needed = (name: string): Record<string, string> => {
  const known = Object.keys(dataSteps[name]?.options.shape ?? {})
  const models = endpointOptions.filter((option) => known.includes(option)).map((option) => [option, 'teacher'])
  return {
    step: name,
    from: 'seed',
    ...Object.fromEntries(models),
    ...(known.includes('evidence') && { evidence: 'seed' }),
  }
}

/** Options that multiply rows or calls, or lengthen replies. */
const counts = record(
  {
    samples: integer({ min: 1, max: 64 }),
    turns: integer({ min: 1, max: 16 }),
    questions: integer({ min: 1, max: 64 }),
    maxEach: integer({ min: 1, max: 20 }),
    maxTokens: integer({ min: 1, max: 32_768 }),
  },
  { requiredKeys: [] },
)

/** All numbers in a value, however deep. */
const numbersIn = (value: unknown): number[] => {
  if (typeof value === 'number') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : []
}
const isCount = (value: number): boolean => Number.isFinite(value) && value >= 0

const model = { bytes: 2000, parameters: 1000, from: 'folder' as const }
const plannedRound = (of: ReturnType<typeof recipe>, count: number) => {
  const known = { sources: { seed: rows(count) }, benchmarks: { dev: rows(5), report: rows(5) }, model }
  return planCampaign(of, known, { round: 1 }).rounds[0]
}

describe.each(every)('the estimate of %s', (name, step) => {
  it('has finite counts that are not negative, and asks only models that the options name', () => {
    const check = (more: object) => {
      const wanted = Object.fromEntries(Object.entries(more).filter(([option]) => option in step.options.shape))
      const { success, data } = step.options.safeParse({ ...needed(name), ...(name === 'mix' ? {} : wanted) })
      expect(success, `${name} with ${JSON.stringify(wanted)}`).toBe(true)
      if (!data) return
      const { rowsOut, calls } = step.estimate(data)
      expect([rowsOut, ...numbersIn(calls)].filter((value) => !isCount(value))).toEqual([])
      const named = endpointsOf(data).map(({ option }) => option)
      for (const call of calls) expect(named).toContain(call.option)
    }
    check({})
    assert(property(counts, check), { numRuns: 50 })
  })

  it('gives a plan with finite counts for any number of rows', () => {
    const line = `{ ${Object.entries(needed(name))
      .map(([option, value]) => `${option}: ${value}`)
      .join(', ')} }`
    const planned = recipe(line)
    assert(
      property(nat(1_000_000), (count) => {
        const round = plannedRound(planned, count)
        expect(round?.steps).toMatchObject([{ kind: 'data', step: name, rowsIn: count }])
        expect(numbersIn(round).filter((value) => !isCount(value))).toEqual([])
      }),
      { numRuns: 20 },
    )
  })
})

it('training, selection and evaluation have finite counts for any number of rows that fills a step', () => {
  const planned = recipe(`
    { step: sft, from: seed, learningRate: 1e-5, epochs: 1 }
    { step: rl, from: seed, snapshots: { every: 5, last: 50 } }
    { step: select-checkpoint, benchmark: dev }
    { step: evaluate }
    { step: gate, benchmark: dev }`)
  assert(
    property(integer({ min: 16, max: 1_000_000 }), (count) => {
      const round = plannedRound(planned, count)
      expect(round?.steps).toHaveLength(5)
      expect(numbersIn(round).filter((value) => !isCount(value))).toEqual([])
    }),
    { numRuns: 20 },
  )
})
