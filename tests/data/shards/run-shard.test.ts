import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { HoneError } from '../../../domain/errors.ts'
import { dataStepBase } from '../../../domain/recipe/recipe.ts'
import type { Outcome, Row } from '../../../domain/rows.ts'
import { AskFailure } from '../../../models/ask.ts'
import { Outage } from '../../../models/failures.ts'
import { runDatasetStep, runShard } from '../../../data/shards/run-shard.ts'
import type { RunShardOptions, ShardOutcome } from '../../../data/shards/run-shard.ts'
import { dataSteps } from '../../../data/steps/registry.ts'
import { verify } from '../../../data/steps/verify.ts'
import type { DataStep, DatasetStep, RowStep } from '../../../data/steps/step.ts'
import { context, row, trace } from '../rows.ts'

const keep = (of: Row): Outcome => ({ status: 'kept', reason: null, parentId: of.id, changes: {}, requestKeys: [] })
const rows = Array.from({ length: 10 }, (_, index) => row({ id: `r${index}` }))
const options = z.strictObject({ step: z.literal('test'), ...dataStepBase })
const rowStep = (run: (row: Row) => Promise<Outcome[]>): RowStep<typeof options> => ({
  per: 'row',
  options,
  summary: '',
  estimate: () => ({ rowsOut: 1, calls: [] }),
  run,
})

function shard(step: DataStep, changes: Partial<RunShardOptions> = {}) {
  const commits: (readonly ShardOutcome[])[] = []
  const run = runShard({
    step,
    rows,
    context: context({ step: 'test' }),
    concurrency: 3,
    commit: async (outcomes) => void commits.push(outcomes),
    signal: new AbortController().signal,
    ...changes,
  })
  return { run, commits, committed: () => commits.flat() }
}

describe('running a shard', () => {
  it('checks answers as the recipe says, and stores no policy of it with the rows', async () => {
    const given = [row({ id: 'sum', answer: '7', trace: '<think>x</think>[A]3 + 4[/A]' })]
    const policy = { form: 'any' as const, answerTags: ['[A]', '[/A]'] as [string, string] }
    const ruled = shard(verify, { rows: given, context: { ...context({ step: 'verify' }), policy } })
    expect(await ruled.run).toMatchObject({ kept: 1 })
    const [outcome] = ruled.committed()
    expect(outcome).toMatchObject({ changes: { verdict: { verdict: 'correct', extracted: '3 + 4' } } })
    expect(outcome).not.toHaveProperty('changes.policy')
    const plain = shard(verify, { rows: given, context: context({ step: 'verify' }) })
    expect(await plain.run).toMatchObject({ dropped: 1 })
  })

  it('works on a number of rows at a time and counts their outcomes', async () => {
    let running = 0
    let peak = 0
    const progress: number[] = []
    const step = rowStep(async (of) => {
      peak = Math.max(peak, ++running)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running--
      return of.id === 'r1' ? [{ ...keep(of), status: 'dropped', reason: 'truncated' }] : [keep(of), keep(of)]
    })
    const { run, committed } = shard(step, { onProgress: ({ rows }) => progress.push(rows) })
    expect(await run).toEqual({ kept: 18, dropped: 1, failed: 0 })
    expect(peak).toBe(3)
    expect(
      committed()
        .filter((one) => one.parentId === 'r0')
        .map((one) => one.outIndex),
    ).toEqual([0, 1])
    expect(progress.at(-1)).toBe(10)
  })

  it('records rows that fail, with reason and detail, and goes on', async () => {
    const step = rowStep((of) => {
      if (of.id === 'r2') return Promise.reject(new AskFailure('image-broken', 'bad picture'))
      if (of.id === 'r3') throw new Error(`x${'y'.repeat(1000)}`)
      if (of.id === 'r4') return Promise.resolve([])
      if (of.id === 'r5') return Promise.resolve([{ ...keep(of), parentId: 'r6' }])
      return Promise.resolve([keep(of)])
    })
    const { run, committed } = shard(step)
    expect(await run).toEqual({ kept: 6, dropped: 0, failed: 4 })
    const failed = committed().filter((one) => one.status === 'failed')
    expect(failed.map(({ parentId, reason }) => `${parentId} ${reason}`).sort()).toEqual([
      'r2 image-broken',
      'r3 step-error',
      'r4 step-error',
      'r5 step-error',
    ])
    expect(failed.every((one) => 'detail' in one && one.detail.length <= 500)).toBe(true)
  })

  it.each([
    new HoneError({ type: 'MissingSecret', message: 'no key', nextStep: 'set it' }),
    new Outage('the endpoint is away'),
  ])('ends on an error that hits every row, after committing finished rows: %s', async (error) => {
    const step = rowStep(async (of) => {
      if (of.id === 'r5') throw error
      return [keep(of)]
    })
    const { run, committed } = shard(step, { concurrency: 1 })
    await expect(run).rejects.toBe(error)
    expect(committed().map((one) => one.parentId)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4'])
  })

  it('reads batches ahead, so that a slow row at the end of a batch delays no other row', async () => {
    let read = 0
    async function* batches() {
      for (let first = 0; first < 10; first += 2) {
        read += 1
        yield rows.slice(first, first + 2)
      }
    }
    let release: () => void = () => undefined
    const slow = new Promise<void>((resolve) => (release = resolve))
    const begun: string[] = []
    const step = rowStep(async (of) => {
      begun.push(of.id)
      if (of.id === 'r1') await slow
      if (of.id === 'r9') release()
      return [keep(of)]
    })
    const { run } = shard(step, { rows: batches(), concurrency: 2 })
    expect(await run).toEqual({ kept: 10, dropped: 0, failed: 0 })
    expect(read).toBe(5)
    expect(begun).toEqual(rows.map(({ id }) => id))
  })

  it('holds at most the rows of the window and of one more batch', async () => {
    let read = 0
    let done = 0
    let most = 0
    async function* batches() {
      for (let first = 0; first < 1000; first += 10) {
        read += 10
        most = Math.max(most, read - done)
        yield Array.from({ length: 10 }, (_, index) => row({ id: `b${first + index}` }))
      }
    }
    const step = rowStep(async (of) => {
      await new Promise((resolve) => setImmediate(resolve))
      done += 1
      return [keep(of)]
    })
    expect(await shard(step, { rows: batches(), concurrency: 5 }).run).toMatchObject({ kept: 1000 })
    expect(most).toBeLessThanOrEqual(5 + 5 + 10)
  })

  it('ends with the error of reading, after committing finished rows', async () => {
    async function* batches() {
      yield rows.slice(0, 2)
      throw new Error('the database went away')
    }
    const { run, committed } = shard(
      rowStep((of) => Promise.resolve([keep(of)])),
      { rows: batches() },
    )
    await expect(run).rejects.toThrow('the database went away')
    expect(committed().map((one) => one.parentId)).toEqual(['r0', 'r1'])
  })

  it('begins no more rows when admission ends, and lets running rows end', async () => {
    let begun = 0
    const step = rowStep(async (of) => {
      begun += 1
      await new Promise((resolve) => setTimeout(resolve, 5))
      return [keep(of)]
    })
    const { run, committed } = shard(step, { concurrency: 2, admits: () => begun < 4 })
    expect((await run).kept).toBe(begun)
    expect(committed()).toHaveLength(begun)
    expect(begun).toBeLessThanOrEqual(5)
  })

  it('ends when outcomes cannot be committed', async () => {
    const { run } = shard(
      rowStep((of) => Promise.resolve([keep(of)])),
      { commit: () => Promise.reject(new Error('db')) },
    )
    await expect(run).rejects.toThrow('db')
  })

  it('ends at once when cancelled, also while a step hangs, and commits finished rows', async () => {
    const controller = new AbortController()
    const step = rowStep((of) => (of.id < 'r3' ? Promise.resolve([keep(of)]) : new Promise(() => undefined)))
    const { run, committed } = shard(step, { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('cancelled')), 20)
    await expect(run).rejects.toThrow('cancelled')
    expect(committed().map((one) => one.parentId)).toEqual(['r0', 'r1', 'r2'])
  })

  it('commits while other rows still run, at most 64 rows at once', async () => {
    const many = Array.from({ length: 100 }, (_, index) => row({ id: `m${index}` }))
    let release: () => void = () => undefined
    const last = new Promise<void>((resolve) => (release = resolve))
    const step = rowStep(async (of) => {
      if (of.id === 'm99') await last
      return [keep(of)]
    })
    const { run, commits } = shard(step, { rows: many, concurrency: 100 })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(commits.map((batch) => batch.length)).toEqual([64, 35])
    release()
    expect(await run).toMatchObject({ kept: 100 })
  })

  it('gives a question step all rows of a question together', async () => {
    const traced = ['a', 'b', 'c'].map((id, index) =>
      row({ id, originId: id === 'c' ? 'q2' : 'q1', trace: trace('x '.repeat(index + 1) + id) }),
    )
    const { run, committed } = shard(dataSteps['select']!, { rows: traced, context: context({ step: 'select' }) })
    expect(await run).toEqual({ kept: 2, dropped: 1, failed: 0 })
    expect(committed().find((one) => one.status === 'dropped')).toMatchObject({ parentId: 'b', reason: 'not-shortest' })
  })

  it('reads the options of a stored recipe with new defaults, and refuses options that no longer fit', async () => {
    const traced = [row({ trace: trace('Wait. Wait. Wait.') })]
    const good = shard(dataSteps['clean']!, { rows: traced, context: context({ step: 'clean', maxRepeats: 5 }) })
    expect(await good.run).toMatchObject({ kept: 1 })
    const bad = shard(dataSteps['clean']!, { rows: traced, context: context({ step: 'clean', maxRepeets: 5 }) })
    await expect(bad.run).rejects.toMatchObject({ type: 'InvalidRecipe' })
  })

  it('has nothing to do for no rows', async () => {
    expect(
      await shard(
        rowStep((of) => Promise.resolve([keep(of)])),
        { rows: [] },
      ).run,
    ).toEqual({ kept: 0, dropped: 0, failed: 0 })
  })
})

describe('running a dataset step', () => {
  const refs = [{ id: 'a', originId: 'a', input: 0, group: null }]
  const step = (kept: string[]): DatasetStep<typeof options> => ({
    per: 'dataset',
    options,
    summary: '',
    estimate: () => ({ rowsOut: 1, calls: [] }),
    run: () => Promise.resolve({ kept, droppedReason: 'x' }),
  })

  it('passes the chosen rows on, and refuses unknown rows and rows that are kept twice', async () => {
    const shared = context({ step: 'test' })
    expect(await runDatasetStep(step(['a']), refs, shared)).toEqual({ kept: ['a'], droppedReason: 'x' })
    await expect(runDatasetStep(step(['b']), refs, shared)).rejects.toThrow('not given')
    await expect(runDatasetStep(step(['a', 'a']), refs, shared)).rejects.toThrow('twice')
  })
})
