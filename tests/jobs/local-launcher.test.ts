import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { jobFiles } from '../../jobs/job-files.ts'
import { isTerminal } from '../../jobs/launcher.ts'
import type { CommandPlan, JobHandle, JobStatus, Launcher } from '../../jobs/launcher.ts'
import { sweepLocalJobs } from '../../jobs/launchers/local-stop.ts'
import { createLocalLauncher } from '../../jobs/launchers/local.ts'
import { bootId, processesOf } from '../../jobs/wrapper.mjs'

let root = ''

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hone-jobs-'))
})

afterEach(async () => {
  await sweepLocalJobs(root, { graceSeconds: 0 })
  await rm(root, { recursive: true, force: true })
})

function sh(script: string, more: Partial<CommandPlan> = {}): CommandPlan {
  return {
    argv: ['sh', '-c', script],
    env: {},
    secretEnv: [],
    cwd: root,
    gracePeriodSeconds: 1,
    resources: {},
    ...more,
  }
}

async function until(launcher: Launcher, handle: JobHandle, done: (status: JobStatus) => boolean): Promise<JobStatus> {
  for (;;) {
    const status = await launcher.poll(handle)
    if (done(status)) return status
    await sleep(20)
  }
}

const end = (launcher: Launcher, handle: JobHandle) => until(launcher, handle, ({ state }) => isTerminal(state))

async function waitForFile(path: string): Promise<string> {
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => '')
    if (text.endsWith('\n')) return text.trim()
    await sleep(20)
  }
}

async function jobId(handle: JobHandle): Promise<string> {
  return JSON.parse(await readFile(jobFiles(handle.directory).job, 'utf8')).id
}

async function started(handle: JobHandle): Promise<{ pid: number; childPid: number }> {
  for (;;) {
    const text = await readFile(jobFiles(handle.directory).started, 'utf8').catch(() => '{}')
    const found = JSON.parse(text)
    if (found.childPid) return found
    await sleep(20)
  }
}

describe('a local job', () => {
  test('runs, keeps its output and says how it ended', async () => {
    const launcher = createLocalLauncher({ root })
    const good = await launcher.ensure('demo/sft/1', 'a', sh('echo out; echo err >&2'))
    const bad = await launcher.ensure('demo/sft/2', 'a', sh('exit 7'))
    const missing = await launcher.ensure('demo/sft/3', 'a', sh('', { argv: ['/nowhere/trainer'] }))
    expect(await end(launcher, good)).toMatchObject({ state: 'succeeded', exitCode: 0 })
    expect(await launcher.logs(good, { maxBytes: 100 })).toEqual({ stdout: 'out\n', stderr: 'err\n' })
    expect(await end(launcher, bad)).toMatchObject({ state: 'failed', exitCode: 7 })
    const status = await end(launcher, missing)
    expect(status.state).toBe('failed')
    expect(status.reason).toContain('ENOENT')
  })

  test('runs once however often and by however many launchers it is submitted', async () => {
    const submit = () => createLocalLauncher({ root }).ensure('twice', 'a', sh('echo ran >> ran.txt; sleep 0.2'))
    const [handle] = await Promise.all([submit(), submit(), submit()])
    await submit()
    const launcher = createLocalLauncher({ root })
    expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
    await submit()
    await sleep(200)
    expect(await readFile(join(root, 'ran.txt'), 'utf8')).toBe('ran\n')
  })

  test('of the same key and other inputs is refused', async () => {
    const launcher = createLocalLauncher({ root })
    await launcher.ensure('job', 'a', sh('true'))
    await expect(launcher.ensure('job', 'b', sh('true'))).rejects.toMatchObject({ type: 'JobConflict' })
  })

  test('is found again by a new launcher and goes on meanwhile', async () => {
    const first = createLocalLauncher({ root })
    await first.ensure('long', 'a', sh('sleep 0.4; echo done'))
    const second = createLocalLauncher({ root })
    const handle = await second.find('long')
    if (handle === null) throw new Error('not found')
    expect(['queued', 'running']).toContain((await second.poll(handle)).state)
    expect(await end(second, handle)).toMatchObject({ state: 'succeeded' })
    expect(await second.find('another')).toBeNull()
  })

  test('whose submission stopped before its process was started is started by the next submission', async () => {
    const launcher = createLocalLauncher({ root })
    const handle = await launcher.ensure('half', 'a', sh('echo ran >> ran.txt'))
    await end(launcher, handle)
    const files = jobFiles(handle.directory)
    for (const path of [files.claim, files.started, files.exit]) await rm(path)
    expect((await launcher.poll(handle)).state).toBe('queued')
    await launcher.ensure('half', 'a', sh('echo ran >> ran.txt'))
    expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
    expect(await readFile(join(root, 'ran.txt'), 'utf8')).toBe('ran\nran\n')
  })

  test('gets only the secrets it names, and they are in no file', async () => {
    const environment = {
      ...process.env,
      REWARD_TOKEN: 'very-secret-value',
      OTHER_API_KEY: 'not-for-jobs',
      TEMPORAL_GRPC_META_AUTHORIZATION: 'not-for-jobs',
    }
    const launcher = createLocalLauncher({ root, environment })
    const script = 'echo "$REWARD_TOKEN|$OTHER_API_KEY$TEMPORAL_GRPC_META_AUTHORIZATION|$PLAIN"'
    const spec = sh(script, { env: { PLAIN: 'plain' }, secretEnv: ['REWARD_TOKEN'] })
    const handle = await launcher.ensure('secrets', 'a', spec)
    await end(launcher, handle)
    expect((await launcher.logs(handle, { maxBytes: 1000 })).stdout).toBe('***||plain\n')
    expect(await readFile(jobFiles(handle.directory).job, 'utf8')).not.toContain('very-secret-value')
    const lacking = sh('true', { secretEnv: ['ABSENT_TOKEN'] })
    await expect(launcher.ensure('absent', 'a', lacking)).rejects.toMatchObject({ type: 'MissingSecret' })
    expect(await launcher.find('absent')).toBeNull()
  })
})

describe('a job that has ended', () => {
  test('has left nothing behind, not even what its program forgot in a session of its own', async () => {
    const launcher = createLocalLauncher({ root })
    const script = `setsid sh -c 'echo $$ > deep; sleep 60' & sleep 60 & while [ ! -s deep ]; do sleep 0.02; done`
    const handle = await launcher.ensure('forgetful', 'a', sh(script))
    expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
    expect(processesOf(await jobId(handle)).length).toBeLessThanOrEqual(1)
    expect(JSON.parse(await readFile(jobFiles(handle.directory).exit, 'utf8')).leftBehind).toBeGreaterThan(0)
  })
})

describe('a job that starts', () => {
  test('is never taken for lost, however closely it is watched', async () => {
    const launcher = createLocalLauncher({ root })
    const states = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const handle = await launcher.ensure(`watched-${index}`, 'a', sh('true'))
        const seen = new Set<string>()
        for (;;) {
          const { state } = await launcher.poll(handle)
          seen.add(state)
          if (isTerminal(state)) return [...seen]
        }
      }),
    )
    for (const seen of states) expect(seen.at(-1)).toBe('succeeded')
  })
})

describe('cancelling', () => {
  test('leaves no process, not even of sessions that a grandchild opened', async () => {
    const launcher = createLocalLauncher({ root })
    const script = `setsid sh -c 'trap "" TERM; echo $$ > deep; while :; do sleep 0.1; done' & sleep 60 & echo $$ > top; wait`
    const handle = await launcher.ensure('tree', 'a', sh(script))
    await Promise.all([waitForFile(join(root, 'deep')), waitForFile(join(root, 'top'))])
    const id = await jobId(handle)
    expect(processesOf(id).length).toBeGreaterThanOrEqual(4)
    await launcher.cancel(handle, 1)
    expect(processesOf(id)).toEqual([])
    expect(await launcher.poll(handle)).toMatchObject({ state: 'cancelled', cancelCause: 'request' })
    await launcher.cancel(handle, 1)
  })

  test('kills a program that ignores the request to end, after the grace', async () => {
    const launcher = createLocalLauncher({ root })
    const handle = await launcher.ensure('deaf', 'a', sh(`trap '' TERM; echo up > up; while :; do sleep 0.05; done`))
    await waitForFile(join(root, 'up'))
    const before = Date.now()
    await launcher.cancel(handle, 0.3)
    expect(Date.now() - before).toBeLessThan(3000)
    expect(await launcher.poll(handle)).toMatchObject({ state: 'cancelled', signal: 'SIGKILL' })
  })

  test('lets a program end in its own way within the grace', async () => {
    const launcher = createLocalLauncher({ root })
    const script = `trap 'echo saved; exit 3' TERM; echo up > up; while :; do sleep 0.05; done`
    const handle = await launcher.ensure('polite', 'a', sh(script))
    await waitForFile(join(root, 'up'))
    await launcher.cancel(handle, 5)
    expect((await launcher.logs(handle, { maxBytes: 100 })).stdout).toBe('saved\n')
    expect(await launcher.poll(handle)).toMatchObject({ state: 'cancelled', exitCode: 3 })
  })

  test('at any moment of the start ends with nothing running', async () => {
    const launcher = createLocalLauncher({ root })
    const delays = [0, 10, 20, 30, 40, 60, 80, 120]
    await Promise.all(
      delays.map(async (delay) => {
        const handle = await launcher.ensure(`early-${delay}`, 'a', sh('sleep 60'))
        await sleep(delay)
        await launcher.cancel(handle, 1)
        expect(await launcher.poll(handle)).toMatchObject({ state: 'cancelled' })
        await sleep(300)
        expect(processesOf(await jobId(handle))).toEqual([])
      }),
    )
  })

  test('a finished job changes nothing', async () => {
    const launcher = createLocalLauncher({ root })
    const handle = await launcher.ensure('done', 'a', sh('true'))
    await end(launcher, handle)
    await launcher.cancel(handle, 1)
    expect(await launcher.poll(handle)).toMatchObject({ state: 'succeeded' })
  })
})

describe('what nobody asked for', () => {
  test('a killed wrapper makes the job lost, and its orphans are ended before that is said', async () => {
    const launcher = createLocalLauncher({ root })
    const handle = await launcher.ensure('orphan', 'a', sh('sleep 60'))
    const { pid } = await started(handle)
    process.kill(pid, 'SIGKILL')
    expect(await end(launcher, handle)).toMatchObject({ state: 'lost' })
    expect(processesOf(await jobId(handle))).toEqual([])
  })

  test('a killed program fails with its signal', async () => {
    const launcher = createLocalLauncher({ root })
    const handle = await launcher.ensure('killed', 'a', sh('sleep 60'))
    const { childPid } = await started(handle)
    process.kill(childPid, 'SIGKILL')
    const status = await end(launcher, handle)
    expect(status).toMatchObject({ state: 'failed', signal: 'SIGKILL' })
    expect(status.interrupted).toBeUndefined()
  })

  test('a recycled process id is never taken for the job, nor killed', async () => {
    const launcher = createLocalLauncher({ root })
    const handle = await launcher.ensure('recycled', 'a', sh('true'))
    await end(launcher, handle)
    const files = jobFiles(handle.directory)
    await rm(files.exit)
    // This very process has the id, but another start time.
    await writeFile(files.claim, JSON.stringify({ pid: process.pid, startTicks: 1, bootId: bootId() }))
    expect(await launcher.poll(handle)).toMatchObject({ state: 'lost' })
    await launcher.cancel(handle, 0)
    expect(await launcher.poll(handle)).toMatchObject({ state: 'cancelled' })
  })

  test('a job from before a restart of the machine is lost', async () => {
    const launcher = createLocalLauncher({ root })
    const handle = await launcher.ensure('reboot', 'a', sh('sleep 60'))
    await started(handle)
    const files = jobFiles(handle.directory)
    const claim = JSON.parse(await readFile(files.claim, 'utf8'))
    await writeFile(files.claim, JSON.stringify({ ...claim, bootId: 'earlier' }))
    const status = await launcher.poll(handle)
    expect(status.state).toBe('lost')
    expect(status.reason).toContain('restarted')
  })

  test('a folder that cannot be read is unknown, not failed', async () => {
    const launcher = createLocalLauncher({ root })
    const handle = await launcher.ensure('unreadable', 'a', sh('true'))
    await end(launcher, handle)
    await writeFile(jobFiles(handle.directory).exit, '{"half')
    expect(await launcher.poll(handle)).toMatchObject({ state: 'unknown' })
  })

  test('a sweep ends every job as interrupted, so that the next start makes a new attempt', async () => {
    const launcher = createLocalLauncher({ root })
    const handles = await Promise.all(['a', 'b', 'c'].map((key) => launcher.ensure(key, 'x', sh('sleep 60'))))
    const done = await launcher.ensure('done', 'x', sh('true'))
    await end(launcher, done)
    await Promise.all(handles.slice(0, 2).map(started))
    expect((await sweepLocalJobs(root)).sort()).toEqual(['a', 'b', 'c'])
    for (const handle of handles) {
      expect(processesOf(await jobId(handle))).toEqual([])
      expect(await launcher.poll(handle)).toMatchObject({ state: 'failed', interrupted: true })
    }
    expect(await launcher.poll(done)).toMatchObject({ state: 'succeeded' })
    expect(await sweepLocalJobs(root)).toEqual([])
  })

  test('cleaning up refuses while the job runs and removes its folder afterwards', async () => {
    const launcher = createLocalLauncher({ root })
    const handle = await launcher.ensure('tidy', 'a', sh('sleep 60'))
    await expect(launcher.cleanup(handle)).rejects.toMatchObject({ type: 'AlreadyRunning' })
    await launcher.cancel(handle, 1)
    await launcher.cleanup(handle)
    expect(await readdir(root)).toEqual([])
  })
})
