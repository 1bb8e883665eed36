import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gradeDifficulty } from '../../../data/steps/grade-difficulty.ts'
import type { EvidenceRow, Verdict } from '../../../domain/rows.ts'
import { sealDataset } from '../../../db/datasets.ts'
import { commitOutcomes } from '../../../db/outcomes.ts'
import { sampleRows, streamEvidence } from '../../../db/rows.ts'
import { importLines, kept, openDataStep, openTestDatabase, startCampaign } from '../../db/world.ts'
import { context, row } from '../rows.ts'

const options = gradeDifficulty.options.parse({ step: 'grade-difficulty', evidence: ['verify', 'rate'] })
const { evidence } = gradeDifficulty

let next = 0
function seen(
  source: string | null,
  more: { verdict?: Verdict; rating?: unknown; originId?: string; sample?: number },
): EvidenceRow {
  const { verdict, rating, sample, originId = `o${next}` } = more
  const base = row({
    id: `e${next++}`,
    originId,
    trace: 'same words',
    verdict: verdict ? { verdict, reason: 'same-text', extracted: null, verifierVersion: '1' } : null,
    metadata: {
      ...(source === null ? {} : { source }),
      ...(rating === undefined ? {} : { rating }),
      ...(sample === undefined ? {} : { sampleIndex: sample }),
    },
  })
  const isKept = verdict === 'correct'
  return { ...base, from: 'verify', status: isKept ? 'kept' : 'dropped', reason: isKept ? null : (verdict ?? 'other') }
}

async function* streamed(rows: readonly EvidenceRow[]) {
  await Promise.resolve()
  yield* rows
}

const reduce = (rows: readonly EvidenceRow[], by = 'source') => evidence!.reduce(streamed(rows), { ...options, by })

const run = (source: string, overview: Awaited<ReturnType<typeof reduce>>, more: Partial<typeof options> = {}) =>
  gradeDifficulty.run(row({ metadata: { source, other: 1 } }), { ...context({ ...options, ...more }), overview })

const answers = (source: string, right: number, wrong: number) => [
  ...Array.from({ length: right }, () => seen(source, { verdict: 'correct' })),
  ...Array.from({ length: wrong }, (_, index) => seen(source, { verdict: index % 2 ? 'incorrect' : 'unverifiable' })),
]
const rows = [...answers('chart', 9, 1), ...answers('scene', 5, 5), ...answers('geometry', 1, 9)]

describe('grading by source', () => {
  it('writes grade and score on each row', async () => {
    const overview = await reduce(rows)
    expect(await run('chart', overview)).toMatchObject([
      { status: 'kept', changes: { metadata: { source: 'chart', other: 1, difficulty: 'easy' } } },
    ])
    expect(await run('scene', overview)).toMatchObject([
      { changes: { metadata: { difficulty: 'medium', difficultyScore: 0 } } },
    ])
    expect(await run('geometry', overview)).toMatchObject([{ changes: { metadata: { difficulty: 'hard' } } }])
    expect(await run('unheard', overview)).toMatchObject([{ status: 'dropped', reason: 'no-evidence', changes: {} }])
  })

  it('keeps the wanted grades, and drops other rows with their grade', async () => {
    const overview = await reduce(rows)
    const keep = ['medium' as const, 'hard' as const]
    expect(await run('chart', overview, { keep })).toMatchObject([
      { status: 'dropped', reason: 'difficulty-easy', changes: { metadata: { difficulty: 'easy' } } },
    ])
    expect(await run('geometry', overview, { keep })).toMatchObject([{ status: 'kept' }])
  })

  it('counts an answer that nothing shows to be right as wrong', async () => {
    const overview = await reduce(answers('scene', 1, 3))
    expect(overview.get('scene')).toMatchObject({ errorRate: 0.75, rating: null })
  })

  it('counts an inherited verdict or rating once, and every sample’s own verdict', async () => {
    const first = seen('a', { verdict: 'correct', originId: 'one', rating: 4, sample: 0 })
    const overview = await reduce([
      first,
      { ...first, id: 'later', from: 'rate' },
      { ...first, id: 'cleaned', from: 'clean', trace: 'words' },
      seen('a', { verdict: 'incorrect', originId: 'one', rating: 4, sample: 1 }),
      seen('a', { verdict: 'incorrect', originId: 'two', rating: 8 }),
    ])
    expect(overview.get('a')).toMatchObject({ errorRate: 2 / 3, rating: 6 })
  })

  it('counts a cut, empty, refused or missing sample as one wrong answer', async () => {
    const lost = (
      originId: string,
      sample: number | undefined,
      reason: string,
      changes: Partial<EvidenceRow> = {},
    ) => ({
      ...seen('a', { originId, ...(sample === undefined ? {} : { sample }) }),
      from: 'probe',
      reason,
      ...changes,
    })
    const cut = lost('cut', 0, 'truncated')
    const right = seen('a', { verdict: 'correct', originId: 'right', sample: 0 })
    const evidence = [
      right,
      // The probe's own row of the same answer was kept.
      { ...right, verdict: null, from: 'probe' },
      cut,
      { ...cut, id: 'again' },
      lost('cut', 1, 'empty-trace', { trace: '' }),
      lost('refused', 0, 'refused'),
      lost('one-request', 2, 'http-500', { trace: null }),
      lost('all-requests', undefined, 'http-500', { status: 'failed', trace: null }),
    ]
    const overview = await reduce(evidence)
    expect(overview.get('a')?.errorRate).toBeCloseTo(5 / 6)
    expect(await reduce(evidence.toReversed())).toEqual(overview)
  })

  it('ignores rows that were lost for other reasons, and kept rows without a verdict', async () => {
    const right = seen('a', { verdict: 'correct', originId: 'right', sample: 0 })
    const overview = await reduce([
      right,
      { ...seen('a', { originId: 'kept', sample: 0 }), from: 'probe', status: 'kept', reason: null },
      { ...seen('a', { originId: 'no-gold', sample: 0 }), reason: 'no-gold' },
      { ...seen('a', { originId: 'no-question' }), from: 'probe', reason: 'no-question' },
      { ...seen('a', { originId: 'bug' }), from: 'probe', status: 'failed', reason: 'step-error' },
      // The replies of the rater and of the verifier's judge were cut or missing.
      { ...right, verdict: null, from: 'rate', reason: 'truncated' },
      { ...seen('a', { originId: 'rated' }), from: 'rating', reason: 'truncated' },
      { ...seen('a', { originId: 'rated' }), from: 'rating', status: 'failed', reason: 'http-500' },
      { ...seen('a', { originId: 'judged', sample: 0 }), status: 'failed', reason: 'http-500' },
    ])
    expect(overview.get('a')?.errorRate).toBe(0)
  })

  it('tells answers without a number apart by their text', async () => {
    const one = seen('a', { verdict: 'correct', originId: 'one' })
    const wrong = seen('a', { verdict: 'incorrect', originId: 'one' })
    const overview = await reduce([one, { ...one, from: 'rate' }, wrong, { ...wrong, trace: 'other words' }])
    expect(overview.get('a')?.errorRate).toBe(2 / 3)
  })

  it('does not depend on the order of the evidence', async () => {
    const mixed = [...rows, seen('chart', { rating: 9 }), seen('geometry', { rating: 2 }), seen(null, { rating: 3 })]
    expect(await reduce(mixed.toReversed())).toEqual(await reduce(mixed))
  })

  it('groups by another field, and groups rows without the field separately', async () => {
    const level = (value: unknown) => ({ ...seen(null, { verdict: 'incorrect' }), metadata: { level: value } })
    const overview = await reduce(
      [seen(null, { verdict: 'correct' }), level(2), level({ deep: 1 }), level(null)],
      'level',
    )
    expect([...overview.keys()]).toEqual(['', '2'])
    expect(overview.get('')?.errorRate).toBeCloseTo(2 / 3)
    expect(await run('a', overview, { by: 'level' })).toMatchObject([{ changes: { metadata: { difficulty: 'easy' } } }])
  })

  it('treats the names of fields as plain names', async () => {
    expect([...(await reduce([seen('a', { verdict: 'correct' })], 'constructor')).keys()]).toEqual([''])
  })

  it('ignores values that are no ratings, and evidence without a verdict or rating', async () => {
    expect((await reduce([])).size).toBe(0)
    expect((await reduce([seen('a', {}), seen('b', { rating: 'high' }), seen('c', { rating: null })])).size).toBe(0)
    expect((await reduce([seen('a', { rating: 5 })])).get('a')).toMatchObject({ difficulty: 'medium', score: 0 })
  })
})

describe('evidence in the database', () => {
  let world: Awaited<ReturnType<typeof openTestDatabase>>
  beforeAll(async () => {
    world = await openTestDatabase()
  })
  afterAll(() => world.close())

  it('counts answers that were dropped as wrong', async () => {
    const { db } = world
    await startCampaign(db, 'graded')
    const { datasetId: source } = await importLines(db, 6, 'graded', 'graded')
    const { datasetId } = await openDataStep(db, 'graded', 'verify', [source])
    const parents = await sampleRows(db, source, 6)
    await commitOutcomes(
      db,
      datasetId,
      parents.map(({ id }, index) => {
        const verdict = index < 4 ? ('incorrect' as const) : ('correct' as const)
        const found = { verdict, reason: 'same-text', extracted: null, verifierVersion: '1' }
        const changes = { trace: 'words', verdict: found, metadata: { source: index % 2 ? 'b' : 'a', rating: index } }
        return index < 4
          ? { ...kept(id), status: 'dropped' as const, reason: 'incorrect', changes }
          : { ...kept(id), changes }
      }),
    )
    await sealDataset(db, datasetId)
    const overview = await evidence!.reduce(streamEvidence(db, [{ name: 'verify', datasetId }]), options)
    expect([...overview.values()]).toMatchObject([
      { group: 'a', errorRate: 2 / 3, rating: 2, difficulty: 'easy' },
      { group: 'b', errorRate: 2 / 3, rating: 3, difficulty: 'hard' },
    ])
    const reasons: (string | null)[] = []
    for await (const { reason } of streamEvidence(db, [{ name: 'verify', datasetId }])) reasons.push(reason)
    expect(reasons.filter((reason) => reason === 'incorrect')).toHaveLength(4)
    expect(reasons.filter((reason) => reason === null)).toHaveLength(2)
  })
})

describe('its options', () => {
  it('must name evidence', () => {
    const parse = (more: object) => gradeDifficulty.options.safeParse({ step: 'grade-difficulty', ...more }).success
    expect(parse({ evidence: 'verify' })).toBe(true)
    expect([parse({}), parse({ evidence: [] }), parse({ evidence: '' })]).toEqual([false, false, false])
    expect([parse({ evidence: 'v', keep: [] }), parse({ evidence: 'v', keep: ['harder'] })]).toEqual([false, false])
    expect(options.by).toBe('source')
  })
})
