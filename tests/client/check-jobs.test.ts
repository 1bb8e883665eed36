import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkJobs } from '../../client/check-jobs.ts'
import { parseSite } from '../../jobs/site/read-site.ts'
import { openPlaces } from '../../jobs/site/open-places.ts'
import { recipe } from '../plan/recipes.ts'

let folder = ''
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'hone-check-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

const sft = (more = '') => `{ step: sft, from: seed, learningRate: 1e-5, steps: 5${more} }`

/** Checks a recipe's jobs on a site. `places` are the places of the site file. */
async function check(steps: string, places = '', more = ''): Promise<string[]> {
  const site = parseSite(`hone: 1\n${places}`, 'site.yaml')
  const opened = openPlaces({
    site,
    runs: join(folder, 'runs'),
    python: 'python3',
    slots: 1,
    made: (name) => (name === 'trl' ? { python: 'python3', env: {} } : null),
    shared: {},
    reward: { url: 'http://127.0.0.1:9', tokenEnv: null },
  })
  return await checkJobs(recipe(steps, more), site, opened)
}

describe('before a campaign is created', () => {
  it('a recipe that can run passes, with the notes of the plan', async () => {
    expect(await check(sft())).toEqual([])
    expect(await check(sft(', batchSize: 10, microBatchSize: 4'))).toEqual([
      expect.stringContaining('microBatchSize 4 does not divide batchSize = 10'),
    ])
  })

  it.each([
    [
      'an unknown trainer',
      sft(', trainer: axolotl'),
      '',
      /there is no trainer "axolotl"; use one of trl, llamafactory/,
    ],
    ['an unknown place', sft(', place: moon'), '', /there is no place "moon": the site file has local/],
    ['an unknown server', '{ step: evaluate, serve: { server: sglang } }', '', /there is no model server "sglang"/],
    [
      'reinforcement learning by a trainer without it',
      '{ step: rl, from: seed, trainer: llamafactory }',
      '',
      /LLaMA-Factory has no GRPO/,
    ],
    [
      'an environment that nobody made or named',
      sft(', trainer: llamafactory'),
      '',
      /place "local" has no environment "llamafactory"/,
    ],
    ['more GPUs than the machine has', sft(', resources: { gpus: 4 }, batchSize: 8'), '', /4 GPUs are asked for/],
    [
      'a Python that is not there',
      sft(', place: box'),
      'places: { box: { launcher: local, environments: { trl: { python: /nowhere/python } } } }',
      /environment "trl" of place "box": \/nowhere\/python does not run/,
    ],
    [
      'a Python that lacks the package',
      sft(', place: box, trainer: llamafactory'),
      'places: { box: { launcher: local, environments: { llamafactory: { python: /usr/bin/python3 } } } }',
      /\/usr\/bin\/python3 lacks .*llamafactory/,
    ],
    [
      'a place whose scheduler is not there',
      sft(', place: far'),
      'places: { far: { launcher: slurm, bin: /nowhere } }',
      /a place of the site file cannot take jobs:\n {2}far: .*\/nowhere\/sbatch/s,
    ],
  ])('%s is refused', async (_, steps, places, message) => {
    await expect(check(steps, places)).rejects.toThrow(message)
  })

  it('a place is checked only when a job runs there', async () => {
    expect(await check(sft(), 'places: { far: { launcher: slurm, bin: /nowhere } }')).toEqual([])
  })
})
