import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recordCheckpoint } from '../../db/checkpoints.ts'
import { recordEvent } from '../../db/events.ts'
import { streamRows } from '../../db/rows.ts'
import { saveScore } from '../../db/scores.ts'
import { openStep } from '../../db/steps.ts'
import { collect, importLines, keepAll, openDataStep, openTestDatabase, startCampaign } from '../db/world.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
let source: string
/** A dataset that is still written. */
let open: string

beforeAll(async () => {
  world = await openTestDatabase()
  const { db } = world
  await startCampaign(db, 'c')
  source = (await importLines(db, 5, 'seed', 'c')).datasetId
  open = (await openDataStep(db, 'c', 'describe', [source])).datasetId
  const rows = await collect(streamRows(db, source))
  await keepAll(
    db,
    open,
    rows.map(({ id }) => id),
  )
  const checkpointId = 'ba5e'.repeat(16)
  await recordCheckpoint(db, { id: checkpointId, path: '/models/base', bytes: 9, madeBy: null })
  const step = { campaign: 'c', round: 1, name: 'evaluate', kind: 'evaluate', ordinal: 1, spec: {}, inputs: [] }
  const { stepId } = await openStep(db, step)
  const item = { itemId: rows[0]?.id ?? '', correct: true, verdict: 'correct' as const, reason: 'r', extracted: null }
  await saveScore(db, {
    campaign: 'c',
    round: 1,
    stepId,
    checkpointId,
    benchmark: 'dev',
    role: 'dev',
    identity: {},
    identityHash: 'i',
    accuracy: 0.5,
    low: 0.2,
    high: 0.8,
    items: [{ ...item, requestKey: null, truncated: false }],
  })
  await recordEvent(db, { campaign: 'c', who: 'me', kind: 'pinned', dedupeKey: 'p' })
})
afterAll(() => world.close())

/** What Postgres says to a statement; null where it does as told. */
async function said(statement: string): Promise<string | null> {
  try {
    await world.db.transaction(async (tx) => {
      await tx.execute(sql.raw(statement))
      throw new Error('rolled back')
    })
    return null
  } catch (error) {
    const { cause, message } = error as Error
    return message === 'rolled back' ? null : cause instanceof Error ? cause.message : message
  }
}

describe('what a campaign has recorded', () => {
  it.each(['rounds', 'events', 'datasets', 'rows', 'scores', 'score_items', 'checkpoints', 'requests'])(
    'is not emptied by TRUNCATE, neither alone nor in a cascade: %s',
    async (table) => {
      expect(await said(`truncate ${table} cascade`)).toContain('refused: history is never changed')
    },
  )

  it.each([
    'update scores set accuracy = 1',
    'update scores set correct = 0',
    'delete from scores',
    'update score_items set correct = true',
    'delete from score_items',
    "update events set who = 'somebody'",
    'delete from events',
  ])('is never changed: %s', async (statement) => {
    expect(await said(statement)).toContain('refused: history is never changed')
  })

  it.each([
    "update rows set answer = '7' where dataset_id = 'SOURCE'",
    "update rows set position = position + 1 where dataset_id = 'SOURCE'",
    "update rows set dataset_id = 'OPEN' where dataset_id = 'SOURCE'",
    "delete from rows where dataset_id = 'SOURCE'",
  ])('stays in a sealed dataset: %s', async (statement) => {
    const text = statement.replaceAll('SOURCE', source).replaceAll('OPEN', open)
    expect(await said(text)).toContain(`the dataset ${source} is sealed`)
  })

  it.each(["update datasets set content_hash = 'x' where id = 'SOURCE'", "delete from datasets where id = 'SOURCE'"])(
    'has the hash that it was sealed with: %s',
    async (statement) => {
      expect(await said(statement.replaceAll('SOURCE', source))).toContain('refused: history is never changed')
    },
  )

  it('can be written while it is open', async () => {
    expect(await said(`update rows set answer = '7' where dataset_id = '${open}'`)).toBeNull()
    expect(await said(`delete from rows where dataset_id = '${open}'`)).toBeNull()
  })
})
