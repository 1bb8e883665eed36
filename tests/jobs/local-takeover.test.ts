import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { jobHandle } from '../../jobs/launchers/contract.ts'
import { jobFiles } from '../../jobs/launchers/folder.ts'
import { processesOf } from '../../jobs/launchers/local/processes.ts'
import { bootId } from '../../services/identity.ts'
import { sweepLocalJobs } from '../../jobs/launchers/local/stop.ts'
import { jobTools } from './launcher-world.ts'
import { openLocalWorld } from './local-world.ts'

const oldWrapper = fileURLToPath(new URL('./wrapper-3af5782.mjs', import.meta.url))
let local: Awaited<ReturnType<typeof openLocalWorld>>
const { sh, status, end, line, jobId, started } = jobTools(() => local.world)

beforeEach(async () => {
  local = await openLocalWorld()
})
afterEach(async () => {
  await local.world.close()
})

/**
 * A job as commit 3af5782 submitted it: its record, and its wrapper unless the worker died in
 * between.
 */
async function oldJob(key: string, script: string, { isStarted = true } = {}) {
  const directory = join(local.root, key.replaceAll('/', '~'))
  const { control, job } = jobFiles(directory)
  await mkdir(control, { recursive: true })
  const id = randomUUID()
  const record = { id, key, specHash: 'a', argv: ['sh', '-c', script], env: {}, secretEnv: [], cwd: local.world.folder }
  const more = { gracePeriodSeconds: 1, resources: {}, submittedAt: new Date().toISOString() }
  await writeFile(job, JSON.stringify({ ...record, ...more }))
  if (isStarted) {
    const env = { ...process.env, HONE_JOB: key, HONE_JOB_ID: id }
    spawn(process.execPath, [oldWrapper, control], { detached: true, env, stdio: 'ignore' }).unref()
  }
  return { id, handle: jobHandle.parse({ launcher: 'local', key, directory }) }
}

describe('a job that the wrapper of commit 3af5782 runs', () => {
  test('is found, watched to its end and never started a second time', async () => {
    const { handle } = await oldJob('demo/r1/sft/1', 'echo ran >> ran; while [ ! -e go ]; do sleep 0.05; done; exit 4')
    await line('ran')
    const launcher = local.world.launcher()
    expect(await launcher.find('demo/r1/sft/1')).toEqual(handle)
    await launcher.ensure('demo/r1/sft/1', 'a', sh('another program', { kind: 'train' }))
    expect(await status(launcher, handle)).toMatchObject({ state: 'running' })
    await writeFile(join(local.world.folder, 'go'), '')
    expect(await end(launcher, handle)).toMatchObject({ state: 'failed', exitCode: 4 })
    expect(await readFile(join(local.world.folder, 'ran'), 'utf8')).toBe('ran\n')
  })

  test('is cancelled with all that it started', async () => {
    const script = `setsid sh -c 'trap "" TERM; echo up > deep; while :; do sleep 0.1; done' & wait`
    const { id, handle } = await oldJob('tree', script)
    await line('deep')
    const launcher = local.world.launcher()
    await launcher.cancel(handle, 1, 'starved')
    expect(processesOf(id)).toEqual([])
    expect(await status(launcher, handle)).toMatchObject({ state: 'cancelled', cancelCause: 'starved' })
  })

  test('is lost when its wrapper was killed, and its orphans are ended', async () => {
    const { id, handle } = await oldJob('orphan', 'sleep 60')
    process.kill((await started(handle)).pid, 'SIGKILL')
    expect(await end(local.world.launcher(), handle)).toMatchObject({ state: 'lost' })
    expect(processesOf(id)).toEqual([])
  })

  test('was recorded and not started when the worker died: the next poll starts it with the wrapper of today', async () => {
    const { handle } = await oldJob('half', 'echo ran', { isStarted: false })
    expect(await end(local.world.launcher(), handle)).toMatchObject({ state: 'succeeded' })
  })

  test('of another machine is neither lost nor ended, though its claim names none', async () => {
    const { id, handle } = await oldJob('elsewhere', 'sleep 60')
    await started(handle)
    const files = jobFiles(handle.directory)
    const own = await Promise.all([files.claim, files.started].map(async (path) => await readFile(path, 'utf8')))
    await writeFile(files.claim, JSON.stringify({ pid: 4711, startTicks: 12, bootId: 'of another machine' }))
    await writeFile(files.started, JSON.stringify({ ...JSON.parse(own[1] ?? ''), host: 'another-machine' }))
    const launcher = local.world.launcher()
    const seen = await status(launcher, handle)
    expect(seen).toMatchObject({ state: 'unknown', node: 'another-machine' })
    expect(await sweepLocalJobs(local.root)).toEqual([])
    expect(processesOf(id)).not.toEqual([])
    await writeFile(files.claim, own[0] ?? '')
    await writeFile(files.started, own[1] ?? '')
    await launcher.cancel(handle, 1)
  })
})

describe('a job of this machine', () => {
  test('whose process id was given to another process is lost, and that process lives on', async () => {
    const launcher = local.world.launcher()
    const handle = await launcher.ensure('recycled', 'a', sh('true'))
    await end(launcher, handle)
    const files = jobFiles(handle.directory)
    await rm(files.exit)
    // This very process has the id, but another start time.
    await writeFile(files.claim, JSON.stringify({ pid: process.pid, startTicks: 1, bootId: bootId() }))
    expect(await status(launcher, handle)).toMatchObject({ state: 'lost' })
    await launcher.cancel(handle, 0)
    expect(await status(launcher, handle)).toMatchObject({ state: 'cancelled' })
  })

  test('from before a restart of the machine is lost', async () => {
    const launcher = local.world.launcher()
    const handle = await launcher.ensure('reboot', 'a', sh('sleep 60'))
    await started(handle)
    const files = jobFiles(handle.directory)
    const claim = JSON.parse(await readFile(files.claim, 'utf8'))
    await writeFile(files.claim, JSON.stringify({ ...claim, bootId: 'earlier' }))
    const lost = await status(launcher, handle)
    expect(lost.state).toBe('lost')
    expect(lost.reason).toContain('restarted')
  })

  test('that another machine took ends there when it is cancelled here; without an answer the cancel fails', async () => {
    const launcher = local.world.launcher()
    const handle = await launcher.ensure('far', 'a', sh('sleep 60'))
    await started(handle)
    const files = jobFiles(handle.directory)
    const claim = JSON.parse(await readFile(files.claim, 'utf8'))
    await writeFile(files.claim, JSON.stringify({ ...claim, host: 'another-machine' }))
    // The wrapper sees the request by itself: no signal of this machine could reach it.
    await launcher.cancel(handle, 1)
    expect(await status(launcher, handle)).toMatchObject({ state: 'cancelled' })
    // The wrapper's last act is the record; it needs a moment to end.
    while (processesOf(await jobId(handle)).length > 0) await sleep(20)
    await rm(files.exit)
    await expect(launcher.cancel(handle, 0)).rejects.toThrow('another-machine')
  })

  test('is never taken for lost while it starts, however closely it is watched', async () => {
    const launcher = local.world.launcher()
    await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const handle = await launcher.ensure(`watched-${index}`, 'a', sh('true'))
        expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
      }),
    )
  })

  test('is ended as interrupted by a sweep, so that the next start makes a new attempt', async () => {
    const launcher = local.world.launcher()
    const keys = ['a', 'b', 'c']
    const handles = await Promise.all(keys.map(async (key) => await launcher.ensure(key, 'x', sh('sleep 60'))))
    const queued = await launcher.ensure('first', 'x', sh('sleep 60', { kind: 'train' }))
    handles.push(queued, await launcher.ensure('second', 'x', sh('sleep 60', { kind: 'train' })))
    const done = await launcher.ensure('done', 'x', sh('true'))
    await end(launcher, done)
    await Promise.all(handles.slice(0, 2).map(started))
    expect((await sweepLocalJobs(local.root)).sort()).toEqual([...keys, 'first', 'second'])
    for (const handle of handles) {
      expect(processesOf(await jobId(handle))).toEqual([])
      expect(await status(launcher, handle)).toMatchObject({ state: 'failed', interrupted: true })
    }
    expect(await status(launcher, done)).toMatchObject({ state: 'succeeded' })
    expect(await sweepLocalJobs(local.root)).toEqual([])
  })
})
