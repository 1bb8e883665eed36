import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cancelCauses, isTerminal } from '../../jobs/launchers/contract.ts'
import { createJson, readJsonFile, readTail, replaceJson } from '../../jobs/launchers/files.ts'
import { cancelFile, claimFile, exitFile, jobFile, jobFiles, startedFile } from '../../jobs/launchers/folder.ts'
import { blotOut, readLogs } from '../../jobs/launchers/secrets.ts'
import { hostOf, readClaim, statusFromFiles, statusOf } from '../../jobs/launchers/status.ts'
import type { FolderState } from '../../jobs/launchers/status.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-folder-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const time = fc.date({ min: new Date('2020-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
const when = time.map((date) => date.toISOString())
const host = fc.constantFrom(null, 'one', 'two')
const identity = { pid: fc.nat(), startTicks: fc.option(fc.nat()), bootId: fc.option(fc.uuid()), host }
const folderState: fc.Arbitrary<FolderState> = fc.record({
  job: fc.option(
    when.map((submittedAt) =>
      jobFile.parse({
        ...{ id: 'id', key: 'key', specHash: 'a', argv: ['x'], env: {}, secretEnv: [], cwd: '/' },
        ...{ gracePeriodSeconds: 1, resources: {}, submittedAt },
      }),
    ),
  ),
  claim: fc.option(fc.record(identity)),
  started: fc.option(
    fc.record({
      ...identity,
      startedAt: when,
      childPid: fc.option(fc.nat()),
      childStartTicks: fc.option(fc.nat()),
    }),
  ),
  cancel: fc.option(fc.record({ graceSeconds: fc.nat(), cause: fc.constantFrom(...cancelCauses), at: when })),
  exit: fc.option(
    fc.record(
      {
        code: fc.option(fc.integer({ min: 0, max: 255 })),
        signal: fc.option(fc.constantFrom('SIGKILL', 'SIGTERM')),
        error: fc.option(fc.string()),
        stopRequested: fc.boolean(),
        leftBehind: fc.nat(),
        outOfMemory: fc.boolean(),
        startedAt: fc.option(when),
        finishedAt: when,
      },
      { requiredKeys: ['code', 'signal', 'error', 'stopRequested', 'leftBehind', 'startedAt', 'finishedAt'] },
    ),
  ),
  lastOutputAt: fc.option(fc.nat()),
})

describe('the status that files tell', () => {
  test('is over exactly when there is an exit record, or no job; and says what the record says', () => {
    fc.assert(
      fc.property(folderState, (state) => {
        const status = statusOf(state)
        expect(isTerminal(status.state)).toBe(state.job === null || state.exit !== null)
        if (state.job === null) {
          expect(status.state).toBe('lost')
          return
        }
        // Files alone never tell that a process is gone, nor that they could not be read.
        expect(['lost', 'unknown']).not.toContain(status.state)
        expect(status.submittedAt).toBe(Date.parse(state.job.submittedAt))
        if (state.exit === null) {
          expect(status.state).toBe(state.claim === null ? 'queued' : 'running')
          return
        }
        const { exit, cancel } = state
        const isGood = exit.code === 0 && !exit.stopRequested
        // What has succeeded stays so, whoever wanted its end too late.
        expect(status.state === 'succeeded').toBe(isGood)
        // Cancelled only when we asked for it ourselves; interrupted only when we did not.
        expect(status.state === 'cancelled').toBe(!isGood && cancel !== null)
        expect(status.cancelCause).toBe(status.state === 'cancelled' ? cancel?.cause : undefined)
        expect(status.interrupted === true).toBe(!isGood && cancel === null && exit.stopRequested)
        expect(status.exitCode).toBe(exit.code ?? undefined)
        expect(status.signal).toBe(exit.signal ?? undefined)
        if (status.state === 'failed') expect(status.reason).toBeTruthy()
        expect(status.node).toBe(hostOf(state) ?? undefined)
      }),
    )
  })

  test('survives the way through the files', async () => {
    await fc.assert(
      fc.asyncProperty(folderState, async (state) => {
        const directory = await mkdtemp(join(folder, 'job-'))
        const files = jobFiles(directory)
        for (const [path, value] of [
          [files.job, state.job],
          [files.claim, state.claim],
          [files.started, state.started],
          [files.cancel, state.cancel],
          [files.exit, state.exit],
        ] as const) {
          if (value !== null) await replaceJson(path, value)
        }
        expect((await statusFromFiles(directory)).status).toEqual(statusOf({ ...state, lastOutputAt: null }))
      }),
      { numRuns: 50 },
    )
  })

  test('of a folder from before there were kinds, setup lines and hosts is read as it was meant', async () => {
    // As commit 3af5782 wrote them.
    const old = {
      job: {
        id: '7b0c4ddc-9f0e-4a0b-8c49-3e4e2d0d8f51',
        key: 'demo/r1/sft/1',
        specHash: 'sha256:a',
        argv: ['python', '-m', 'hone_trainer', 'sft'],
        env: { A: 'b' },
        secretEnv: [],
        cwd: '/tmp',
        gracePeriodSeconds: 30,
        resources: { gpus: 1, cpus: 2, memoryGib: 4 },
        submittedAt: '2026-11-29T10:00:00.000Z',
      },
      claim: { pid: 4711, startTicks: 12, bootId: 'b' },
      started: { pid: 4711, startTicks: 12, bootId: 'b', host: 'vm', startedAt: '2026-11-29T10:00:01.000Z' },
      exit: { code: 0, signal: null, error: null, stopRequested: false, leftBehind: 0 },
    }
    expect(jobFile.parse(old.job)).toMatchObject({ kind: 'task', setup: [], listen: '127.0.0.1' })
    expect(claimFile.parse(old.claim)).toMatchObject({ pid: 4711, host: null })
    const started = startedFile.parse({ ...old.started, childPid: 4712, childStartTicks: 13 })
    const times = { startedAt: '2026-11-29T10:00:01.000Z', finishedAt: '2026-11-29T11:00:00.000Z' }
    expect(exitFile.parse({ ...old.exit, ...times }).outOfMemory).toBeUndefined()
    expect(cancelFile.parse({ graceSeconds: 3, cause: 'starved', at: times.startedAt }).cause).toBe('starved')
    const state = { job: jobFile.parse(old.job), claim: claimFile.parse(old.claim), started }
    expect(statusOf({ ...state, cancel: null, exit: null, lastOutputAt: null })).toMatchObject({
      state: 'running',
      node: 'vm',
      startedAt: Date.parse(times.startedAt),
    })
  })
})

describe('files of a job', () => {
  test('are created by one of many, whole, and leave no draft', async () => {
    const path = join(folder, 'deep', 'file.json')
    const taken = await Promise.all(Array.from({ length: 20 }, async (_, index) => await createJson(path, { index })))
    expect(taken.filter(Boolean)).toHaveLength(1)
    expect(JSON.parse(await readTail(path, 1000))).toEqual({ index: taken.indexOf(true) })
    expect(await readdir(join(folder, 'deep'))).toEqual(['file.json'])
  })

  test('that are broken are an error, that are absent are null', async () => {
    expect(await readJsonFile(join(folder, 'absent.json'), claimFile)).toBeNull()
    await writeFile(join(folder, 'half.json'), '{"half')
    await expect(readJsonFile(join(folder, 'half.json'), claimFile)).rejects.toThrow(SyntaxError)
    // Only a claim that a crash has torn has a meaning: its process cannot live.
    expect(await readClaim(join(folder, 'half.json'))).toMatchObject({ pid: 0 })
  })
})

describe('logs', () => {
  test('show no secret, also where the end of the log begins in the midst of one', async () => {
    const secret = 'correct-horse-battery'
    const { control, job, stdout } = jobFiles(folder)
    await mkdir(control, { recursive: true })
    const record = { id: 'i', key: 'k', specHash: 'a', argv: ['x'], env: {}, secretEnv: ['HORSE_TOKEN'], cwd: '/' }
    const more = { gracePeriodSeconds: 1, resources: {}, submittedAt: new Date().toISOString() }
    await replaceJson(job, { ...record, ...more })
    await writeFile(stdout, `header ${secret} tail ${secret}`)
    for (let maxBytes = 1; maxBytes < 60; maxBytes += 1) {
      const logs = await readLogs(folder, { maxBytes, environment: { HORSE_TOKEN: secret } })
      expect(logs.stdout).not.toMatch(/rect|hors|orse|batt|ttery/)
    }
  })

  test('are cut anywhere without four letters of a secret in a row', () => {
    const letters = fc.string({ unit: fc.constantFrom(...'abcdefgh'), minLength: 8, maxLength: 20 })
    fc.assert(
      fc.property(letters, fc.nat(), fc.nat(), (secret, before, after) => {
        const text = `1 ${secret} 2 ${secret} 3`
        const cut = text.slice(before % text.length, text.length - (after % text.length))
        const clean = blotOut(cut, [secret])
        for (let start = 0; start + 4 <= secret.length; start += 1) {
          // A piece from the midst of a secret, cut on both sides, is all that may be left.
          if (clean.includes(' ')) expect(clean).not.toContain(secret.slice(start, start + 4))
        }
      }),
    )
  })
})
