import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exitWithoutProgram, newJob } from '../../../jobs/launchers/folder.ts'
import type { ExitFile } from '../../../jobs/launchers/folder.ts'
import { isTerminal } from '../../../jobs/launchers/contract.ts'
import type { SchedulerJob } from '../../../jobs/launchers/slurm/answers.ts'
import { schedulerEnds } from '../../../jobs/launchers/slurm/records.ts'
import { schedulerEnd, verdict } from '../../../jobs/launchers/slurm/verdict.ts'
import type { Evidence } from '../../../jobs/launchers/slurm/verdict.ts'

const command = {
  kind: 'train' as const,
  argv: ['true'],
  env: {},
  secretEnv: [],
  cwd: '/',
  gracePeriodSeconds: 10,
  resources: {},
  setup: [],
}
const now = Date.UTC(2026, 10, 30, 12)
const job = newJob('job', 'hash', command, { listen: '0.0.0.0' })
const claim = { pid: 7, startTicks: 1, bootId: 'other', host: 'n1' }
const cancel = { graceSeconds: 1, cause: 'stalled' as const, at: new Date(now).toISOString() }
const exit = (facts: Partial<ExitFile>): ExitFile => ({ ...exitWithoutProgram({}), ...facts })
const at = (state: string, more: Partial<SchedulerJob> = {}): SchedulerJob => ({
  id: '1',
  name: 'hone-job',
  state,
  reason: '',
  comment: null,
  submittedAt: now,
  startedAt: now,
  limitMinutes: null,
  node: 'n1',
  ...more,
})

function evidence(folder: Partial<Evidence['folder']>, more: Partial<Evidence> = {}): Evidence {
  return {
    folder: { job, claim, started: null, cancel: null, exit: null, lastOutputAt: null, ...folder },
    scheduler: 'none',
    end: null,
    log: '',
    limitMinutes: null,
    isSubmitted: true,
    waitedMs: 0,
    graces: { exitMs: 60_000, lostMs: 180_000 },
    now,
    ...more,
  }
}
const statusOf = (folder: Partial<Evidence['folder']>, more: Partial<Evidence> = {}) =>
  verdict(evidence(folder, more)).status

describe('an exit record', () => {
  test('wins over what the scheduler says of the program', () => {
    for (const scheduler of ['none', null, at('FAILED'), at('TIMEOUT'), at('RUNNING'), at('NODE_FAIL')] as const) {
      expect(statusOf({ exit: exit({ code: 0 }) }, { scheduler })).toMatchObject({ state: 'succeeded', exitCode: 0 })
    }
    expect(statusOf({ exit: exit({ code: 7 }) }, { scheduler: at('COMPLETED') })).toMatchObject({
      state: 'failed',
      exitCode: 7,
    })
  })

  test('of a failure is explained by the scheduler, where it alone can', () => {
    const killed = exit({ signal: 'SIGKILL' })
    const memory = { state: 'failed', outOfMemory: true }
    expect(statusOf({ exit: killed }, { scheduler: at('OUT_OF_MEMORY') })).toMatchObject(memory)
    expect(statusOf({ exit: killed }, { end: 'OUT_OF_MEMORY' })).toMatchObject(memory)
    expect(statusOf({ exit: killed }, { log: 'slurmstepd: error: Exceeded job memory limit' })).toMatchObject(memory)
    const newer = 'slurmstepd: error: Detected 1 oom_kill event in StepId=1.batch. Some of the step tasks'
    expect(statusOf({ exit: killed }, { log: newer })).toMatchObject(memory)
    const asked = exit({ signal: 'SIGTERM', stopRequested: true })
    for (const state of ['TIMEOUT', 'NODE_FAIL', 'PREEMPTED', 'CANCELLED']) {
      const status = statusOf({ exit: asked }, { scheduler: at(state) })
      expect(status).toMatchObject({ state: 'failed', interrupted: true })
      expect(status.outOfMemory).toBeUndefined()
    }
  })

  test('of a job whose time ran out says so, though Slurm sees an orderly end', () => {
    const startedAt = new Date(now).toISOString()
    const after = (minutes: number) =>
      exit({ stopRequested: true, code: 0, startedAt, finishedAt: new Date(now + minutes * 60_000).toISOString() })
    const scheduler = at('COMPLETED')
    const late = statusOf({ exit: after(59) }, { scheduler, limitMinutes: 60 })
    expect(late).toMatchObject({ state: 'failed', interrupted: true })
    expect(late.reason).toContain('time limit')
    expect(statusOf({ exit: after(30) }, { scheduler, limitMinutes: 60 }).reason).not.toContain('time limit')
  })
})

describe('a job without an exit record', () => {
  test('waits for what the scheduler waits for', () => {
    const waiting = statusOf({ claim: null }, { scheduler: at('PENDING', { reason: 'Resources' }) })
    expect(waiting).toMatchObject({ state: 'queued', reason: 'waits: Resources' })
  })

  test('is over at once when only the scheduler can say why', () => {
    expect(statusOf({}, { scheduler: at('OUT_OF_MEMORY') })).toMatchObject({ state: 'failed', outOfMemory: true })
    for (const state of ['TIMEOUT', 'NODE_FAIL', 'PREEMPTED', 'BOOT_FAIL', 'DEADLINE']) {
      expect(statusOf({}, { scheduler: at(state) })).toMatchObject({ state: 'failed', interrupted: true })
    }
  })

  test('that was cancelled by somebody else before it ran is interrupted, not cancelled', () => {
    expect(statusOf({ claim: null }, { scheduler: at('CANCELLED') })).toMatchObject({
      state: 'failed',
      interrupted: true,
    })
    const ours = statusOf({ claim: null, cancel }, { scheduler: at('CANCELLED') })
    expect(ours).toMatchObject({ state: 'cancelled', cancelCause: 'stalled' })
  })

  test('gets time for a record that is late, then is lost, or tells why it could not start', () => {
    const scheduler = at('FAILED', { reason: 'NonZeroExitCode' })
    expect(verdict(evidence({}, { scheduler }))).toMatchObject({ status: { state: 'unknown' }, isWaiting: true })
    expect(statusOf({}, { scheduler, waitedMs: 60_000 }).state).toBe('lost')
    const log = 'exec: python3: not found\n'
    const unstarted = statusOf({ claim: null }, { scheduler, waitedMs: 60_000, log })
    expect(unstarted).toMatchObject({ state: 'failed' })
    expect(unstarted.reason).toContain('python3: not found')
    const launch = at('FAILED', { reason: 'JobLaunchFailure' })
    expect(statusOf({ claim: null }, { scheduler: launch, waitedMs: 60_000 })).toMatchObject({ interrupted: true })
  })

  test('that Slurm forgot is lost only after the grace, and not while it still writes', () => {
    expect(statusOf({}, { waitedMs: 179_000 }).state).toBe('unknown')
    expect(statusOf({ lastOutputAt: now - 1000 }, { waitedMs: 999_000 }).state).toBe('unknown')
    expect(statusOf({ lastOutputAt: now - 200_000 }, { waitedMs: 180_000 }).state).toBe('lost')
    expect(statusOf({ claim: null }, { waitedMs: 180_000 }).state).toBe('lost')
  })
})

describe('a question without an answer', () => {
  const folders = fc.record({
    claim: fc.constantFrom(null, claim),
    cancel: fc.constantFrom(null, cancel),
    lastOutputAt: fc.option(fc.integer({ min: now - 1_000_000, max: now })),
  })

  test('never ends a job, whatever else is known', () => {
    fc.assert(
      fc.property(folders, fc.nat(10_000_000), (folder, waitedMs) => {
        expect(statusOf(folder, { scheduler: null, waitedMs }).state).toBe('unknown')
      }),
    )
  })

  test('and an empty answer at first sight neither', () => {
    fc.assert(
      fc.property(folders, (folder) => {
        expect(isTerminal(statusOf(folder).state)).toBe(false)
      }),
    )
  })

  test('never stands for a failure, nor a state that is not known here', () => {
    const states = fc.stringMatching(/^[A-Z_]{3,20}$/)
    fc.assert(
      fc.property(folders, states, (folder, state) => {
        const found = evidence(folder, { scheduler: at(`X${state}`), waitedMs: 10_000_000 })
        expect(verdict(found).status.state).toBe('unknown')
      }),
    )
  })

  test('and only our own request makes a job cancelled', () => {
    const schedulers = fc.constantFrom(
      null,
      'none' as const,
      ...[...schedulerEnds, 'COMPLETED', 'PENDING'].map((state) => at(state)),
    )
    const exits = fc.constantFrom(null, exit({ code: 0 }), exit({ stopRequested: true }), exit({ signal: 'SIGKILL' }))
    fc.assert(
      fc.property(folders, schedulers, exits, fc.nat(1_000_000), (folder, scheduler, ended, waitedMs) => {
        const { state, cancelCause } = statusOf({ ...folder, exit: ended }, { scheduler, waitedMs })
        expect(state === 'cancelled' && folder.cancel === null).toBe(false)
        expect(cancelCause !== undefined).toBe(state === 'cancelled')
      }),
    )
  })
})

test('what the scheduler said earlier is not taken back by what it has forgotten', () => {
  for (const end of schedulerEnds) expect(schedulerEnd(evidence({}, { end }))).toBe(end)
})
