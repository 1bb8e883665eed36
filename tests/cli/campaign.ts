import { insertCampaign, setCampaignStatus, setHead } from '../../db/campaigns.ts'
import { recordCheckpoint } from '../../db/checkpoints.ts'
import type { Database } from '../../db/database.ts'
import { openDataset, sealDataset } from '../../db/datasets.ts'
import { recordEvent } from '../../db/events.ts'
import { newAttempt, recordIntent, setAttempt, upsertMetrics } from '../../db/jobs.ts'
import { commitOutcomes } from '../../db/outcomes.ts'
import { saveReplies } from '../../db/replies.ts'
import { closeRound, openRound } from '../../db/rounds.ts'
import { sampleRows } from '../../db/rows.ts'
import { saveScore } from '../../db/scores.ts'
import { finishStep, openStep } from '../../db/steps.ts'
import { importLines, kept, reply } from '../db/world.ts'

/** Hashes of the checkpoints. They differ in their first characters. */
const checkpoints = { base: 'ba5e'.padEnd(64, '0'), one: '0ne1'.padEnd(64, '0'), two: '2222'.padEnd(64, '0') }

/**
 * A campaign that is under way: round 1 is closed and promoted, round 2 was left behind by a
 * rollback, round 3 (parent 1) trains. Its first data step dropped two of five rows and failed one.
 */
export async function fillCampaign(db: Database, id: string): Promise<{ rowId: string }> {
  await insertCampaign(db, { id, recipe: { campaign: id }, recipeHash: 'r1', recipeSource: 'hone: 1', folder: '/x' })
  await recordEvent(db, { campaign: id, who: 'ada', kind: 'created' })
  const { datasetId: source } = await importLines(db, 5, id, id)
  await openRound(db, { campaign: id, number: 0, parent: null })
  await recordCheckpoint(db, { id: checkpoints.base, path: '/store/base', bytes: 6_100_000, madeBy: null })
  await score(db, id, 0, checkpoints.base, source, 1)
  await closeRound(db, { campaign: id, number: 0, status: 'closed', checkpointId: checkpoints.base })

  const rowId = await firstRound(db, id, source)
  await openRound(db, { campaign: id, number: 2, parent: 1 })
  await train(db, id, 2, source, checkpoints.two, checkpoints.base)
  await closeRound(db, {
    campaign: id,
    number: 2,
    status: 'closed',
    decision: 'regress',
    checkpointId: checkpoints.two,
  })
  await setHead(db, id, 2, { who: 'gate', kind: 'advanced', why: 'no gate', dedupeKey: `${id}/advanced/2` })
  await setHead(db, id, 1, { who: 'ada', kind: 'rollback', why: 'it guesses', dedupeKey: `${id}/rollback/1` })

  await openRound(db, { campaign: id, number: 3, parent: 1 })
  await train(db, id, 3, source, null, checkpoints.base)
  return { rowId }
}

/** Ends the running step of round 3, the round and the campaign. */
export async function endCampaign(db: Database, id: string, status: 'finished' | 'failed'): Promise<void> {
  await setCampaignStatus(db, id, status, status === 'failed' ? 'round 3 failed: CUDA out of memory' : null)
}

async function firstRound(db: Database, id: string, source: string): Promise<string> {
  await openRound(db, { campaign: id, number: 1, parent: 0 })
  const place = { campaign: id, round: 1, spec: {} }
  const { stepId } = await openStep(db, { ...place, name: 'reason', kind: 'reason', ordinal: 0, inputs: [source] })
  const { id: datasetId } = await openDataset(db, { id: `${id}/1/reason`, stepId, name: 'reason' })
  await saveReplies(db, stepId, [reply(`${id}-key`, { text: '<think>one, two</think><answer>2</answer>' })])
  const parents = await sampleRows(db, source, 5)
  const outcomes = parents.map((parent, index) => {
    if (index === 0)
      return {
        ...kept(parent.id),
        changes: { trace: '<think>one, two</think><answer>2</answer>' },
        requestKeys: [`${id}-key`],
      }
    if (index === 1) return { ...kept(parent.id), status: 'failed' as const, reason: 'refused', detail: 'HTTP 400: no' }
    return index < 4 ? { ...kept(parent.id), status: 'dropped' as const, reason: 'truncated' } : kept(parent.id)
  })
  await commitOutcomes(db, datasetId, outcomes)
  await sealDataset(db, datasetId)
  await finishStep(db, stepId, 'done')
  await train(db, id, 1, datasetId, checkpoints.one, checkpoints.base)
  await score(db, id, 1, checkpoints.one, source, 3)
  await closeRound(db, {
    campaign: id,
    number: 1,
    status: 'closed',
    decision: 'promote',
    checkpointId: checkpoints.one,
  })
  await setHead(db, id, 1, { who: 'gate', kind: 'advanced', why: 'promote', dedupeKey: `${id}/advanced/1` })
  const [row] = await sampleRows(db, datasetId, 1, 'kept')
  return row?.id ?? ''
}

/** Adds a training that ended in a checkpoint or still runs. */
async function train(
  db: Database,
  id: string,
  round: number,
  input: string,
  checkpoint: string | null,
  start: string,
): Promise<void> {
  const { stepId } = await openStep(db, {
    campaign: id,
    round,
    name: 'sft',
    kind: 'sft',
    ordinal: 1,
    spec: {},
    inputs: [input],
  })
  const jobId = `${id}/${round}/sft`
  await recordIntent(db, { jobId, stepId, kind: 'sft', backend: 'trl', launcher: 'local', specHash: 's', spec: {} })
  const attempt = await newAttempt(db, jobId, '/runs/sft')
  await setAttempt(db, jobId, attempt, { state: 'running', startedAt: new Date(Date.now() - 65_000) })
  const values = [2, 1.5, 0.8, 0.41]
  await upsertMetrics(
    db,
    values.flatMap((loss, index) =>
      [['loss', loss] as const, ['totalSteps', 250] as const].map(([name, value]) => ({
        jobId,
        attempt,
        segment: 0,
        step: 30 * (index + 1),
        name,
        canonical: name,
        value,
        at: new Date(),
      })),
    ),
  )
  if (checkpoint === null) return
  await setAttempt(db, jobId, attempt, { state: 'succeeded', exitCode: 0, finishedAt: new Date() })
  const path = `/store/${checkpoint.slice(0, 4)}`
  await recordCheckpoint(db, {
    id: checkpoint,
    path,
    bytes: 6_100_000,
    madeBy: { stepId, jobId, startCheckpointId: start },
  })
  await finishStep(db, stepId, 'done')
}

async function score(
  db: Database,
  id: string,
  round: number,
  checkpointId: string,
  source: string,
  correct: number,
): Promise<void> {
  const place = { campaign: id, round, name: 'evaluate', kind: 'evaluate', ordinal: 2, spec: {}, inputs: [] }
  const { stepId } = await openStep(db, place)
  const items = await sampleRows(db, source, 5)
  await saveScore(db, {
    campaign: id,
    round,
    stepId,
    checkpointId,
    benchmark: 'report',
    role: 'report',
    identity: {},
    identityHash: 'i',
    accuracy: correct / 5,
    low: correct / 5 - 0.1,
    high: correct / 5 + 0.1,
    items: items.map((item, index) => ({
      itemId: item.id,
      correct: index < correct,
      verdict: index < correct ? 'correct' : 'incorrect',
      reason: 'same-text',
      extracted: '1',
      requestKey: null,
      truncated: false,
    })),
  })
  await finishStep(db, stepId, 'done')
}
