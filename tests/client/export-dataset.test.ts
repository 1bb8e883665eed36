import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportRows, findExportable } from '../../client/export-dataset.ts'
import { insertCampaign } from '../../db/campaigns.ts'
import type { Database } from '../../db/database.ts'
import { openDataset, sealDataset } from '../../db/datasets.ts'
import { nameImport } from '../../db/imports.ts'
import { openRound } from '../../db/rounds.ts'
import { openStep } from '../../db/steps.ts'
import { fillCampaign } from '../cli/campaign.ts'
import { collect, importLines, openTestDatabase } from '../db/world.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
let db: Database
let pool: string
beforeAll(async () => {
  world = await openTestDatabase()
  db = world.db
  await fillCampaign(db, 'demo')
  pool = (await importLines(db, 3, 'pool')).datasetId
  await nameImport(db, { name: 'geometry', datasetId: pool, mapping: {} })
})
afterAll(() => world.close())

describe('a dataset to export', () => {
  it.each([
    ['its id', ['demo/1/reason']],
    ['campaign, round and step', ['demo', '1', 'reason']],
  ])('is found by %s', async (_, words) => {
    const { source } = await findExportable(db, words)
    expect(source).toMatchObject({ id: 'demo/1/reason', campaign: 'demo', round: 1, step: 'reason', rows: 2 })
  })

  it.each([
    ['the name of an import', 'geometry'],
    ['that name as a recipe writes it', 'import:geometry'],
    ['its id', ''],
  ])('that was imported is found by %s, and belongs to no campaign', async (_, word) => {
    const { source, promptSuffix } = await findExportable(db, [word === '' ? pool : word])
    expect(source).toMatchObject({ id: pool, campaign: null, step: null, recipeHash: null, rows: 3 })
    expect(promptSuffix).toBe('')
  })

  it('may be a source of a campaign', async () => {
    expect((await findExportable(db, ['demo/1/demo'])).source).toMatchObject({ rows: 5, campaign: null })
  })

  it('has its whole lineage, every node once', async () => {
    const { source } = await findExportable(db, ['demo/1/reason'])
    const { datasets, checkpoints } = source.lineage
    expect(checkpoints).toEqual([])
    const [dataset, origin] = datasets
    expect(datasets).toHaveLength(2)
    expect(dataset).toMatchObject({ id: 'demo/1/reason', kept: 2, dropped: 2, failed: 1, inputs: [origin?.id] })
    expect(dataset?.models).toEqual([{ endpoint: 'teacher', model: 'teacher-7b', replies: 1 }])
    expect(origin).toMatchObject({ kept: 5, step: null, inputs: [] })
  })

  it('that does not exist is refused with the names of imports', async () => {
    await expect(findExportable(db, ['nothing'])).rejects.toMatchObject({
      message: 'There is no dataset "nothing".',
      nextStep: expect.stringMatching(/an import by its name: geometry\.$/),
    })
  })
})

it('its rows say how the recipe wants their answers checked', async () => {
  const policy = { form: 'any' as const }
  const rows = await collect(exportRows(db, 'demo/1/reason', { status: 'all', policy }))
  expect(rows.map((row) => row.policy)).toEqual(rows.map(() => policy))
  await insertCampaign(db, { id: 'ruled', recipe: { policy }, recipeHash: 'r', recipeSource: '', folder: '/x' })
  await openRound(db, { campaign: 'ruled', number: 0, parent: null })
  const { stepId } = await openStep(db, {
    campaign: 'ruled',
    round: 0,
    name: 'mix',
    kind: 'mix',
    ordinal: 0,
    spec: {},
    inputs: [pool],
  })
  await openDataset(db, { id: 'ruled/0/mix', stepId, name: 'mix' })
  await sealDataset(db, 'ruled/0/mix')
  expect(await findExportable(db, ['ruled/0/mix'])).toMatchObject({ policy, promptSuffix: '' })
  expect((await findExportable(db, ['demo/1/reason'])).policy).toBeUndefined()
})

it('kept rows come in their order, and dropped and failed rows follow on demand', async () => {
  const kept = await collect(exportRows(db, 'demo/1/reason', { status: 'kept' }))
  expect(kept.map(({ question, status, reason }) => [question, status, reason])).toEqual([
    ['How many circles are in demo 0?', 'kept', null],
    ['How many circles are in demo 4?', 'kept', null],
  ])
  const all = await collect(exportRows(db, 'demo/1/reason', { status: 'all' }))
  expect(all.slice(0, 2)).toEqual(kept)
  expect(
    all
      .slice(2)
      .map(({ status, reason }) => `${status} ${reason}`)
      .sort(),
  ).toEqual(['dropped truncated', 'dropped truncated', 'failed refused'])
})
