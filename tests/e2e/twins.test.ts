import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { campaignWorld } from '../chaos/campaign-world.ts'
import type { CampaignWorld } from '../chaos/campaign-world.ts'
import { anyStep, few, small } from './small-recipe.ts'

const recipes = new URL('../../recipes/', import.meta.url)
const twins = readdirSync(recipes).filter((name) => /^demo-.*\.yaml$/.test(name))

const anyRecipe = z.looseObject({
  campaign: z.string(),
  endpoints: z.record(z.string(), z.unknown()),
  sources: z.record(z.string(), z.looseObject({})),
  benchmarks: z.record(z.string(), z.looseObject({})),
  rounds: z.looseObject({ first: z.array(anyStep) }),
})

let world: CampaignWorld

beforeAll(async () => {
  world = await campaignWorld({ latencyMs: 0, isForDemo: true })
  await world.background('dev', '--demo').says(/Ctrl-C ends all of it/)
}, 240_000)
afterAll(() => world.close())

const stepRow = z.object({ name: z.string(), kind: z.string(), status: z.string(), kept: z.coerce.number().nullable() })

describe('a twin of a published system, made small', { timeout: 300_000 }, () => {
  it('is there for each of the four recipes', () => {
    expect(twins.map((name) => name.replace('demo-', ''))).toEqual(
      readdirSync(recipes).filter((name) => /^(?!demo).*\.yaml$/.test(name)),
    )
  })

  it.each(twins)('%s runs to its end from `hone start` alone, every step done', async (file) => {
    const recipe = anyRecipe.parse(parse(readFileSync(new URL(file, recipes), 'utf8'), { merge: true }))
    const first = recipe.rounds.first.map(small)
    await world.start({
      campaign: recipe.campaign,
      baseModel: { path: 'demo:base' },
      endpoints: recipe.endpoints,
      sources: few({ maxRows: 60 }, recipe.sources),
      benchmarks: few({ maxItems: 16, maxTokens: 48 }, recipe.benchmarks),
      rounds: { count: 1, first },
    })
    await world.untilFinished(recipe.campaign)
    const steps = await world.query(
      stepRow,
      `select s.name, s.kind, s.status, d.row_count as kept from steps s left join datasets d on d.step_id = s.id
       where s.campaign_id = $1 and s.round_number = 1 order by s.ordinal`,
      recipe.campaign,
    )
    expect(steps.map(({ kind }) => kind)).toEqual(first.map(({ step }) => step))
    expect(steps.filter(({ status, kept }) => status !== 'done' || kept === 0)).toEqual([])
  })
})
