import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseRecipe } from '../../recipes/read-recipe.ts'
import { HoneError } from '../../domain/errors.ts'
import { plainSite } from '../../jobs/site/site.ts'
import { modelFromName } from '../../plan/known.ts'
import type { Known } from '../../plan/known.ts'
import { parseSite } from '../../jobs/site/read-site.ts'
import { planCampaign } from '../../plan/plan.ts'
import { trl } from '../../trainers/trl/trl.ts'
import { nothingKnown, recipe, rows } from './recipes.ts'

const facts: Known = { ...nothingKnown, sources: { seed: rows(100), hard: rows(40) } }

/** The errors of a plan of these steps. Empty when the plan passes. */
function refusal(steps: string, known: Known = facts, more = ''): string {
  try {
    planCampaign(recipe(steps, more), known, { round: 1 })
  } catch (error) {
    if (error instanceof HoneError && error.type === 'InvalidRecipe') return error.message
    throw error
  }
  return ''
}
const notes = (steps: string, known: Known = facts): string =>
  planCampaign(recipe(steps), known, { round: 1 }).notes.join('\n')

describe('a recipe that cannot run is refused', () => {
  it('all at once, each with its place', () => {
    const text = refusal(
      `
      { step: sft, from: seed, learningRate: 1e-5, steps: 5 }
      { step: rl, from: hard, promptsPerStep: 50, generations: 8 }`,
      { ...facts, sources: { seed: rows(0), hard: rows(40) } },
    )
    expect(text).toContain('round 1, sft: no rows come from seed')
    expect(text).toContain('round 1, rl: promptsPerStep is 50 and there are at most 40 rows')
  })

  it('if there is nothing to train on', () => {
    const steps = '{ step: sft, from: seed, learningRate: 1e-5, epochs: 1 }'
    expect(refusal(steps, { ...facts, sources: { seed: rows(0) } })).toContain('no rows come from seed')
    expect(refusal(steps)).toBe('')
    expect(refusal(steps, nothingKnown)).toBe('')
  })

  it('if a trainer cannot do a job', () => {
    const sftOnly = {
      ...trl,
      check: ({ kind }: { kind: string }) => (kind === 'sft' ? [] : [noGrpo]),
    }
    const noGrpo = { level: 'refusal' as const, text: 'this trainer has no GRPO', fix: 'use another one' }
    expect(() => planCampaign(recipe('{ step: rl, from: hard }'), facts, { trainers: { trl: sftOnly } })).toThrow(
      /round 1, rl: this trainer has no GRPO; use another one/,
    )
  })

  it('if it names an unknown trainer, model server or place', () => {
    expect(refusal('{ step: rl, from: hard, trainer: swift, place: moon }')).toMatch(
      /rl: there is no trainer "swift"; use one of .*trl[^]*rl: there is no place "moon": the site file has local;/,
    )
    expect(refusal('{ step: evaluate, serve: { server: sglang, place: moon } }')).toMatch(
      /evaluate: there is no model server "sglang"; use one of hone[^]*evaluate: there is no place "moon"/,
    )
  })

  it('if a place has fewer GPUs than a job wants, or they cannot share its batch', () => {
    const site = { ...plainSite, places: parseSite(twoGpus, 'site.yaml').places }
    const plan = (gpus: number) => () =>
      planCampaign(
        recipe(`{ step: sft, from: seed, learningRate: 1e-5, steps: 5, batchSize: 9, resources: { gpus: ${gpus} } }`),
        facts,
        { site },
      )
    expect(plan(4)).toThrow(/sft: 4 GPUs are asked for, and the place has 2; ask for fewer GPUs/)
    expect(plan(2)).toThrow(/sft: batchSize = 9 cannot be shared by 2 GPUs in equal parts; make it a multiple of 2/)
  })
})

const twoGpus = `hone: 1
places:
  local: { launcher: local, gpus: [0, 1] }
`

describe('a doubtful setting is noted', () => {
  it('a microBatchSize that does not divide the batch, which makes the trainer use a smaller one', () => {
    expect(notes('{ step: sft, from: seed, learningRate: 1e-5, steps: 5, batchSize: 10, microBatchSize: 4 }')).toBe(
      'round 1, sft: microBatchSize 4 does not divide batchSize = 10: the trainer takes 2 instead',
    )
    expect(notes('{ step: sft, from: seed, learningRate: 1e-5, steps: 5, batchSize: 10, microBatchSize: 40 }')).toBe('')
    const rl = (phases: string) =>
      notes(`{ step: rl, from: hard, promptsPerStep: 8, generations: 4, microBatchSize: 16, steps: 9${phases} }`)
    expect(rl('')).toBe('')
    expect(rl(', phases: [{ generations: 6 }, { generations: 5, name: odd }]')).toBe(
      'round 1, rl: phase odd: microBatchSize 16 does not divide promptsPerStep × generations = 8 × 5 = 40: the trainer takes 10 instead',
    )
  })

  it('a batch that a device takes as a whole and has no memory for, with a model of GPU size', () => {
    const model = (billions: number): Known => ({
      ...facts,
      model: { bytes: 1, parameters: billions * 1e9, from: 'name' },
    })
    // A sequence has 2,000 tokens: 100 of the question, 1,280 of the picture, 620 of the
    // completion.
    const rl = (more: string) =>
      `{ step: rl, from: hard, promptsPerStep: 4, generations: 5, steps: 9, maxCompletionTokens: 620${more} }`
    expect(notes(rl(''), model(7))).toBe(
      'round 1, rl: without microBatchSize a device takes the whole batch of 20 at once, up to 40,000 tokens: ' +
        'above 32,768 expect it to run out of memory; set microBatchSize, e.g. 10',
    )
    for (const known of [model(0.4), facts]) expect(notes(rl(''), known)).toBe('')
    expect(notes(rl(', microBatchSize: 2'), model(7))).toBe('')
    expect(notes(rl(', phases: [{ generations: 3 }]'), model(7))).toBe('')
    // The largest phase decides.
    expect(notes(rl(', phases: [{ generations: 3 }, { generations: 6 }]'), model(7))).toContain('the whole batch of 24')
    const sft = '{ step: sft, from: seed, learningRate: 1e-5, steps: 5, batchSize: 32 }'
    expect(notes(sft, model(7))).toContain('batch of 32 at once, up to 44,160 tokens')
    expect(notes(sft.replace('32', '16'), model(7))).toBe('')
  })

  it('once if it is true of several steps', () => {
    const sft = (name: string) =>
      `{ step: sft, name: ${name}, from: seed, learningRate: 1e-5, steps: 5, batchSize: 10, microBatchSize: 4 }`
    const later = `  at: { "2": [${sft('b')}, ${sft('c')}], "3": [${sft('d').replace('10', '32')}] }`
    expect(planCampaign(recipe(sft('a'), later), facts).notes).toEqual([
      'round 1, a; round 2, b, c: microBatchSize 4 does not divide batchSize = 10: the trainer takes 2 instead',
    ])
  })

  const folder = new URL('../../recipes/', import.meta.url)
  it.each(readdirSync(folder).filter((each) => each.endsWith('.yaml')))(
    'no batch too large for a device: %s',
    (name) => {
      const parsed = parseRecipe(readFileSync(new URL(name, folder), 'utf8'), { file: name })
      const known = { ...nothingKnown, model: modelFromName(parsed.baseModel.path) }
      expect(planCampaign(parsed, known).notes.join('\n')).not.toContain('microBatchSize')
    },
  )

  it('a gate on the benchmark that a selection chose the weights by', () => {
    const gated = (last: string, by = 'dev') =>
      planCampaign(
        recipe(
          `{ step: rl, from: hard, steps: 20, snapshots: { every: 5, last: 10 } }
          { step: select-checkpoint, benchmark: ${by} }
          ${last}
          { step: gate, benchmark: dev }`,
          '',
          '  dev-2: { path: data/dev-2, role: dev }',
        ),
        facts,
        { round: 1 },
      ).notes.join('\n')
    expect(gated('{ step: evaluate }')).toBe(
      'round 1, gate: it reads dev, by which select-checkpoint chose the best of 3: that score is too good by the choice, ' +
        'and measuring again finds the same replies; give select-checkpoint a dev benchmark of its own',
    )
    expect(gated('{ step: evaluate }', 'dev-2')).toBe('')
    // No score chose the weights of a training after the selection.
    expect(gated('{ step: rl, name: more, from: hard, steps: 20 }\n{ step: evaluate }')).toBe('')
  })

  it('a phase that sees its questions over and over', () => {
    expect(notes('{ step: rl, from: hard, promptsPerStep: 40, steps: 20 }')).toBe('')
    expect(notes('{ step: rl, from: hard, promptsPerStep: 40, steps: 21 }')).toContain(
      '21 steps see each question 21 times',
    )
  })

  it('a length schedule, and whether length × samples stays constant', () => {
    const ptst = (second: number) =>
      notes(
        `{ step: rl, from: hard, steps: 9, phases: [{ maxCompletionTokens: 4096, generations: 16 }, { maxCompletionTokens: 8192, generations: ${second} }] }`,
      )
    expect(ptst(8)).toBe(
      'round 1, rl: tokens × generations of a question: rl-1 4,096 × 16 = 65,536, rl-2 8,192 × 8 = 65,536',
    )
    expect(ptst(16)).toContain('rl-2 8,192 × 16 = 131,072; Vision-R1 keeps this product constant')
    expect(notes('{ step: rl, from: hard, steps: 9, phases: [{}, {}] }')).toBe('')
  })

  it('a cap below the cap of the sampled SFT data, also with a judge or a rating in between', () => {
    const after = (maxTokens: number) =>
      notes(`
        { step: sample, from: seed, endpoint: trained, maxTokens: ${maxTokens} }
        { step: verify, judge: free }
        { step: rate, endpoint: teacher }
        { step: sft, learningRate: 1e-5, steps: 5 }
        { step: rl, from: hard, steps: 9, maxCompletionTokens: 1000 }`)
    expect(after(1000)).toBe('')
    expect(after(1001)).toContain('maxCompletionTokens 1,000 is below the 1,001 tokens that SFT traces may have')
  })

  it('except for weights that learnt from no sampled data', () => {
    expect(notes('{ step: rl, from: hard, steps: 9, maxCompletionTokens: 10 }')).toBe('')
    expect(
      notes(`
        { step: sample, from: seed, endpoint: trained, maxTokens: 500 }
        { step: sft, learningRate: 1e-5, steps: 5 }
        { step: rl, from: hard, steps: 9, maxCompletionTokens: 10, startFrom: base }`),
    ).toBe('')
  })

  it('except in the demo, whose teacher writes far less than its cap', () => {
    const text = readFileSync(new URL('../../recipes/demo.yaml', import.meta.url), 'utf8')
    expect(planCampaign(parseRecipe(text, { file: 'x' }), nothingKnown).notes.join()).not.toContain('is below')
  })

  it("OpenVLThinker's own cap, which is a quarter of its reasoner's", () => {
    const text = readFileSync(new URL('../../recipes/openvlthinker-v1.2.yaml', import.meta.url), 'utf8')
    const plan = planCampaign(parseRecipe(text, { file: 'x' }), nothingKnown)
    expect(plan.notes.join('\n')).toContain('2,048 (rl-medium, rl-hard) is below the 8,192 tokens')
  })
})
