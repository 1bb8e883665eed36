import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Deps } from '../../activities/deps.ts'
import { createStepMemory } from '../../activities/step-memory.ts'
import { rewardPlan } from '../../activities/reward-plan.ts'
import { openArtifactStore } from '../../artifacts/store.ts'
import { createImages } from '../../data/pictures/prepare.ts'
import { parseRecipe } from '../../recipes/read-recipe.ts'
import { openDatabase } from '../../db/database.ts'
import { isRl } from '../../domain/recipe/step-kinds.ts'
import { testPlaces } from '../jobs/places.ts'

// The plan never asks the database, because a recipe and a folder are enough.
const database = openDatabase('postgres://nobody@127.0.0.1:1/none', { max: 1 })
const ref = { campaign: 'mine', round: 1, step: 'rl' }
let folder: string
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'hone-reward-plan-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

async function depsWith(teacherUrl: string | null): Promise<Deps> {
  const store = await openArtifactStore(join(folder, 'artifacts'))
  return {
    db: database.db,
    store,
    memory: createStepMemory({ db: database.db, store }),
    images: createImages({ source: { read: (hash) => readFile(hash) } }),
    places: testPlaces(folder),
    trainers: {},
    servers: {},
    judges: join(folder, 'services', 'judges'),
    demo: teacherUrl === null ? null : { teacherUrl, baseModel: 'b', world: 'w' },
    shutdown: new AbortController().signal,
  }
}

function planned(endpoint: string, rl: string) {
  const text = `hone: 1
campaign: mine
baseModel: { path: models/base }
endpoints:
  grader: ${endpoint}
sources:
  seed: { path: data/seed }
rounds:
  count: 1
  first:
    - { step: rl, from: seed, ${rl} }
`
  const recipe = parseRecipe(text, { file: 'mine.yaml' })
  const step = recipe.rounds.first.find(isRl)
  if (step === undefined) throw new Error('the recipe has an rl step')
  return { recipe, step }
}

const plan = async (endpoint: string, rl: string, teacherUrl: string | null = null) => {
  const { recipe, step } = planned(endpoint, rl)
  return await rewardPlan(await depsWith(teacherUrl), ref, recipe, step)
}
const judgeFile = async (id: string | undefined): Promise<unknown> =>
  JSON.parse(await readFile(join(folder, 'services', 'judges', `${id}.json`), 'utf8'))

describe('the reward of an RL step', () => {
  it('has no judge when the recipe names no judge', async () => {
    expect(await plan(`{ url: 'https://a.example/v1', model: big }`, 'reward: weighted')).toEqual({
      spec: { name: 'weighted', onFailure: 'abstain' },
      timeoutSeconds: 30,
    })
    expect(await readdir(folder)).not.toContain('services')
  })

  it('names the judge by an id, writes its file, and gives it its time', async () => {
    const endpoint = `{ url: 'https://a.example/v1', model: big, apiKeyEnv: BIG_KEY, timeoutSeconds: 60, concurrency: 3 }`
    const { spec, timeoutSeconds } = await plan(endpoint, 'judge: grader')
    const { judge } = spec
    expect(timeoutSeconds).toBe(70)
    const said = { model: 'big', apiKeyEnv: 'BIG_KEY', timeoutSeconds: 60, concurrency: 3 }
    expect(await judgeFile(judge)).toEqual({ url: 'https://a.example/v1', ...said })
    expect((await plan(endpoint, 'judge: grader, steps: 3')).spec.judge).toBe(judge)
    expect((await plan(endpoint.replace('big', 'small'), 'judge: grader')).spec.judge).not.toBe(judge)
  })

  it('writes all servers of a judge that has several', async () => {
    const { spec } = await plan(
      `{ url: ['https://a.example/v1', 'https://b.example/v1'], model: big }`,
      'judge: grader',
    )
    expect(await judgeFile(spec.judge)).toMatchObject({ url: ['https://a.example/v1', 'https://b.example/v1'] })
  })

  it('keeps the id of the demo teacher when the port changes, and writes the new address', async () => {
    const endpoint = `{ url: 'demo:teacher', model: demo-teacher }`
    const before = await plan(endpoint, 'judge: grader', 'http://127.0.0.1:1001/v1')
    expect(await judgeFile(before.spec.judge)).toMatchObject({ url: 'http://127.0.0.1:1001/v1' })
    const after = await plan(endpoint, 'judge: grader', 'http://127.0.0.1:1002/v1')
    expect(after).toEqual(before)
    expect(await judgeFile(before.spec.judge)).toMatchObject({ url: 'http://127.0.0.1:1002/v1' })
    await expect(plan(endpoint, 'judge: grader')).rejects.toMatchObject({ type: 'EndpointRefused' })
  })

  it('refuses a recipe whose judge is not an endpoint, or is a checkpoint', () => {
    const url = `{ url: 'https://a.example/v1', model: big }`
    expect(() => planned(url, 'judge: grades')).toThrow(/rounds\.first\[0\]\.judge.*no endpoint "grades"/s)
    expect(() => planned('{ checkpoint: base }', 'judge: grader')).toThrow(/judge.*is a checkpoint.*with a url/s)
  })
})
