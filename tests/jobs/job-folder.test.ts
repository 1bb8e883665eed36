import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cancelCauses, isTerminal } from '../../jobs/launchers/contract.ts'
import type { JobState } from '../../jobs/launchers/contract.ts'
import { createJson, readJsonFile, readTail, replaceJson } from '../../jobs/launchers/files.ts'
import { cancelFile, claimFile, exitFile, jobFile, jobFiles, startedFile } from '../../jobs/launchers/folder.ts'
import { redactedCut } from '../../domain/redact.ts'
import { readLogs } from '../../jobs/launchers/secrets.ts'
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
const leastJob = {
  id: 'id',
  key: 'key',
  specHash: 'a',
  argv: ['x'],
  env: {},
  secretEnv: [],
  cwd: '/',
  gracePeriodSeconds: 1,
  resources: {},
}

/** The state by the files, checked in the order of their priority. */
function meant({ job, claim, cancel, exit }: FolderState): JobState {
  if (job === null) return 'lost'
  if (exit === null) return claim === null ? 'queued' : 'running'
  // A success stays a success, even if its end was requested later.
  if (exit.code === 0 && !exit.stopRequested) return 'succeeded'
  return cancel === null ? 'failed' : 'cancelled'
}

const folderState: fc.Arbitrary<FolderState> = fc.record({
  job: fc.option(when.map((submittedAt) => jobFile.parse({ ...leastJob, submittedAt }))),
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
        code: fc.constantFrom(null, 0, 1, 137),
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
  test('is what the files mean, over exactly when there is an exit record or no job', () => {
    fc.assert(
      fc.property(folderState, (state) => {
        const status = statusOf(state)
        expect(status.state).toBe(meant(state))
        expect(isTerminal(status.state)).toBe(state.job === null || state.exit !== null)
        const [exit, cancel] = state.job === null ? [null, null] : [state.exit, state.cancel]
        expect(status.cancelCause).toBe(status.state === 'cancelled' ? cancel?.cause : undefined)
        // Interrupted only when something other than our own request ended the job.
        expect(status.interrupted === true).toBe(status.state === 'failed' && exit?.stopRequested === true)
        expect(status.exitCode).toBe(exit?.code ?? undefined)
        expect(status.signal).toBe(exit?.signal ?? undefined)
        expect(status.outOfMemory === true).toBe(exit?.outOfMemory === true)
        expect(status.state !== 'failed' || status.reason !== undefined).toBe(true)
        expect(status.node).toBe(state.job === null ? undefined : (hostOf(state) ?? undefined))
        expect(status.submittedAt).toBe(state.job === null ? undefined : Date.parse(state.job.submittedAt))
      }),
    )
  })

  test('survives the way through the files', async () => {
    await fc.assert(
      fc.asyncProperty(folderState, async (state) => {
        const directory = await mkdtemp(join(folder, 'job-'))
        const files = jobFiles(directory)
        const written = [
          { path: files.job, value: state.job },
          { path: files.claim, value: state.claim },
          { path: files.started, value: state.started },
          { path: files.cancel, value: state.cancel },
          { path: files.exit, value: state.exit },
        ].filter(({ value }) => value !== null)
        for (const { path, value } of written) await replaceJson(path, value)
        expect((await statusFromFiles(directory)).status).toEqual(statusOf({ ...state, lastOutputAt: null }))
      }),
      { numRuns: 50 },
    )
  })

  test('of a folder from before there were kinds, setup lines and hosts is read as it was meant', async () => {
    // Files in the form of commit 3af5782.
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
    // Only a claim torn by a crash has a meaning: its process cannot live.
    expect(await readClaim(join(folder, 'half.json'))).toMatchObject({ pid: 0 })
  })
})

describe('logs', () => {
  test('show no secret, also where the end of the log begins in the midst of one', async () => {
    const secret = 'correct-horse-battery'
    const { control, job, stdout } = jobFiles(folder)
    await mkdir(control, { recursive: true })
    await replaceJson(job, { ...leastJob, secretEnv: ['HORSE_TOKEN'], submittedAt: new Date().toISOString() })
    await writeFile(stdout, `header ${secret} tail ${secret}`)
    for (let maxBytes = 1; maxBytes < 60; maxBytes += 1) {
      const logs = await readLogs(folder, { maxBytes, environment: { HORSE_TOKEN: secret } })
      expect(logs.stdout).not.toMatch(/rect|hors|orse|batt|ttery/)
    }
  })

  test('are cut anywhere without four letters of a secret in a row', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 8, maxLength: 20 })
    fc.assert(
      fc.property(letters, fc.nat(), fc.nat(), (word, before, after) => {
        const secret = word.join('')
        const [head, tail] = [`1 ${secret} 2`, `3 ${secret} 4`]
        const cut = `${head.slice(before % head.length)} ${tail.slice(0, tail.length - (after % tail.length))}`
        const clean = redactedCut(cut, [secret])
        const parts = word.slice(3).map((_, start) => secret.slice(start, start + 4))
        expect(parts.filter((part) => clean.includes(part))).toEqual([])
      }),
    )
  })
})
