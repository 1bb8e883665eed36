import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openArtifactStore } from '../../artifacts/store.ts'
import type { ArtifactStore } from '../../artifacts/store.ts'
import { admitData } from '../../client/admit-data.ts'
import { runImport } from '../../client/import-source.ts'
import type { Imported } from '../../client/import-source.ts'
import { prepareImport } from '../../client/prepare-import.ts'
import type { StartOptions } from '../../client/start-options.ts'
import { importCounter } from '../../cli/plan-imports.ts'
import { rowLooker } from '../../cli/plan-problems.ts'
import { countOwnLines } from '../../data/import/count-rows.ts'
import { parseRecipe } from '../../recipes/read-recipe.ts'
import type { OpenDatabase } from '../../db/database.ts'
import { linkSource } from '../../db/datasets.ts'
import { createHub } from '../../services/hub.ts'
import { familyOfName } from '../../trainers/model-family.ts'
import { folderOf, jsonl, picture } from '../data/import/files.ts'
import { openTestDatabase, startCampaign } from '../db/world.ts'

let database: OpenDatabase & { url: string }
let store: ArtifactStore
let root: string

beforeAll(async () => {
  database = await openTestDatabase()
  root = await folderOf()
  store = await openArtifactStore(join(root, 'artifacts'))
})
afterAll(() => database.close())

/** Imports rows with this mark under a name. Some of the rows are broken. */
async function importRows(
  name: string,
  count: number,
  { broken = 0, question = true, replace = false } = {},
): Promise<Imported> {
  const rows = Array.from({ length: count }, (_, index) => ({
    image: index < broken ? 'gone.png' : 'a.png',
    ...(question && { question: `${name} ${index}?` }),
    answer: index,
    subject: index % 2 ? 'algebra' : 'geometry',
  }))
  const folder = await folderOf({ 'a.png': await picture(name.length), 'rows.jsonl': jsonl(rows) })
  return await importFolder(name, folder, replace)
}

async function importFolder(name: string, folder: string, replace = false): Promise<Imported> {
  const prepared = await prepareImport({ sources: [folder], images: [], allowUrls: false, unpackBelow: root })
  return await runImport(prepared, {
    db: database.db,
    store,
    name,
    path: folder,
    replace,
    maxRows: undefined,
    maxFailed: { share: 0.5 },
    skipUnreachable: false,
    onProgress: () => {},
  })
}

const recipe = (campaign: string) =>
  parseRecipe(
    `{hone: 1, campaign: ${campaign}, baseModel: {path: "x/y-3B"}, sources: {pool: {path: "import:pool"}},
      rounds: {count: 1, first: [{step: select, from: pool}, {step: sft, learningRate: 0.00001, epochs: 1}]}}`,
    { file: 'recipe.yaml' },
  )

const options = (campaign = 'c1'): StartOptions => ({
  db: database.db,
  store,
  client: {
    start: () => Promise.reject(new Error('not used')),
    pause: () => Promise.reject(new Error('not used')),
    resume: () => Promise.reject(new Error('not used')),
    rollback: () => Promise.reject(new Error('not used')),
    close: () => Promise.resolve(),
  },
  recipe: recipe(campaign),
  recipeText: '',
  folder: root,
  demo: null,
  models: { demoBase: null, hub: createHub({ cache: root, env: {} }), models: join(root, 'models') },
  who: 'me',
  onProgress: () => {},
  probe: false,
  env: {},
})
const pool = { role: 'source', name: 'pool', path: 'import:pool', maxRows: undefined } as const

describe('a source that names an import', () => {
  it('is the imported dataset, with its failed rows', async () => {
    const { datasetId } = await importRows('pool', 10, { broken: 2 })
    const admitted = await admitData(options(), pool)
    expect(admitted).toMatchObject({
      datasetId,
      failed: 2,
      badLines: [{ data: 'pool', line: 1, reason: 'image-missing' }, {}],
    })
  })

  it('that does not exist is refused with the right name', async () => {
    await expect(admitData(options(), { ...pool, path: 'import:pol' })).rejects.toMatchObject({
      type: 'InvalidSource',
      nextStep: expect.stringContaining('did you mean "import:pool"?'),
    })
    await expect(admitData(options(), { ...pool, path: 'import:xyz' })).rejects.toMatchObject({
      nextStep: expect.stringContaining('hone import SOURCE --as xyz'),
    })
  })

  it('is taken whole, so a lower limit of rows is refused and a higher limit has no effect', async () => {
    await expect(admitData(options(), { ...pool, maxRows: 5 })).rejects.toThrow('it has 8 rows where maxRows is 5')
    await expect(admitData(options(), { ...pool, maxRows: 8 })).resolves.toMatchObject({ name: 'pool' })
  })

  it('stays the dataset of the campaign when the name goes to other data', async () => {
    await startCampaign(database.db, 'linked')
    const before = await admitData(options('linked'), pool)
    await linkSource(database.db, { campaign: 'linked', role: 'source', name: 'pool', datasetId: before.datasetId })
    const { datasetId } = await importRows('pool', 3, { replace: true })
    expect(datasetId).not.toBe(before.datasetId)
    expect(await admitData(options('linked'), pool)).toMatchObject({ datasetId: before.datasetId })
    expect(await admitData(options('other'), pool)).toMatchObject({ datasetId })
  })

  it('without its pictures in this home is refused, and the same import brings them back', async () => {
    const { datasetId } = await importRows('lost', 4)
    await rm(join(root, 'artifacts'), { recursive: true })
    store = await openArtifactStore(join(root, 'artifacts'))
    const lost = { ...pool, path: 'import:lost' }
    await expect(admitData(options(), lost)).rejects.toThrow('not all of its pictures are in this home')
    expect(await importRows('lost', 4)).toMatchObject({ datasetId, importedBefore: true })
    await expect(admitData(options(), lost)).resolves.toMatchObject({ datasetId })
  })
})

it('a benchmark needs a question in every row', async () => {
  await importRows('pictures', 3, { question: false })
  const data = { role: 'benchmark', name: 'dev', path: 'import:pictures', maxRows: undefined } as const
  await expect(admitData(options(), data)).rejects.toThrow('3 of 3 rows have no question')
})

it('a plan counts imported rows, and needs no database', async () => {
  await importRows('counted', 6)
  const count = importCounter({ env: { DATABASE_URL: database.url } })
  const nothing = { fields: [], limits: null }
  expect(await count('counted', { fields: ['subject', 'none'], limits: null })).toEqual({
    rows: 6,
    questionCharacters: 'counted 0?'.length,
    images: 1,
    groups: { subject: 2, none: 1 },
  })
  expect(await count('nothing', nothing)).toBeNull()
  expect(
    await importCounter({ env: { DATABASE_URL: 'postgres://x:y@127.0.0.1:1/none' } })('counted', nothing),
  ).toBeNull()
  expect(await importCounter({ env: { HONE_HOME: join(root, 'empty') } })('counted', nothing)).toBeNull()
})

it('a plan counts the rows that training would leave out, in a file and in the database alike', async () => {
  const row = (id: number, more: object) => ({ id, images: ['a.png'], question: 'How many?', answer: '3', ...more })
  const pictures = {
    'a.png': await picture(1),
    'flat.png': await sharp({ create: { width: 401, height: 2, channels: 3, background: 'red' } })
      .png()
      .toBuffer(),
  }
  const asked = [
    row(1, {}),
    row(2, { question: '<image>How many?', choices: ['<b>', 'two'] }),
    row(3, { question: 'What is <|image_pad|>?' }),
    row(4, { choices: ['<|im_end|>', 'two'] }),
    row(5, { choices: ['<image>', 'two'] }),
    row(6, { images: ['a.png', 'flat.png'] }),
  ]
  const traced = [
    row(7, { trace: 'It is <|im_end|> three.' }),
    row(8, { trace: 'It is a <video>.' }),
    row(9, { images: ['flat.png'], trace: '<image>' }),
    row(10, { trace: 'It is <b>3</b>.' }),
  ]
  const family = familyOfName('Qwen/Qwen2.5-VL-3B-Instruct')
  const limits = { family, fileMarks: ['<video>'] }
  const wanted = { fields: [], limits: { ...limits, ...family } }
  const importedProblems = async (name: string, rows: unknown[]) => {
    const folder = await folderOf({ ...pictures, 'rows.jsonl': jsonl(rows) })
    await importFolder(name, folder)
    const counted = await importCounter({ env: { DATABASE_URL: database.url } })(name, wanted)
    return { folder, problems: counted?.problems }
  }
  const odd = await importedProblems('odd', asked)
  expect(odd.problems).toEqual({ 'special-token-in-question': 2, 'image-mark-in-question': 1, 'image-too-flat': 1 })
  const counted = await countOwnLines(odd.folder, { problem: rowLooker(limits).problem })
  expect(counted?.problems).toEqual(odd.problems)
  expect(await importedProblems('traced', traced)).toMatchObject({
    problems: { 'special-token-in-trace': 1, 'file-mark-in-trace': 1, 'image-too-flat': 1 },
  })
})
