import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { openArtifactStore } from '../../artifacts/store.ts'
import { startCampaign } from '../../client/start-campaign.ts'
import type { Started } from '../../client/start-campaign.ts'
import { findBaseModel } from '../../db/base-models.ts'
import { findCampaign, setCampaignStatus } from '../../db/campaigns.ts'
import { listSources } from '../../db/datasets.ts'
import { listEvents } from '../../db/events.ts'
import { parseRecipe } from '../../recipes/read-recipe.ts'
import { createHub } from '../../services/hub.ts'
import { FakeTeacher } from '../bad-input/fake-teacher.ts'
import { line, recipeText, startingClient, workFolder, writeSource } from '../bad-input/world.ts'
import type { RecipeParts, StartingClient } from '../bad-input/world.ts'
import { openTestDatabase } from '../db/world.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
let teacher: FakeTeacher
let folder: string
let client: StartingClient
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  teacher = await new FakeTeacher().start()
  folder = await workFolder()
  client = startingClient()
  await writeSource(folder, [line('a'), line('b')])
})
afterEach(() => teacher.stop())

async function start(parts: RecipeParts, title?: string): Promise<Started> {
  const text = recipeText({ url: teacher.url, ...parts }) + (title === undefined ? '' : `title: ${title}\n`)
  return await startCampaign({
    db: database.db,
    store: await openArtifactStore(join(folder, 'artifacts')),
    client,
    recipe: parseRecipe(text, { file: 'recipe.yaml' }),
    recipeText: text,
    folder,
    demo: null,
    models: { demoBase: null, hub: createHub({ cache: folder, env: {} }), models: join(folder, 'models') },
    who: 'ada',
    onProgress: () => undefined,
    probe: true,
    env: {},
  })
}

it('a campaign is created with its data, base model and first event, and its workflow starts', async () => {
  const started = await start({ campaign: 'first' }, 'Count shapes')
  const { db } = database
  const base = await findBaseModel(db, 'first')
  expect(started).toMatchObject({ outcome: 'created', workflowId: 'campaign/first', failedRows: 0, badLines: [] })
  expect(started.baseModel).toMatchObject({ id: base?.id, origin: { from: 'folder', path: join(folder, 'model') } })
  expect(client.started).toEqual(['first'])
  expect((await listSources(db, 'first')).map(({ role, name, dataset }) => [role, name, dataset.rowCount])).toEqual([
    ['source', 'seed', 2],
  ])
  expect(await listEvents(db, 'first')).toMatchObject([{ kind: 'created', who: 'ada', why: 'Count shapes' }])
})

it('the same recipe goes on with its campaign, and stores and reports nothing a second time', async () => {
  await start({ campaign: 'again' })
  expect(await start({ campaign: 'again' })).toMatchObject({ outcome: 'exists', baseModel: null })
  expect(client.started).toEqual(['again', 'again'])
  expect(await listEvents(database.db, 'again')).toHaveLength(1)
})

it('the recipe of a finished campaign finds it and starts no workflow', async () => {
  await start({ campaign: 'over' })
  await setCampaignStatus(database.db, 'over', 'finished', null)
  expect(await start({ campaign: 'over' })).toMatchObject({ outcome: 'finished', workflowId: 'campaign/over' })
  expect(client.started).toEqual(['over'])
})

it('data is read only after keys, servers and base model were checked', async () => {
  teacher.all = { status: 401 }
  await expect(start({ campaign: 'early', source: './nowhere' })).rejects.toMatchObject({ type: 'EndpointRefused' })
  await expect(start({ campaign: 'early', source: './nowhere', baseModel: './none' })).rejects.toThrow('baseModel.path')
  expect(await findCampaign(database.db, 'early')).toBeNull()
})
