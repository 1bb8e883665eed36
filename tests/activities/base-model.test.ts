import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { baseCheckpoint } from '../../activities/base-model.ts'
import type { Deps } from '../../activities/deps.ts'
import { hashTree } from '../../artifacts/hash.ts'
import { openArtifactStore } from '../../artifacts/store.ts'
import { parseRecipe, recipeHash } from '../../recipes/read-recipe.ts'
import { insertCampaign } from '../../db/campaigns.ts'
import { getCheckpoint, moveCheckpoint, recordCheckpoint } from '../../db/checkpoints.ts'
import { listEvents, recordEvent } from '../../db/events.ts'
import { closeRound, openRound } from '../../db/rounds.ts'
import { writeModel } from '../artifacts/weights.ts'
import { openTestDatabase } from '../db/world.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
let folder: string
let model: string
let deps: Deps

beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-base-'))
  model = join(folder, 'model')
  await writeModel(model)
  // Each test has weights of its own, because a checkpoint in the database keeps its path.
  await writeFile(join(model, 'generation_config.json'), JSON.stringify({ folder }))
  deps = await worker('home')
  return () => rm(folder, { recursive: true, force: true })
})

/** The parts of a worker of this home that base models need. */
const worker = async (home: string, demoBase?: string): Promise<Deps> =>
  ({
    db: database.db,
    store: await openArtifactStore(join(folder, home, 'artifacts')),
    demo: demoBase === undefined ? null : { baseModel: demoBase, teacherUrl: 'http://127.0.0.1:9/v1', world: folder },
  }) as Deps

/** A campaign as commit 3af5782 created it: its first event does not name the base model. */
async function createdBefore(campaign: string, path = './model'): Promise<void> {
  const text = `{hone: 1, campaign: ${campaign}, baseModel: {path: "${path}"}, sources: {s: {path: ./s}},
    rounds: {count: 1, first: [{step: select, from: s}, {step: sft, learningRate: 0.00001, epochs: 1}]}}`
  const recipe = parseRecipe(text, { file: 'recipe.yaml' })
  const input = { id: campaign, recipe, recipeHash: recipeHash(recipe), recipeSource: text, folder }
  await insertCampaign(database.db, input)
  await recordEvent(database.db, { campaign, kind: 'created', who: 'me', dedupeKey: `${campaign}/created` })
  await openRound(database.db, { campaign, number: 0, parent: null })
}

/** Records base weights as that version did, at the user's own path. Returns their id. */
async function recordedAt(path: string, isClosedFor?: string): Promise<string> {
  const { hash: id, bytes } = await hashTree(path)
  await recordCheckpoint(database.db, { id, path, bytes, madeBy: null })
  if (isClosedFor !== undefined)
    await closeRound(database.db, { campaign: isClosedFor, number: 0, status: 'closed', checkpointId: id })
  return id
}

const stored = (id: string, home = 'home'): string => join(folder, home, 'artifacts', 'checkpoints', id)
const change = (): Promise<void> => writeFile(join(model, 'config.json'), '{"model_type":"another"}')

describe('a campaign of an older version', () => {
  it('whose round 0 is open goes on with the weights of its folder, which it then keeps', async () => {
    await createdBefore('open')
    const id = await recordedAt(model)
    expect(await baseCheckpoint(deps, 'open')).toMatchObject({ id, path: stored(id) })
    expect((await getCheckpoint(database.db, id)).path).toBe(stored(id))
    expect((await listEvents(database.db, 'open')).map(({ kind }) => kind)).toEqual(['created', 'base-model'])
    await change()
    expect(await baseCheckpoint(deps, 'open')).toMatchObject({ id, path: stored(id) })
    expect((await hashTree(stored(id))).hash).toBe(id)
  })

  it('whose round 0 is closed goes on with the same id, and needs its folder only once', async () => {
    await createdBefore('closed')
    const id = await recordedAt(model, 'closed')
    expect(await baseCheckpoint(deps, 'closed')).toMatchObject({ id, path: stored(id) })
    await rm(model, { recursive: true })
    expect(await baseCheckpoint(deps, 'closed')).toMatchObject({ id, path: stored(id) })
  })

  it('whose folder was named with its hidden files keeps that name', async () => {
    await writeFile(join(model, '.gitattributes'), '*.safetensors filter=lfs')
    await createdBefore('hidden')
    const id = await recordedAt(model, 'hidden')
    expect(await baseCheckpoint(deps, 'hidden')).toMatchObject({ id, path: stored(id) })
  })

  it('whose folder changed since is refused instead of going on with other weights', async () => {
    await createdBefore('changed')
    const id = await recordedAt(model, 'changed')
    await change()
    await expect(baseCheckpoint(deps, 'changed')).rejects.toMatchObject({
      type: 'CheckpointInvalid',
      message: expect.stringContaining(`${id.slice(0, 12)}, once ${model}`),
    })
    await writeFile(join(model, 'config.json'), '{"model_type":"qwen2_5_vl"}')
    expect(await baseCheckpoint(deps, 'changed')).toMatchObject({ id })
  })

  it('on the demo finds its base where the cache has it now', async () => {
    await createdBefore('demo', 'demo:base')
    const id = await recordedAt(model, 'demo')
    await moveCheckpoint(database.db, id, '/gone/demo-base')
    const demo = await worker('home', model)
    expect(await baseCheckpoint(demo, 'demo')).toMatchObject({ id, path: stored(id) })
  })

  it('on a hub id is refused with the command that fetches it', async () => {
    await createdBefore('hub', 'Acme/Tiny-VL')
    await expect(baseCheckpoint(deps, 'hub')).rejects.toMatchObject({
      type: 'InvalidRecipe',
      nextStep: expect.stringContaining('run `hone start` with the recipe again'),
    })
  })
})

it('two campaigns of one folder that changed in between have bases of their own', async () => {
  await createdBefore('first')
  const first = await baseCheckpoint(deps, 'first')
  await change()
  await createdBefore('second')
  const second = await baseCheckpoint(deps, 'second')
  expect(second.id).toBe((await hashTree(model)).hash)
  expect(second.id).not.toBe(first.id)
})

it('workers that open a new base at the same time settle on the same weights', async () => {
  await createdBefore('together')
  const found = await Promise.all(Array.from({ length: 4 }, () => baseCheckpoint(deps, 'together')))
  expect(new Set(found.map(({ id }) => id)).size).toBe(1)
  expect(await listEvents(database.db, 'together')).toHaveLength(2)
})

it('a worker of another home uses its own copy', async () => {
  await createdBefore('homes')
  const { id } = await baseCheckpoint(deps, 'homes')
  const other = await worker('other')
  expect(await baseCheckpoint(other, 'homes')).toMatchObject({ id, path: stored(id, 'other') })
  expect(await baseCheckpoint(deps, 'homes')).toMatchObject({ id, path: stored(id) })
})
