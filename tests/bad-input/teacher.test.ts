import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DefaultLogger } from '@temporalio/worker'
import { MockActivityEnvironment } from '@temporalio/testing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { openDataStep, runDataShard, sealDataStep } from '../../activities/data-steps.ts'
import { recordCommand } from '../../activities/campaign-io.ts'
import type { Deps } from '../../activities/deps.ts'
import { createStepMemory } from '../../activities/step-memory.ts'
import { openArtifactStore } from '../../artifacts/store.ts'
import { createImages } from '../../data/pictures/prepare.ts'
import { openRound } from '../../db/rounds.ts'
import { campaignSpending } from '../../db/spending.ts'
import { hone } from '../cli/terminal.ts'
import { testPlaces } from '../jobs/places.ts'
import { openTestDatabase } from '../db/world.ts'
import { completion } from '../models/fake-endpoint.ts'
import { FakeTeacher } from './fake-teacher.ts'
import type { Treatment } from './fake-teacher.ts'
import { line, recipeText, start, startingClient, workFolder, writeSource } from './world.ts'
import type { RecipeParts } from './world.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
let teacher: FakeTeacher
const shutdown = new AbortController()

beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  teacher = await new FakeTeacher().start()
})
afterEach(() => teacher.stop())

/**
 * A started campaign at the first step of round 1, with the questions in `names`, and the functions
 * that run its steps.
 */
async function campaignWith(names: readonly string[], parts: RecipeParts, env: Record<string, string> = {}) {
  const folder = await workFolder()
  const campaign = parts.campaign ?? 'mine'
  await writeSource(
    folder,
    names.map((name) => line(name, { question: `${campaign}: how many shapes? (${name})` })),
  )
  const text = recipeText({ url: teacher.url, ...parts })
  // Without a probe, which would meet the misbehaviour before the step does.
  const started = await start(folder, text, {
    client: startingClient(),
    env: { DATABASE_URL: database.url, ...env },
    flags: ['--no-probe'],
  })
  expect(started).toMatchObject({ code: 0, out: expect.stringContaining(`campaign ${campaign} started`) })
  await openRound(database.db, { campaign, number: 0, parent: null })
  await openRound(database.db, { campaign, number: 1, parent: 0 })
  const store = await openArtifactStore(join(folder, 'home', 'artifacts'))
  const deps: Deps = {
    db: database.db,
    store,
    memory: createStepMemory({ db: database.db, store }),
    images: createImages({ source: { read: (hash) => readFile(store.imagePath(hash)) } }),
    places: testPlaces(join(folder, 'runs')),
    trainers: {},
    servers: {},
    judges: join(folder, 'judges'),
    demo: null,
    shutdown: shutdown.signal,
  }
  const ref = { campaign, round: 1, step: 'sample' }
  const activity = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })
  return {
    open: () => activity.run(() => openDataStep(deps, ref)),
    runShard: () => activity.run(() => runDataShard(deps, { ...ref, shard: 0 })),
    seal: () => activity.run(() => sealDataStep(deps, ref)),
    rows: async () => {
      const argv = ['show', campaign, '1', '--step', 'sample', '--samples', '50', '--json']
      const { out } = await hone(argv, { env: { DATABASE_URL: database.url } })
      const { steps } = JSON.parse(out) as { steps: { samples: ShownRow[] }[] }
      return new Map(steps[0]?.samples.map((row) => [/\((.*)\)/.exec(row.question)?.[1], row]))
    },
    show: async () => (await hone(['show', campaign, '1'], { env: { DATABASE_URL: database.url } })).out,
  }
}

interface ShownRow {
  question: string
  status: string
  reason: string | null
  detail: string | null
}

const always =
  (treatment: Treatment): (() => Treatment) =>
  () =>
    treatment

/**
 * The treatment and the outcome of each row. A failed request is sent five times, a refused request
 * once.
 */
const treatments: [name: string, treatment: (call: number) => Treatment, status: string, reason: string | null][] = [
  ['500 for ever', always({ status: 500, body: 'CUDA error' }), 'failed', 'http-500'],
  ['500 once', (call) => (call === 1 ? { status: 500 } : { body: completion('<answer>3</answer>') }), 'kept', null],
  [
    '429 twice',
    (call) =>
      call <= 2
        ? { status: 429, headers: { 'retry-after': '0.2' }, body: 'slow down' }
        : { body: completion('<answer>3</answer>') },
    'kept',
    null,
  ],
  ['broken JSON', always({ body: '{"choices": [{"message": ' }), 'failed', 'broken-reply'],
  ['a page', always({ body: '<html>Welcome to nginx</html>' }), 'failed', 'broken-reply'],
  ['no choices', always({ body: '{"choices": []}' }), 'failed', 'broken-reply'],
  ['an empty body', always({ body: '' }), 'failed', 'broken-reply'],
  ['never', always({ isSilent: true }), 'failed', 'timeout'],
  ['hangs up', always({ hangsUp: true }), 'failed', 'connection-lost'],
  ['400', always({ status: 400, body: 'prompt is too long' }), 'failed', 'http-400'],
  ['no words', always({ body: completion('') }), 'failed', 'empty-reply'],
  ['cut off', always({ body: completion('<think>I count', 'length') }), 'dropped', 'truncated'],
  ['good', always({ body: completion('<answer>3</answer>') }), 'kept', null],
]

it('a teacher that misbehaves costs only its own rows, each with its reason, and the step gives the sums', async () => {
  for (const [name, treatment] of treatments) teacher.treatments.set(name, treatment)
  const names = treatments.map(([name]) => name)
  const step = await campaignWith(names, { campaign: 'awkward', endpoint: ', timeoutSeconds: 0.3' })
  expect(await step.open()).toMatchObject({ shards: 1, isDone: false })
  expect(await step.runShard()).toMatchObject({ rowsIn: 13, kept: 3, dropped: 1, failed: 9 })

  const rows = await step.rows()
  for (const [name, , status, reason] of treatments) expect(rows.get(name)).toMatchObject({ status, reason })
  expect(rows.get('500 for ever')?.detail).toBe('HTTP 500: CUDA error (after 5 calls)')
  expect(rows.get('broken JSON')?.detail).toContain('the reply is not JSON: {"choices"')
  expect(rows.get('a page')?.detail).toContain('Welcome to nginx')
  expect(rows.get('an empty body')?.detail).toContain('the reply has no body')
  expect(rows.get('never')?.detail).toContain('no whole reply within 0.3 s')
  expect(rows.get('400')?.detail).toContain('HTTP 400: prompt is too long')
  expect({ refused: teacher.calls.get('400'), tried: teacher.calls.get('500 for ever') }).toEqual({
    refused: 1,
    tried: 5,
  })

  // Another try of the shard finds every row finished and sends no request.
  const paid = [...teacher.calls.values()].reduce((sum, calls) => sum + calls, 0)
  expect(await step.runShard()).toMatchObject({ rowsIn: 0 })
  expect([...teacher.calls.values()].reduce((sum, calls) => sum + calls, 0)).toBe(paid)

  const failure = await step.seal().catch((error: unknown) => error)
  expect(failure).toMatchObject({ type: 'TooManyFailedRows', nonRetryable: true })
  expect(String(failure)).toMatch(/9 of 13 rows of sample failed \(.*http-500 1.*\); the limit is 5 %/)
  expect(String(failure)).toContain('→ mend the cause, or raise limits.failedRowsPercent')
  const shown = await step.show()
  expect(shown).toMatch(/failed: .*broken-reply 4/)
  expect(shown).toMatch(/dropped: .*truncated 1/)
})

it('a step whose rows fail within the limit goes on without them', async () => {
  teacher.treatments.set('bad', always({ status: 400 }))
  const step = await campaignWith(['good', 'bad'], { campaign: 'within', limits: '{ failedRowsPercent: 50 }' })
  await step.open()
  await step.runShard()
  expect(await step.seal()).toEqual({ rowsIn: 2, kept: 1, dropped: 0, failed: 1 })
})

it('a budget ends a step between two rows and keeps every paid reply, and a larger budget goes on', async () => {
  const names = Array.from({ length: 60 }, (_, index) => `row ${index}`)
  for (const name of names) teacher.treatments.set(name, always({ body: completion('<answer>3</answer>') }))
  const step = await campaignWith(names, { campaign: 'thrifty', limits: '{ budget: { requests: 10 } }' })
  await step.open()
  await expect(step.runShard()).rejects.toMatchObject({
    type: 'BudgetReached',
    nonRetryable: true,
    message: expect.stringMatching(/\d+ of 10 requests → .* hone resume thrifty --budget requests=20/),
  })
  const paid = () => [...teacher.calls.values()].reduce((sum, calls) => sum + calls, 0)
  const before = paid()
  expect(before).toBeGreaterThanOrEqual(10)
  expect(before).toBeLessThan(60)
  await expect(step.runShard()).rejects.toMatchObject({ type: 'BudgetReached' })
  expect(paid()).toBe(before)
  expect((await campaignSpending(database.db, 'thrifty')).requests).toBe(before)

  const command = { campaign: 'thrifty', kind: 'resumed' as const, who: 'me', why: null }
  await recordCommand(database.db, { ...command, dedupeKey: 'thrifty/more', budget: { requests: 1000 } })
  expect(await step.runShard()).toMatchObject({ rowsIn: 60 - before, kept: 60 - before })
  expect([...teacher.calls.values()]).toEqual(names.map(() => 1))
  const { out } = await hone(['status', 'thrifty'], { env: { DATABASE_URL: database.url } })
  expect(out).toContain('spent        no prices stated; budget: requests 60 of 1,000')
})

it('a step is not sealed while rows have no outcome', async () => {
  teacher.treatments.set('good', always({ body: completion('<answer>3</answer>') }))
  const step = await campaignWith(['good'], { campaign: 'hasty' })
  await step.open()
  await expect(step.seal()).rejects.toMatchObject({
    type: 'StepIncomplete',
    message: expect.stringContaining('1 of 1 rows of sample have no outcome'),
  })
  await step.runShard()
  expect(await step.seal()).toMatchObject({ kept: 1 })
})

it('a step that keeps no row fails with what became of them', async () => {
  teacher.treatments.set('mute', always({ body: completion('<think>I', 'length') }))
  const step = await campaignWith(['mute'], { campaign: 'mute' })
  await step.open()
  await step.runShard()
  await expect(step.seal()).rejects.toMatchObject({
    type: 'EmptyDataset',
    nonRetryable: true,
    message: expect.stringContaining('sample kept none of 1 rows (truncated 1)'),
  })
})

it.each<[string, Treatment, string]>([
  ['refuses the key', { status: 401, body: 'who are you?' }, 'refuses every request: HTTP 401: who are you?'],
  ['does not know the path', { status: 404 }, 'refuses every request: HTTP 404'],
  ['has no quota left', { status: 429, body: '{"error":{"code":"insufficient_quota"}}' }, 'insufficient_quota'],
])('a teacher that %s ends the step at once, for good', async (name, treatment, message) => {
  teacher.treatments.set('good', always(treatment))
  const campaign = name.replaceAll(' ', '-')
  const step = await campaignWith(['good'], { campaign })
  await step.open()
  await expect(step.runShard()).rejects.toMatchObject({
    type: 'EndpointRefused',
    nonRetryable: true,
    message: expect.stringContaining(message),
  })
  expect(teacher.calls.get('good')).toBe(1)
  expect(await step.rows()).toEqual(new Map())
})

/** The endpoint is given up after 0.4 s instead of ten minutes. */
const impatient = { endpoint: ', outageSeconds: 0.4' }

it('a teacher that answers 429 to every request costs no row: a later try of the shard finishes it', async () => {
  teacher.treatments.set('good', always({ status: 429, body: 'slow down' }))
  const step = await campaignWith(['good', 'better'], { campaign: 'busy', ...impatient })
  teacher.treatments.set('better', always({ status: 429, body: 'slow down' }))
  await step.open()
  const failure = await step.runShard().catch((error: unknown) => error)
  expect(failure).not.toHaveProperty('nonRetryable')
  expect(String(failure)).toMatch(
    /has answered nothing for \d+ s: HTTP 429: slow down\. Check that the model server runs/,
  )
  expect(await step.rows()).toEqual(new Map())
  teacher.treatments.clear()
  expect(await step.runShard()).toMatchObject({ rowsIn: 2, kept: 2, dropped: 0, failed: 0 })
})

it('a teacher that stops after the start costs no row either', async () => {
  const step = await campaignWith(['good'], { campaign: 'gone', ...impatient })
  await step.open()
  const { url } = teacher
  await teacher.stop()
  const failure = await step.runShard().catch((error: unknown) => error)
  teacher = await new FakeTeacher().start()
  expect(failure).not.toHaveProperty('nonRetryable')
  expect(String(failure)).toContain(`${url} has answered nothing`)
  expect(String(failure)).toContain('ECONNREFUSED')
  expect(await step.rows()).toEqual(new Map())
})

it('a key that the worker lacks ends the step with the variable before any request is sent', async () => {
  const step = await campaignWith(
    ['good'],
    { campaign: 'keyless', endpoint: ', apiKeyEnv: TEST_TEACHER_KEY' },
    { TEST_TEACHER_KEY: 'sk-secret' },
  )
  await step.open()
  const failure = await step.runShard().catch((error: unknown) => error)
  expect(failure).toMatchObject({ type: 'MissingSecret', nonRetryable: true })
  expect(String(failure)).toMatch(
    /TEST_TEACHER_KEY is not set → export TEST_TEACHER_KEY=… here and where the worker runs/,
  )
  expect(teacher.calls.size).toBe(0)
})
