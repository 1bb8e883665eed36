import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sweepLocalJobs } from '../../jobs/launchers/local/stop.ts'
import { createLocalLauncher } from '../../jobs/launchers/local/launcher.ts'
import type { MetricPoint } from '../../jobs/metrics.ts'
import { createPoller } from '../../jobs/poller.ts'
import { watchJob } from '../../jobs/watch.ts'
import type { WatchOptions } from '../../jobs/watch.ts'
import { readFlatLine } from '../../trainers/flat-log.ts'

let root = ''

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hone-run-'))
})

afterEach(async () => {
  await sweepLocalJobs(root, { graceSeconds: 0 })
  await rm(root, { recursive: true, force: true })
})

const plenty = { queueSeconds: 60, runSeconds: 60, stallSeconds: 60 }

function job(script: string, more: Partial<WatchOptions> = {}): WatchOptions {
  const launcher = createLocalLauncher({ root })
  return {
    launcher,
    poll: createPoller(launcher),
    key: 'job',
    specHash: 'a',
    command: {
      kind: 'task',
      argv: ['sh', '-c', script],
      env: {},
      secretEnv: [],
      cwd: root,
      gracePeriodSeconds: 1,
      resources: {},
      setup: [],
    },
    logs: [{ path: join(root, 'metrics.jsonl'), read: readFlatLine((name) => name) }],
    pollIntervalMs: 50,
    limits: plenty,
    ...more,
  }
}

const steps = (count: number, pauseSeconds: number) =>
  `i=1; while [ $i -le ${count} ]; do echo "{\\"step\\":$i,\\"totalSteps\\":${count},\\"loss\\":0.$i}" >> metrics.jsonl; sleep ${pauseSeconds}; i=$((i+1)); done`

test('a job is followed to its end, with every metric delivered while it runs', async () => {
  const seen: MetricPoint[] = []
  const calls: (number | null)[] = []
  const totals = new Set<number | null>()
  const outcome = await watchJob(
    job(steps(5, 0.1), {
      onProgress: ({ points, step, totalSteps }) => {
        seen.push(...points)
        calls.push(step)
        totals.add(totalSteps)
      },
    }),
  )
  expect(outcome).toMatchObject({ outcome: 'finished', status: { state: 'succeeded' } })
  expect(seen.filter(({ name }) => name === 'loss').map(({ step }) => step)).toEqual([1, 2, 3, 4, 5])
  expect([...totals].filter((total) => total !== null)).toEqual([5])
  expect(new Set(calls).size).toBeGreaterThan(3)
})

test('preparing happens before the first submission only', async () => {
  let prepared = 0
  const prepare = async () => {
    prepared += 1
    await mkdir(join(root, 'work'))
  }
  const options = job('echo ran >> work/ran.txt', { prepare })
  await watchJob(options)
  expect(await watchJob(options)).toMatchObject({ outcome: 'finished', status: { state: 'succeeded' } })
  expect(prepared).toBe(1)
  expect(await readFile(join(root, 'work/ran.txt'), 'utf8')).toBe('ran\n')
})

test('a worker that shuts down leaves the job, and the next one goes on watching it', async () => {
  const shutdown = new AbortController()
  setTimeout(() => shutdown.abort('detach'), 200)
  const script = `echo ran >> ran.txt; ${steps(5, 0.15)}`
  expect(await watchJob(job(script, { signal: shutdown.signal }))).toMatchObject({ outcome: 'detached' })
  const seen: number[] = []
  const onProgress = ({ points }: { points: MetricPoint[] }) => void seen.push(...points.map(({ step }) => step))
  expect(await watchJob(job(script, { onProgress }))).toMatchObject({ status: { state: 'succeeded' } })
  expect([...new Set(seen)]).toEqual([1, 2, 3, 4, 5])
  expect(await readFile(join(root, 'ran.txt'), 'utf8')).toBe('ran\n')
})

test('a cancellation ends the job before it is answered', async () => {
  const controller = new AbortController()
  setTimeout(() => controller.abort('cancel'), 200)
  const options = job('sleep 60', { signal: controller.signal })
  expect(await watchJob(options)).toMatchObject({ outcome: 'cancelled', cause: 'request' })
  expect(await sweepLocalJobs(root)).toEqual([])
})

test('a job that runs too long is ended by its run limit, and stays so for the next look', async () => {
  const limits = { ...plenty, runSeconds: 0.4 }
  const expected = { outcome: 'cancelled', cause: 'run-limit', status: { state: 'cancelled' } }
  expect(await watchJob(job(steps(600, 0.1), { limits }))).toMatchObject(expected)
  expect(await watchJob(job(steps(600, 0.1)))).toMatchObject(expected)
})

test('a job without a sign of life is ended as stalled; one that logs is not', async () => {
  const limits = { ...plenty, stallSeconds: 0.6 }
  const silent = job(`echo '{"step":1}' >> metrics.jsonl; sleep 60`, { limits })
  expect(await watchJob(silent)).toMatchObject({ outcome: 'cancelled', cause: 'stalled' })
  const talking = job('for i in 1 2 3 4 5 6 7 8; do echo alive; sleep 0.2; done', { limits, key: 'talking' })
  expect(await watchJob(talking)).toMatchObject({ outcome: 'finished', status: { state: 'succeeded' } })
})

test('a job whose metrics show that it comes to nothing is ended as starved, and stays so for the next look', async () => {
  const looks: number[][] = []
  const isStarved = (points: readonly MetricPoint[]) => {
    looks.push(points.filter(({ name }) => name === 'loss').map(({ step }) => step))
    return points.some(({ step }) => step >= 3)
  }
  const expected = { outcome: 'cancelled', cause: 'starved', status: { state: 'cancelled' } }
  expect(await watchJob(job(steps(600, 0.1), { isStarved }))).toMatchObject(expected)
  // Each point is delivered once.
  expect(looks.flat()).toEqual(looks.flat().map((_, index) => index + 1))
  expect(await sweepLocalJobs(root)).toEqual([])
  expect(await watchJob(job(steps(600, 0.1)))).toMatchObject(expected)
})

test('a job that has ended is not called starved', async () => {
  const isStarved = () => true
  const ended = job('exit 0')
  await watchJob(ended)
  expect(await watchJob({ ...ended, isStarved })).toMatchObject({ outcome: 'finished', status: { state: 'succeeded' } })
})

test('a job that never starts is ended by its queue limit', async () => {
  const options = job('sleep 60')
  // FakeFullQueue: a scheduler that accepts the job and has no room for it.
  const fakeFullQueue: WatchOptions['poll'] = async (handle) => {
    const status = await options.poll(handle)
    return status.state === 'running' ? { state: 'queued', submittedAt: status.submittedAt ?? 0 } : status
  }
  const limits = { ...plenty, queueSeconds: 0.3 }
  expect(await watchJob({ ...options, poll: fakeFullQueue, limits })).toMatchObject({ cause: 'queue-limit' })
})

test('an error while progress is recorded ends the watching and not the job', async () => {
  let calls = 0
  const onProgress = () => {
    calls += 1
    if (calls === 1) throw new Error('database away')
  }
  const options = job('sleep 0.4; echo done', { onProgress })
  await expect(watchJob(options)).rejects.toThrow('database away')
  await sleep(50)
  expect(await watchJob(options)).toMatchObject({ outcome: 'finished', status: { state: 'succeeded' } })
})

test('a job whose loss is no number any more is ended as diverged', async () => {
  const log = `echo '{"step":1,"loss":0.5}' >> metrics.jsonl; echo '{"step":2,"loss":NaN}' >> metrics.jsonl; sleep 600`
  expect(await watchJob(job(log))).toMatchObject({ outcome: 'cancelled', cause: 'diverged' })
})

test('a hundred watched jobs are asked about in one call', async () => {
  const calls: number[] = []
  const poll = createPoller({
    traits: { pollSeconds: 0 },
    poll: async (handles) => {
      calls.push(handles.length)
      return new Map(handles.map(({ key }) => [key, { state: 'running' }]))
    },
  })
  const handle = (key: string) => ({ launcher: 'fake', place: 'local', key, directory: '/' })
  const asked = await Promise.all(Array.from({ length: 100 }, (_, index) => poll(handle(`job-${index}`))))
  expect(asked.every(({ state }) => state === 'running')).toBe(true)
  expect(calls).toEqual([100])
  // A job that cannot be looked up is unknown, never gone.
  const away = createPoller({ traits: { pollSeconds: 0 }, poll: () => Promise.reject(new Error('away')) })
  expect(await away(handle('job'))).toEqual({ state: 'unknown', reason: 'away' })
})
