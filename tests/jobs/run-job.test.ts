import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sweepLocalJobs } from '../../jobs/launchers/local-stop.ts'
import { createLocalLauncher } from '../../jobs/launchers/local.ts'
import type { MetricPoint } from '../../jobs/metrics.ts'
import { runJob } from '../../jobs/run-job.ts'
import type { RunJobOptions } from '../../jobs/run-job.ts'

let root = ''

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hone-run-'))
})

afterEach(async () => {
  await sweepLocalJobs(root, { graceSeconds: 0 })
  await rm(root, { recursive: true, force: true })
})

const plenty = { queueSeconds: 60, runSeconds: 60, stallSeconds: 60 }

function job(script: string, more: Partial<RunJobOptions> = {}): RunJobOptions {
  return {
    launcher: createLocalLauncher({ root }),
    key: 'job',
    specHash: 'a',
    spec: { argv: ['sh', '-c', script], env: {}, secretEnv: [], cwd: root, gracePeriodSeconds: 1, resources: {} },
    metrics: { sources: [{ path: join(root, 'metrics.jsonl'), format: 'jsonl-flat' }], canonical: (name) => name },
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
  const outcome = await runJob(
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
  await runJob(options)
  expect(await runJob(options)).toMatchObject({ outcome: 'finished', status: { state: 'succeeded' } })
  expect(prepared).toBe(1)
  expect(await readFile(join(root, 'work/ran.txt'), 'utf8')).toBe('ran\n')
})

test('a worker that shuts down leaves the job, and the next one goes on watching it', async () => {
  const shutdown = new AbortController()
  setTimeout(() => shutdown.abort('detach'), 200)
  const script = `echo ran >> ran.txt; ${steps(5, 0.15)}`
  expect(await runJob(job(script, { signal: shutdown.signal }))).toMatchObject({ outcome: 'detached' })
  const seen: number[] = []
  const onProgress = ({ points }: { points: MetricPoint[] }) => void seen.push(...points.map(({ step }) => step))
  expect(await runJob(job(script, { onProgress }))).toMatchObject({ status: { state: 'succeeded' } })
  expect([...new Set(seen)]).toEqual([1, 2, 3, 4, 5])
  expect(await readFile(join(root, 'ran.txt'), 'utf8')).toBe('ran\n')
})

test('a cancellation ends the job before it is answered', async () => {
  const controller = new AbortController()
  setTimeout(() => controller.abort('cancel'), 200)
  const options = job('sleep 60', { signal: controller.signal })
  expect(await runJob(options)).toMatchObject({ outcome: 'cancelled', cause: 'request' })
  expect(await sweepLocalJobs(root)).toEqual([])
})

test('a job that runs too long is ended by its run limit, and stays so for the next look', async () => {
  const limits = { ...plenty, runSeconds: 0.4 }
  const expected = { outcome: 'cancelled', cause: 'run-limit', status: { state: 'cancelled' } }
  expect(await runJob(job(steps(600, 0.1), { limits }))).toMatchObject(expected)
  expect(await runJob(job(steps(600, 0.1)))).toMatchObject(expected)
})

test('a job without a sign of life is ended as stalled; one that logs is not', async () => {
  const limits = { ...plenty, stallSeconds: 0.6 }
  const silent = job(`echo '{"step":1}' >> metrics.jsonl; sleep 60`, { limits })
  expect(await runJob(silent)).toMatchObject({ outcome: 'cancelled', cause: 'stalled' })
  const talking = job('for i in 1 2 3 4 5 6 7 8; do echo alive; sleep 0.2; done', { limits, key: 'talking' })
  expect(await runJob(talking)).toMatchObject({ outcome: 'finished', status: { state: 'succeeded' } })
})

test('a job whose metrics show that it comes to nothing is ended as starved, and stays so for the next look', async () => {
  const looks: number[][] = []
  const isStarved = (points: readonly MetricPoint[]) => {
    looks.push(points.filter(({ name }) => name === 'loss').map(({ step }) => step))
    return points.some(({ step }) => step >= 3)
  }
  const expected = { outcome: 'cancelled', cause: 'starved', status: { state: 'cancelled' } }
  expect(await runJob(job(steps(600, 0.1), { isStarved }))).toMatchObject(expected)
  // Each point is shown once.
  expect(looks.flat()).toEqual(looks.flat().map((_, index) => index + 1))
  expect(await sweepLocalJobs(root)).toEqual([])
  expect(await runJob(job(steps(600, 0.1)))).toMatchObject(expected)
})

test('a job that has ended is not called starved', async () => {
  const isStarved = () => true
  const ended = job('exit 0')
  await runJob(ended)
  expect(await runJob({ ...ended, isStarved })).toMatchObject({ outcome: 'finished', status: { state: 'succeeded' } })
})

test('a job that never starts is ended by its queue limit', async () => {
  const real = createLocalLauncher({ root })
  // FakeFullQueue: a scheduler that takes the job and has no room for it.
  const fakeFullQueue = {
    ...real,
    poll: async (handle: Parameters<typeof real.poll>[0]) => {
      const status = await real.poll(handle)
      return status.state === 'running' ? { state: 'queued' as const, submittedAt: status.submittedAt ?? 0 } : status
    },
  }
  const limits = { ...plenty, queueSeconds: 0.3 }
  expect(await runJob(job('sleep 60', { launcher: fakeFullQueue, limits }))).toMatchObject({ cause: 'queue-limit' })
})

test('an error while progress is recorded ends the watching and not the job', async () => {
  let calls = 0
  const onProgress = () => {
    calls += 1
    if (calls === 1) throw new Error('database away')
  }
  const options = job('sleep 0.4; echo done', { onProgress })
  await expect(runJob(options)).rejects.toThrow('database away')
  await sleep(50)
  expect(await runJob(options)).toMatchObject({ outcome: 'finished', status: { state: 'succeeded' } })
})
