import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { postgresJobs } from '../../activities/job-store.ts'
import { parseRecipe, recipeHash, storedRecipe } from '../../recipes/read-recipe.ts'
import { getCampaign } from '../../db/campaigns.ts'
import { getCheckpoint } from '../../db/checkpoints.ts'
import { migrate, openDatabase } from '../../db/database.ts'
import type { OpenDatabase } from '../../db/database.ts'
import { listJobs } from '../../db/jobs.ts'
import { attemptAt } from '../../jobs/attempts.ts'
import { readFolder } from '../../jobs/launchers/status.ts'
import { tearDownServer } from '../../jobs/servers/bring-up.ts'
import type { Places } from '../../jobs/site/place.ts'
import { resultVerdict } from '../../trainers/trl/verdict.ts'
import { testPlaces } from '../jobs/places.ts'
import { freshDatabase } from '../world/postgres.ts'
import { campaign, states } from './marks.ts'
import type { State } from './marks.ts'
import { fillDatabase, unpackHome } from './old-home.ts'
import type { OldHome } from './old-home.ts'

/* Files that commit 3af5782 wrote, before jobs had places, read by today's code. */

const root = mkdtempSync(join(tmpdir(), 'hone-old-files-'))
const homes = new Map<State, OldHome>()
let database: OpenDatabase

const homeOf = (state: State): OldHome => {
  const found = homes.get(state)
  if (!found) throw new Error(`${state} was not unpacked`)
  return found
}
const runsOf = (state: State) => join(homeOf(state).home, 'runs')
const placesOf = (state: State): Places => testPlaces(runsOf(state))

beforeAll(async () => {
  for (const state of states) homes.set(state, await unpackHome(join(root, state), state))
  const { url } = await freshDatabase()
  await fillDatabase(url, homeOf('finished').dump)
  await migrate(url)
  database = openDatabase(url, { max: 2 })
}, 120_000)
afterAll(async () => {
  await database?.close()
  rmSync(root, { recursive: true, force: true })
})

/**
 * Job folders. Folders of model servers are beside them and hold the record of the serving attempt.
 */
const jobFolders = (state: State) =>
  readdirSync(runsOf(state))
    .map((name) => join(runsOf(state), name))
    .filter((folder) => readdirSync(folder).includes('job'))

const serverFolders = (state: State) =>
  readdirSync(runsOf(state))
    .map((name) => join(runsOf(state), name))
    .filter((folder) => readdirSync(folder).includes('serving.json'))

/** The status that today's launcher finds for an old job. */
async function statusOf(state: State, key: string) {
  const { launcher } = placesOf(state).get(null)
  const handle = await launcher.find(key)
  if (handle === null) throw new Error(`${key} is not found`)
  return (await launcher.poll([handle])).get(key)
}

describe('files of jobs of before places', () => {
  it.each(states)(
    '%s: each job is read; it is a task without setup lines, and its claim names no machine',
    async (state) => {
      const folders = jobFolders(state)
      expect(folders.length).toBeGreaterThan(3)
      for (const folder of folders) {
        expect(readFileSync(join(folder, 'job', 'job.json'), 'utf8')).not.toMatch(/"kind"|"setup"|"listen"/)
        const { job, claim } = await readFolder(folder)
        expect(job).toMatchObject({ kind: 'task', setup: [], listen: '127.0.0.1' })
        expect(claim).toMatchObject({ host: null })
      }
    },
  )

  it('a job whose processes died with its worker is lost', async () => {
    expect(await statusOf('killed-in-sft', `${campaign}/2/sft/attempt-1`)).toMatchObject({ state: 'lost' })
  })

  it('a job that Ctrl-C ended is interrupted, so that it is tried again', async () => {
    const key = `${campaign}/2/rl/attempt-1`
    expect(await statusOf('interrupted-in-rl', key)).toMatchObject({ state: 'failed', interrupted: true })
  })

  it('a job that ended well has succeeded', async () => {
    const key = `${campaign}/3/rl/attempt-1`
    expect(await statusOf('finished', key)).toMatchObject({ state: 'succeeded', exitCode: 0 })
  })

  it.each(states)(
    '%s: the record of a model server names a port, and the server is taken down by it',
    async (state) => {
      const folders = serverFolders(state)
      expect(folders.length).toBeGreaterThan(0)
      const { launcher } = placesOf(state).get(null)
      for (const folder of folders) {
        expect(readFileSync(join(folder, 'serving.json'), 'utf8')).toMatch(/"port":\d+/)
        const key = basename(folder).replaceAll('~', '/')
        await expect(tearDownServer({ launcher, key })).resolves.toBeUndefined()
      }
    },
  )

  it('weights that a training had made, and that nobody had published, are judged by its result of then', async () => {
    const [end] = homeOf('finished').told.shown.filter(({ round }) => round === 3)
    const run = placesOf('finished').get(null).launcher.run(`${campaign}/3/rl/attempt-1`)
    const weights = join(homeOf('finished').home, 'artifacts', 'checkpoints', end?.checkpoint ?? '')
    cpSync(weights, join(run.here, 'output'), { recursive: true })
    expect(await resultVerdict(run.here)).toMatchObject({
      outcome: 'ok',
      output: join(run.here, 'output'),
      stepsDone: 4,
      verified: { loads: true, sameKeys: true, weightsDiffer: true, generates: true },
    })
  })
})

describe('tables of before places, after today’s migrations', () => {
  it('an attempt’s handle has no place and is local: its folder is where it was', async () => {
    const store = postgresJobs(database.db)
    const places = placesOf('finished')
    const training = (await listJobs(database.db, campaign)).filter(({ kind }) => kind !== 'serve')
    expect(training.map(({ id }) => id)).toContain(`${campaign}/1/rl`)
    for (const { id } of training)
      for (const attempt of await store.attempts(id)) {
        expect(attempt.handle).toMatchObject({ launcher: 'local', place: 'local' })
        expect(attempt.directory).toContain(runsOf('finished'))
        expect(attemptAt({ places }, id, attempt).run.here).toBe(attempt.directory)
      }
  })

  it('the stored recipe names a trainer of before places, and is the recipe without it', async () => {
    const { recipe: stored } = await getCampaign(database.db, campaign)
    expect(stored).toMatchObject({ trainer: { backend: 'trl', launcher: 'local' } })
    const recipe = storedRecipe(stored)
    expect(recipe).not.toHaveProperty('trainer')
  })

  it('the recipe’s file of then is read as the same recipe', async () => {
    const { recipe: stored } = await getCampaign(database.db, campaign)
    const text = readFileSync(homeOf('finished').recipe, 'utf8')
    expect(parse(text)).toMatchObject({ trainer: { backend: 'trl', launcher: 'local' } })
    expect(recipeHash(parseRecipe(text, { file: 'small-demo.yaml' }))).toBe(recipeHash(storedRecipe(stored)))
  })

  it('a checkpoint lies where it lay', async () => {
    for (const { checkpoint } of homeOf('finished').told.shown.filter(({ round }) => round !== 2)) {
      const { path } = await getCheckpoint(database.db, checkpoint)
      expect(readdirSync(path)).toContain('model.safetensors')
    }
  })
})
