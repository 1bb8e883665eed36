import { assert, integer, nat, property } from 'fast-check'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseRecipe } from '../../recipes/read-recipe.ts'
import type { DataStepPlan, JobPlan, StepPlan } from '../../plan/campaign-plan.ts'
import type { BenchmarkSpec } from '../../domain/recipe/recipe.ts'
import { modelFromName } from '../../plan/known.ts'
import type { Known } from '../../plan/known.ts'
import { planCampaign } from '../../plan/plan.ts'
import { judgeCharacters, pictureTokens, templateCharacters } from '../../plan/tokens.ts'
import { judgeMessages } from '../../verifier/judge/prompt.ts'
import { nothingKnown, recipe, rows } from './recipes.ts'

const folder = new URL('../../recipes/', import.meta.url)
const shipped = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
const shippedRecipe = (name: string) => parseRecipe(readFileSync(new URL(name, folder), 'utf8'), { file: name })

const loop = `
{ step: describe, from: seed, endpoint: teacher, maxTokens: 500 }
{ step: reason, endpoint: free, samples: 4, maxTokens: 1000 }
{ step: verify }
{ step: select, pick: shortest }
{ step: sft, learningRate: 1e-5, epochs: 2, batchSize: 32 }
{ step: rl, from: hard, steps: 10, promptsPerStep: 8, generations: 4, maxCompletionTokens: 1000, saveEverySteps: 4 }
{ step: evaluate }
{ step: gate, benchmark: dev }`

const facts: Known = {
  sources: { seed: rows(100), hard: rows(40) },
  benchmarks: { dev: rows(25), report: rows(5) },
  model: { bytes: 2000, parameters: 1000, from: 'folder' },
}

const planned = (steps: string, known: Known = facts): StepPlan[] =>
  planCampaign(recipe(steps), known, { round: 1 }).rounds[0]?.steps ?? []
const data = (steps: StepPlan[], name: string): DataStepPlan => {
  const found = steps.find((step) => step.name === name)
  if (found?.kind !== 'data') throw new Error(`no data step ${name}`)
  return found
}
const jobs = (steps: StepPlan[]): JobPlan[] => steps.flatMap((step) => (step.kind === 'training' ? step.jobs : []))

describe('rows', () => {
  it('are the maximum at every step, with shards and calls', () => {
    const steps = planned(loop)
    expect(data(steps, 'describe')).toMatchObject({ rowsIn: 100, rowsOut: 100, shards: 10, from: ['seed'] })
    expect(data(steps, 'reason')).toMatchObject({ rowsIn: 100, rowsOut: 400, shards: 10 })
    expect(data(steps, 'verify')).toMatchObject({ rowsIn: 400, rowsOut: 400, shards: 40, calls: [] })
    expect(data(steps, 'select')).toMatchObject({ rowsIn: 400, rowsOut: 100 })
  })

  it('of a question are at most as many as select keeps', () => {
    const kept = (select: string): unknown => {
      const steps = planned(`
        { step: sample, from: seed, endpoint: trained, samples: 4 }
        { step: select, ${select} }`)
      return data(steps, 'select').rowsOut
    }
    expect(kept('keep: 2')).toBe(200)
    expect(kept('keep: 9')).toBe(400)
    expect(kept('pick: all')).toBe(400)
  })

  it('that are written for a picture are questions of their own', () => {
    const steps = planned(`
      { step: describe, from: seed, endpoint: teacher }
      { step: synthesize, endpoint: free, questions: 3 }
      { step: reason, endpoint: free, samples: 2 }
      { step: select }`)
    expect(data(steps, 'select')).toMatchObject({ rowsIn: 600, rowsOut: 300 })
  })

  it('of a mix are the most that its shares and its limit allow', () => {
    const mixed = (options: string, known: Known = facts): unknown =>
      data(planned(`{ step: mix, from: [seed, hard]${options} }`, known), 'mix').rowsOut
    expect(mixed('')).toBe(140)
    expect(mixed(', maxRows: 60')).toBe(60)
    expect(mixed(', weights: [1, 1]')).toBe(80)
    expect(mixed(', weights: [3, 1], maxRows: 20')).toBe(20)
    expect(mixed(', maxRows: 60', nothingKnown)).toBe(60)
    expect(mixed('', nothingKnown)).toBe(null)
  })

  it('of a mix with a limit for each group are the most that the counted groups allow', () => {
    const mixed = (groups: Record<string, number>): unknown =>
      data(
        planned('{ step: mix, from: seed, by: source, maxEach: 5 }', {
          ...facts,
          sources: { seed: { ...rows(100), groups } },
        }),
        'mix',
      ).rowsOut
    expect(mixed({ source: 14 })).toBe(70)
    expect(mixed({ source: 30 })).toBe(100)
    expect(mixed({})).toBe(100)
    const both = (hard: Record<string, number>): unknown =>
      data(
        planned('{ step: mix, from: [seed, hard], by: source, maxEach: 5 }', {
          ...facts,
          sources: { seed: { ...rows(100), groups: { source: 14, year: 2 } }, hard: { ...rows(40), groups: hard } },
        }),
        'mix',
      ).rowsOut
    expect(both({ source: 3 })).toBe(5 * (14 + 3))
    expect(both({ year: 3 })).toBe(140)
  })

  it('of a mix whose groups are not known are unknown, with the reason and the next step', () => {
    const unknown = recipe(`
      { step: verify, from: [seed, hard] }
      { step: mix, by: source, maxEach: 5 }`)
    const notes = (known: Known) => planCampaign(unknown, known, { round: 1 }).notes
    const hard = { ...rows(40), groups: { source: 2 } }
    expect(notes({ ...facts, sources: { seed: rows(100), hard } })).toEqual([
      'round 1, mix: maxEach is not counted in: groups by "source" are counted in files alone: put that of seed in place (--rows gives no groups)',
    ])
    expect(notes({ ...facts, sources: { seed: { ...rows(100), groups: {} }, hard } })).toEqual([
      'round 1, mix: maxEach is not counted in: not every source has the field "source": its groups are known once the step that writes it ran',
    ])
    expect(notes({ ...facts, sources: { seed: hard, hard } })).toEqual([])
  })

  it('of a source without a file are as many as its limit, with a note', () => {
    const limited: Known = {
      ...facts,
      sources: { ...facts.sources, seed: { rows: 1500, questionCharacters: null, images: null, isLimit: true } },
    }
    const plan = planCampaign(recipe('{ step: verify, from: seed }'), limited, { round: 1 })
    expect(plan.rounds[0]?.steps).toMatchObject([{ rowsIn: 1500 }])
    expect(plan.missing).toEqual([])
    expect(plan.assumptions).toContain(
      'at most 1,500 rows of seed, its maxRows: data/seed is not there; put it there, or say --rows seed=N',
    )
    const unread = planCampaign(recipe('{ step: verify, from: hard }'), limited, { round: 1 })
    expect(unread.assumptions.join()).not.toContain('at most')
  })

  it('that are unknown stay unknown, and the plan says what it needs', () => {
    const { rounds, missing, totals } = planCampaign(recipe(loop), nothingKnown)
    const steps = rounds[1]?.steps ?? []
    expect(data(steps, 'reason')).toMatchObject({ rowsIn: null, rowsOut: null, shards: null })
    expect(data(steps, 'reason').calls[0]).toMatchObject({ calls: null, promptTokens: null, completionTokens: null })
    expect(totals.calls).toEqual({ known: 0, complete: false })
    expect(missing.join('\n')).toMatch(/rows of source seed: data\/seed is not there; .* --rows seed=N/)
    expect(missing.join('\n')).toMatch(/rows of benchmark report/)
    expect(missing.join('\n')).toMatch(/size of the base model/)
    expect(missing.join('\n')).toMatch(/rates\.rlTokensPerGpuSecond/)
  })

  it('never grow from a step to the next unless the step multiplies them', () => {
    assert(
      property(nat(10_000), integer({ min: 1, max: 16 }), integer({ min: 1, max: 16 }), (seed, k, keep) => {
        const steps = planned(
          `{ step: sample, from: seed, endpoint: trained, samples: ${k} }
           { step: select, keep: ${keep} }`,
          { ...facts, sources: { seed: rows(seed) } },
        )
        expect(data(steps, 'select').rowsOut).toBe(seed * Math.min(k, keep))
      }),
      { numRuns: 30 },
    )
  })
})

describe('calls', () => {
  it('have the tokens of template, question and pictures, and the prices of the endpoint', () => {
    // 78,400 pixels are 100 tokens; 400 characters are 100; the template counts 250.
    expect(data(planned(loop), 'describe').calls).toEqual([
      {
        endpoint: 'teacher',
        model: 'big',
        calls: 100,
        promptTokens: 100 * (250 + 100 + 100),
        completionTokens: 100 * 500,
        cost: { amount: (45_000 + 4 * 50_000) / 1e6, currency: 'USD' },
      },
    ])
  })

  it('without pictures read the description instead', () => {
    expect(data(planned(loop), 'reason').calls).toMatchObject([
      { endpoint: 'free', calls: 400, promptTokens: 400 * (250 + 100 + 500), completionTokens: 400_000, cost: null },
    ])
  })

  it('no longer read traces of old questions after questions are rewritten', () => {
    const steps = `
      { step: sample, from: seed, endpoint: trained, maxTokens: 4000 }
      { step: convert }
      { step: sft, learningRate: 1e-5, steps: 1, batchSize: 10 }`
    expect(jobs(planned(steps))[0]?.tokens).toBe(10 * (100 + 1280))
    expect(jobs(planned(steps.replace('convert', 'clean')))[0]?.tokens).toBe(10 * (100 + 1280 + 4000))
  })

  it('of an evaluation are one for each item, and two of the judge if rules may leave the item open', () => {
    const [evaluation] = planned('{ step: evaluate }')
    expect(evaluation).toMatchObject({ checkpoints: 1, of: null, shards: 4, benchmarks: [{ items: 25 }, { items: 5 }] })
    if (evaluation?.kind !== 'evaluation') throw new Error('no evaluation')
    expect(evaluation.calls).toMatchObject([
      { endpoint: 'measured', calls: 30, completionTokens: 25 * 100 + 5 * 200 },
      { endpoint: 'free', calls: 10 },
    ])
  })

  it('of an evaluation count pictures at the limit of the benchmark', () => {
    const prompt = (limit: Partial<BenchmarkSpec>) => {
      const text = recipe('{ step: evaluate, benchmarks: [dev] }')
      const dev = { ...text.benchmarks['dev']!, ...limit }
      const [step] = planCampaign({ ...text, benchmarks: { dev } }, facts, { round: 1 }).rounds[0]?.steps ?? []
      return step?.kind === 'evaluation' ? step.calls[0]?.promptTokens : null
    }
    expect(prompt({})).toBe(25 * (100 + 1280))
    expect(prompt({ imageMaxPixels: 12_845_056 })).toBe(25 * (100 + 16_384))
  })

  it('of a judge of RL are two for each completion', () => {
    const rl = '{ step: rl, from: hard, steps: 10, promptsPerStep: 8, generations: 4, judge: free }'
    expect(jobs(planned(rl))[0]?.calls).toMatchObject([{ endpoint: 'free', calls: 640 }])
  })

  it('have room for the longest template and for the texts that a judge gets', () => {
    const prompts = new URL('../../data/steps/prompts/', import.meta.url)
    const lengths = readdirSync(prompts).map((name) => readFileSync(new URL(name, prompts), 'utf8').length)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(templateCharacters)
    const said = judgeMessages({ question: '', gold: 'a dog', answer: 'a small dog' })
    expect(said.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(judgeCharacters)
  })
})

describe('training jobs', () => {
  const [sft, rl] = jobs(planned(loop))

  it('of SFT count the last batch of a pass, which is smaller', () => {
    expect(sft).toMatchObject({
      key: 'mine/1/sft',
      startFrom: 'base',
      rows: 100,
      steps: 8,
      passes: 2,
      completions: null,
    })
    // Tokens: question 100, picture 1,280 without a limit of the step, trace 1,000.
    expect(sft?.tokens).toBe(200 * (100 + 1280 + 1000))
  })

  it('of RL count steps × prompts × generations × cap', () => {
    expect(rl).toMatchObject({
      key: 'mine/1/rl',
      startFrom: 'sft',
      rows: 40,
      steps: 10,
      passes: 2,
      completions: 320,
      tokens: 320_000,
      tokensAQuestion: 4000,
    })
  })

  it('show argv, files and names of variables, and no value of a variable', () => {
    expect(rl?.argv).toEqual([
      'python',
      '-m',
      'hone_trainer',
      'grpo',
      '--config',
      'RUNS/mine/1/rl/attempt-1/config.json',
    ])
    expect(rl?.env).toEqual(['PYTHONPATH', 'PYTHONUNBUFFERED', 'HONE_STAGE', 'HONE_ATTEMPT', 'HONE_REWARD_TOKEN'])
    expect(rl?.secretEnv).toEqual(['HONE_REWARD_TOKEN'])
    expect(rl?.files.map(({ path }) => path)).toEqual(['config.json', 'rows'])
    expect(rl?.settings).toMatchObject({ generations: 4, promptsPerStep: 8, maxCompletionTokens: 1000 })
  })

  it('need disk space for weights and the newest two checkpoints with their optimizer', () => {
    expect(rl?.disk).toEqual({ output: 2000, snapshots: 0, checkpoints: 2 * 12 * 1000 })
    expect(sft?.disk).toEqual({ output: 2000, snapshots: 0, checkpoints: 12 * 1000 })
  })

  it('need GPU hours at the rates of the recipe, and show no hours without rates', () => {
    expect([sft?.gpuHours, rl?.gpuHours]).toEqual([null, null])
    const stated = recipe(loop, 'rates: { gpus: 8, rlTokensPerGpuSecond: 1000 }')
    const { rounds, totals } = planCampaign(stated, facts, { round: 1 })
    expect(jobs(rounds[0]?.steps ?? [])[1]?.gpuHours).toBeCloseTo(320 / 3600)
    expect(totals.gpuHours.complete).toBe(false)
  })

  it('of phases start from each other, and a selection measures the weights of the last phase', () => {
    const steps = planned(`
      { step: rl, from: hard, steps: 20, promptsPerStep: 8, generations: 4, snapshots: { every: 5, last: 10 }, phases: [{ name: one, from: seed }, { name: two }] }
      { step: select-checkpoint, benchmark: dev }`)
    expect(jobs(steps)).toMatchObject([
      { key: 'mine/1/rl/one', startFrom: 'base', from: ['seed'], disk: { snapshots: 0 } },
      { key: 'mine/1/rl/two', startFrom: 'one', from: ['hard'], disk: { snapshots: 2 * 2000 } },
    ])
    expect(steps[1]).toMatchObject({ checkpoints: 3, of: 'rl', calls: [{ calls: 75 }], shards: 9 })
  })
})

describe('a campaign', () => {
  it('is shown by rounds with different steps, with their sums', () => {
    const { rounds, totals } = planCampaign(recipe(loop), facts)
    expect(rounds.map(({ round, times }) => [round, times])).toEqual([
      [0, 1],
      [1, 3],
    ])
    expect(totals.jobs).toBe(6)
    expect(totals.rlSteps).toEqual({ known: 30, complete: true })
    expect(totals.calls.known).toBe(40 + 3 * (100 + 400 + 40))
    expect(totals.costs).toEqual([{ currency: 'USD', amount: { known: expect.closeTo(3 * 0.245), complete: true } }])
  })

  it('has no round beyond its last', () => {
    expect(() => planCampaign(recipe(loop), facts, { round: 4 })).toThrow(/no round 4: it runs rounds 0 to 3/)
  })

  it.each(shipped)(
    'that Hone ships has a plan, with unknown rows and with a thousand rows of each source: %s',
    (name) => {
      const parsed = shippedRecipe(name)
      expect(planCampaign(parsed, nothingKnown).missing).not.toEqual([])
      const every = (names: object) => Object.fromEntries(Object.keys(names).map((each) => [each, rows(1000)]))
      const known = { ...nothingKnown, sources: every(parsed.sources), benchmarks: every(parsed.benchmarks) }
      const { totals } = planCampaign(parsed, known)
      expect(totals.calls).toMatchObject({ complete: true })
      expect(totals.shards.complete).toBe(true)
    },
  )
})

it('the size of a model is read from its name, if the name has one', () => {
  expect(modelFromName('Qwen/Qwen2.5-VL-7B-Instruct')).toMatchObject({ parameters: 7e9, bytes: 14e9, from: 'name' })
  expect(modelFromName('org/model-0.5b')).toMatchObject({ parameters: 5e8 })
  expect(modelFromName('Qwen/Qwen2.5-VL')).toBe(null)
  expect(modelFromName('demo:base')).toBe(null)
  expect(modelFromName('8B-things/final')).toBe(null)
})

it('a picture has a token for each 28 × 28 pixels', () => {
  expect(pictureTokens(262_144)).toBe(335)
  expect(pictureTokens(1_003_520)).toBe(1280)
})
