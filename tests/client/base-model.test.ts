import { existsSync } from 'node:fs'
import { appendFile, mkdir, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hashTree } from '../../artifacts/hash.ts'
import { recipeHash, storedRecipe } from '../../recipes/read-recipe.ts'
import { findBaseModel } from '../../db/base-models.ts'
import { findCampaign, insertCampaign } from '../../db/campaigns.ts'
import { listEvents, recordEvent } from '../../db/events.ts'
import { createHub } from '../../services/hub.ts'
import { processesNaming } from '../../services/identity.ts'
import { bringUpPython } from '../../services/python.ts'
import { safetensors, writeModel } from '../artifacts/weights.ts'
import { FakeTeacher } from '../bad-input/fake-teacher.ts'
import { line, recipeText, start, startingClient, workFolder, writeSource } from '../bad-input/world.ts'
import type { StartingClient } from '../bad-input/world.ts'
import { hone } from '../cli/terminal.ts'
import type { Ran } from '../cli/terminal.ts'
import { openTestDatabase } from '../db/world.ts'
import { FakeHub } from '../world/fake-hub.ts'

const repo = 'Acme/Tiny-VL'
const [firstCommit, secondCommit] = ['a'.repeat(40), 'b'.repeat(40)]
let database: Awaited<ReturnType<typeof openTestDatabase>>
let python: string
let teacher: FakeTeacher
let hub: FakeHub
let folder: string
let upstream: string
let client: StartingClient

beforeAll(async () => {
  database = await openTestDatabase()
  python = (await bringUpPython()).python
}, 900_000)
afterAll(() => database.close())
beforeEach(async () => {
  teacher = await new FakeTeacher().start()
  hub = await new FakeHub().start()
  folder = await workFolder()
  client = startingClient()
  await writeSource(folder, [line('a'), line('b')])
  upstream = join(folder, 'upstream')
  await writeModel(upstream)
  await writeFile(join(upstream, 'model-1.safetensors'), safetensors(['a', 'b'], 40_000))
  await hub.add(repo, upstream, firstCommit, { parameters: 80_004 })
})
afterEach(async () => {
  await teacher.stop()
  await hub.stop()
})

const environment = (): Record<string, string> => ({
  DATABASE_URL: database.url,
  HONE_PYTHON: python,
  HF_ENDPOINT: hub.url,
  HF_HOME: join(folder, 'hf-home'),
  PATH: process.env['PATH'] ?? '',
})
const begin = (
  campaign: string,
  baseModel: { path: string; revision?: string },
  env: Record<string, string> = {},
): Promise<Ran> =>
  start(
    folder,
    recipeText({ url: teacher.url, campaign }).replace(
      "baseModel: { path: './model' }",
      `baseModel: ${JSON.stringify(baseModel)}`,
    ),
    { client, env: { ...environment(), ...env } },
  )
const homeModels = () => join(folder, 'home', 'models')

async function expectNothingStarted(campaign: string): Promise<void> {
  expect(await findCampaign(database.db, campaign)).toBeNull()
  expect(client.started).toEqual([])
}

// Each start runs Python twice, and other tests may use the cores.
const patience = { timeout: 180_000 }

describe('a model of the hub', patience, () => {
  it('is fetched, stored under the hash of its folder, and recorded with its commit', async () => {
    const { code, out, err } = await begin('hub', { path: repo })
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' })
    const { hash, files } = await hashTree(upstream)
    const base = await findBaseModel(database.db, 'hub')
    expect(base).toMatchObject({ id: hash, path: join(folder, 'home', 'artifacts', 'checkpoints', hash) })
    expect((await hashTree(base?.path ?? '')).files).toEqual(files)
    expect(out).toContain(`base model ${repo} at commit ${firstCommit}: 320.`)
    const [created] = await listEvents(database.db, 'hub')
    expect(created).toMatchObject({
      kind: 'created',
      why: `base model ${repo} at commit ${firstCommit}`,
      data: {
        baseModel: { checkpoint: hash, origin: { from: 'hub', repo, revision: null, commit: firstCommit } },
      },
    })
    // Nothing but the record is left beside the store.
    expect(await readdir(homeModels())).toEqual([`Acme--Tiny-VL@${firstCommit}.json`])
  })

  it('is taken without other formats, other folders and hidden files', async () => {
    for (const name of ['pytorch_model.bin', 'README.md', '.gitattributes', 'consolidated.safetensors'])
      await writeFile(join(upstream, name), 'more')
    await hub.add(repo, upstream, firstCommit)
    expect((await begin('plain', { path: repo })).code).toBe(0)
    const base = await findBaseModel(database.db, 'plain')
    expect(await readdir(base?.path ?? '')).toEqual([
      'config.json',
      'model-1.safetensors',
      'model-2.safetensors',
      'model.safetensors.index.json',
      'preprocessor_config.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ])
  })

  it('of a branch that moved is another base for the next campaign, while a commit stays and needs no hub', async () => {
    expect((await begin('before', { path: repo })).code).toBe(0)
    await writeFile(join(upstream, 'model-2.safetensors'), safetensors(['c'], 8))
    await hub.add(repo, upstream, secondCommit)
    expect((await begin('after', { path: repo, revision: 'main' })).code).toBe(0)
    const [before, after] = [await findBaseModel(database.db, 'before'), await findBaseModel(database.db, 'after')]
    expect(after?.id).toBe((await hashTree(upstream)).hash)
    expect(after?.id).not.toBe(before?.id)
    const asked = hub.asked.length
    expect((await begin('pinned', { path: repo, revision: firstCommit })).code).toBe(0)
    expect((await findBaseModel(database.db, 'pinned'))?.id).toBe(before?.id)
    // The same recipe sends no request either.
    expect((await begin('after', { path: repo, revision: 'main' })).code).toBe(0)
    expect(hub.asked.length).toBe(asked)
  })

  it('that does not exist, or has no such revision, is refused with name and revision', async () => {
    const nowhere = await begin('wrong', { path: 'Acme/Tiny-VLL' })
    expect(nowhere.code).toBe(2)
    expect(nowhere.err).toContain(`there is no folder ${join(folder, 'Acme/Tiny-VLL')}, and as a model of the hub: `)
    expect(nowhere.err).toMatch(/127\.0\.0\.1:\d+ shows no model Acme\/Tiny-VLL/)
    const revision = await begin('wrong', { path: repo, revision: 'v9' })
    expect(revision.code).toBe(2)
    expect(revision.err).toContain(`${repo} has no revision v9`)
    await expectNothingStarted('wrong')
  })

  it('that is gated is refused without the right token, which appears in no output and reaches no content network', async () => {
    await hub.add(repo, upstream, firstCommit, { gatedBy: 'hf_right' })
    const without = await begin('gated', { path: repo })
    expect(without.code).toBe(1)
    expect(without.err).toMatch(/Acme\/Tiny-VL is gated: .*\n {2}→ accept its terms .* export HF_TOKEN/)
    const wrong = await begin('gated', { path: repo }, { HF_TOKEN: 'hf_wrong' })
    expect(wrong.code).toBe(1)
    expect(wrong.err + wrong.out).not.toContain('hf_wrong')
    await expectNothingStarted('gated')
    const right = await begin('gated', { path: repo }, { HF_TOKEN: 'hf_right' })
    expect(right.code).toBe(0)
    expect(right.err + right.out).not.toContain('hf_right')
    const large = hub.gets.filter(({ elsewhere }) => elsewhere)
    expect(large.map(({ authorization }) => authorization)).toEqual(large.map(() => null))
    expect(large.length).toBeGreaterThan(0)
  })

  it('is refused while the hub cannot be reached, and while no Python can fetch it', async () => {
    const gone = await begin('away', { path: repo }, { HF_ENDPOINT: 'http://127.0.0.1:9' })
    expect(gone.code).toBe(1)
    expect(gone.err).toContain(`127.0.0.1:9 cannot be reached for ${repo}`)
    const bare = await begin('away', { path: repo }, { HONE_PYTHON: '', HONE_CACHE: join(folder, 'cache') })
    expect(bare.code).toBe(1)
    expect(bare.err).toMatch(/the Python that fetches it is not installed yet\.\n {2}→ Run `hone dev`/)
    await expectNothingStarted('away')
  })

  it('without a chat template is refused after the download, with its path', async () => {
    await writeFile(join(upstream, 'tokenizer_config.json'), '{}')
    await hub.add(repo, upstream, firstCommit)
    const { code, err } = await begin('silent', { path: repo })
    expect(code).toBe(2)
    expect(err).toContain(`${repo} at commit ${firstCommit} cannot be a base model: a chat template is missing`)
    expect(err).toContain(`the folder is ${join(homeModels(), `Acme--Tiny-VL@${firstCommit}`)}`)
    await expectNothingStarted('silent')
  })

  it('of a campaign that an older version created and could not run is fetched by the next start', async () => {
    expect((await begin('older', { path: repo })).code).toBe(0)
    // That version recorded nothing about the base model. Events cannot be changed, so the test
    // creates the campaign again.
    const older = await findCampaign(database.db, 'older')
    const recipe = { ...storedRecipe(older?.recipe), campaign: 'oldest' }
    const input = { id: 'oldest', recipe, recipeHash: recipeHash(recipe), recipeSource: '', folder }
    await insertCampaign(database.db, input)
    await recordEvent(database.db, { campaign: 'oldest', kind: 'created', who: 'me', dedupeKey: 'oldest/created' })
    expect(await findBaseModel(database.db, 'oldest')).toBeNull()
    expect((await begin('oldest', { path: repo })).out).toContain('was there already and goes on')
    expect((await findBaseModel(database.db, 'oldest'))?.id).toBe((await hashTree(upstream)).hash)
    const events = await listEvents(database.db, 'oldest')
    expect(events.map(({ kind }) => kind)).toEqual(['created', 'base-model'])
  })

  it('has a size for a plan, without the hub from its name, if the name has one', async () => {
    const file = join(folder, 'plan.yaml')
    await writeFile(file, recipeText({ url: teacher.url, baseModel: repo }))
    const planned = async (env: Record<string, string> = {}) =>
      (await hone(['plan', file], { env: { ...environment(), ...env, HONE_HOME: join(folder, 'home') } })).out
    expect(await planned()).toContain(`campaign mine on ${repo} (320.`)
    expect(await planned({ HF_ENDPOINT: 'http://127.0.0.1:9' })).toContain('size of the base model: its name')
    await writeFile(file, recipeText({ url: teacher.url, baseModel: 'Acme/Big-7B' }))
    expect(await planned()).toContain('campaign mine on Acme/Big-7B (14.0 GB)')
  })
})

describe('a download', patience, () => {
  // The client of the hub writes pieces of 10 MiB.
  const piece = 10 * 1024 * 1024
  beforeEach(async () => {
    await writeFile(join(upstream, 'model-1.safetensors'), safetensors(['a', 'b'], 4_000_000))
    await hub.add(repo, upstream, firstCommit)
  })

  it('that the hub cuts continues at the cut', async () => {
    hub.breaks = { afterBytes: 1.5 * piece, how: 'cut', times: 2 }
    expect((await begin('cut', { path: repo })).code).toBe(0)
    expect((await findBaseModel(database.db, 'cut'))?.id).toBe((await hashTree(upstream)).hash)
    const ranges = hub.gets.filter(({ file }) => file === 'model-1.safetensors').map(({ range }) => range)
    expect(ranges).toEqual([null, `bytes=${piece}-`, `bytes=${2 * piece}-`])
  })

  it('that was killed leaves no process, and the next download continues within the file', async () => {
    const output = join(folder, 'killed')
    const held = new Promise<void>((resolve) => (hub.onHold = resolve))
    hub.breaks = { afterBytes: 1.5 * piece, how: 'hold', times: 1 }
    const fetching = createHub({ cache: folder, env: environment() })
    const model = { repo, revision: firstCommit }
    const first = fetching.fetch(model, output, () => {}).catch((error: unknown) => error)
    await held
    const part = await partOf(output)
    for (const { pid } of processesNaming(output)) process.kill(pid, 'SIGKILL')
    expect(await first).toMatchObject({ message: expect.stringContaining('could not be fetched') })
    expect(processesNaming(output)).toEqual([])
    expect((await stat(part)).size).toBe(piece)
    await fetching.fetch(model, output, () => {})
    expect(hub.gets.at(-1)).toMatchObject({ file: 'model-1.safetensors', range: `bytes=${piece}-` })
    expect((await hashTree(output, { withoutHidden: true })).hash).toBe((await hashTree(upstream)).hash)
  })

  it('whose bytes do not match the hub’s hash starts again', async () => {
    const output = join(folder, 'spoilt')
    const held = new Promise<void>((resolve) => (hub.onHold = resolve))
    hub.breaks = { afterBytes: 1.5 * piece, how: 'hold', times: 1 }
    const fetching = createHub({ cache: folder, env: environment() })
    const model = { repo, revision: firstCommit }
    const first = fetching.fetch(model, output, () => {}).catch((error: unknown) => error)
    await held
    const part = await partOf(output)
    for (const { pid } of processesNaming(output)) process.kill(pid, 'SIGKILL')
    await first
    await appendFile(part, 'not of this file')
    await fetching.fetch(model, output, () => {})
    expect((await hashTree(output, { withoutHidden: true })).hash).toBe((await hashTree(upstream)).hash)
  })
})

/** Waits for the unfinished large file of a download and returns its path. */
async function partOf(output: string): Promise<string> {
  for (;;) {
    const parts = existsSync(join(output, '.parts')) ? await readdir(join(output, '.parts')) : []
    const name = parts.find((each) => each.startsWith('model-1.safetensors'))
    const path = name && join(output, '.parts', name)
    if (path && (await stat(path)).size > 0) return path
    await sleep(20)
  }
}

describe('a folder', patience, () => {
  it('that changes after the start changes nothing of the campaign', async () => {
    const model = join(folder, 'model')
    expect((await begin('kept', { path: './model' })).code).toBe(0)
    const base = await findBaseModel(database.db, 'kept')
    const before = await hashTree(model)
    expect(base?.id).toBe(before.hash)
    await writeFile(join(model, 'config.json'), '{"model_type":"another"}')
    await truncate(join(model, 'model-2.safetensors'), 10)
    expect(await hashTree(base?.path ?? '')).toEqual(before)
    // Broken weights in the folder do not stop a campaign that has its own copy.
    expect((await begin('kept', { path: './model' })).code).toBe(0)
    expect(await findBaseModel(database.db, 'kept')).toEqual(base)
  })

  it('is known by its content and not by its path', async () => {
    expect((await begin('one', { path: './model' })).code).toBe(0)
    await writeFile(join(folder, 'model', 'config.json'), '{"model_type":"another"}')
    expect((await begin('two', { path: './model' })).code).toBe(0)
    await rm(join(folder, 'moved'), { recursive: true, force: true })
    await mkdir(join(folder, 'moved', '.git'), { recursive: true })
    await writeFile(join(folder, 'moved', '.git', 'HEAD'), 'ref: refs/heads/main')
    await writeModel(join(folder, 'moved'))
    expect((await begin('three', { path: './moved' })).code).toBe(0)
    const [one, two, three] = await Promise.all(['one', 'two', 'three'].map((id) => findBaseModel(database.db, id)))
    expect(two?.id).not.toBe(one?.id)
    expect(three?.id).toBe(one?.id)
  })

  it('without a chat template, with cut weights or without a tokenizer is refused with the file and the fix', async () => {
    const model = join(folder, 'model')
    const refused = async (): Promise<string> => {
      const { code, err } = await begin('bad', { path: './model' })
      expect(code).toBe(2)
      return err
    }
    await writeFile(join(model, 'tokenizer_config.json'), '{}')
    expect(await refused()).toMatch(/a chat template is missing\n {2}→ put the chat_template\.jinja of the model/)
    await writeModel(model)
    const { size } = await stat(join(model, 'model-2.safetensors'))
    await truncate(join(model, 'model-2.safetensors'), size - 3)
    expect(await refused()).toMatch(/model-2\.safetensors is damaged: .*cut while written\n {2}→ copy or download/)
    await writeModel(model)
    await rm(join(model, 'tokenizer.json'))
    expect(await refused()).toMatch(/a tokenizer is missing .*\n {2}→ put what is missing into the folder/)
    await expectNothingStarted('bad')
  })

  it('has no revision', async () => {
    expect((await begin('rev', { path: './model', revision: 'main' })).err).toContain('only a hub id')
    await mkdir(join(folder, 'Acme', 'Tiny-VL'), { recursive: true })
    expect((await begin('rev', { path: repo, revision: 'main' })).err).toContain('a folder has no revisions')
    await expectNothingStarted('rev')
  })
})
