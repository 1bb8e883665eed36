import { spawn } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JobHandle, Launcher } from '../../jobs/launchers/contract.ts'
import { replaceJson } from '../../jobs/launchers/files.ts'
import { jobFiles } from '../../jobs/launchers/folder.ts'
import { detectGpus, wishOf } from '../../jobs/launchers/local/devices.ts'
import { withLock } from '../../jobs/launchers/local/lock.ts'
import { processesOf } from '../../jobs/launchers/local/processes.ts'
import { jobTools } from './launcher-world.ts'
import { openLocalWorld } from './local-world.ts'

let local: Awaited<ReturnType<typeof openLocalWorld>>
const { sh, status, reach, end, line, read, jobId, started } = jobTools(() => local.world)

beforeEach(async () => {
  local = await openLocalWorld()
})
afterEach(async () => {
  await local.world.close()
})

const train = (script: string, gpus?: number) =>
  sh(script, { kind: 'train', resources: gpus === undefined ? {} : { gpus } })
const place = (gpus: readonly number[], slots = 1) => local.launcher(process.env, { gpus, slots })
const devicesOf = async (launcher: Launcher, handle: JobHandle) =>
  (await launcher.logs(handle, { maxBytes: 100 })).stdout.trim()
const showDevices = 'echo "${CUDA_VISIBLE_DEVICES-unset}"'

describe('trainings of one machine', () => {
  test('take their turn for the slots, in the order of submission', async () => {
    const launcher = place([])
    const handles: JobHandle[] = []
    for (const key of ['first', 'second', 'third']) {
      handles.push(await launcher.ensure(key, 'a', train(`echo ${key} in >> log; sleep 0.2; echo ${key} out >> log`)))
      // The order is that of milliseconds.
      await sleep(5)
    }
    const last = handles.at(-1)
    if (last === undefined) throw new Error('no job')
    const waiting = await status(launcher, last)
    expect(waiting).toMatchObject({ state: 'queued' })
    expect(waiting.reason).toContain('waits')
    // Polls of a later job start the earlier ones.
    await end(launcher, last)
    const order = ['first', 'second', 'third'].flatMap((key) => [`${key} in`, `${key} out`])
    expect((await read('log')).trim().split('\n')).toEqual(order)
  })

  test('run side by side in as many slots as the place has', async () => {
    const launcher = place([], 2)
    const script = 'echo up >> up; while [ "$(wc -l < up)" -lt 2 ]; do sleep 0.02; done'
    const handles = [await launcher.ensure('a', 'x', train(script)), await launcher.ensure('b', 'x', train(script))]
    for (const handle of handles) expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
  })

  test('wait for GPUs and see only their own', async () => {
    const launcher = place([0, 3, 10])
    const hold = `${showDevices}; while [ ! -e go ]; do sleep 0.02; done`
    const two = await launcher.ensure('two', 'a', train(hold, 2))
    const one = await launcher.ensure('one', 'a', train(hold))
    await reach(launcher, two, 'running')
    await reach(launcher, one, 'running')
    const next = await launcher.ensure('next', 'a', train(showDevices, 3))
    const reason = (await status(launcher, next)).reason ?? ''
    expect(reason).toContain('3 of 3 GPUs')
    expect(reason).toContain('two, one')
    await writeFile(join(local.world.folder, 'go'), '')
    expect(await end(launcher, next)).toMatchObject({ state: 'succeeded' })
    expect(await devicesOf(launcher, two)).toBe('0,3')
    expect(await devicesOf(launcher, one)).toBe('10')
    expect(await devicesOf(launcher, next)).toBe('0,3,10')
  })

  test('that ask for many GPUs are not overtaken by those that ask for few', async () => {
    const launcher = place([0, 1])
    const first = await launcher.ensure('first', 'a', train('echo first >> log; sleep 0.5', 1))
    await sleep(5)
    const big = await launcher.ensure('big', 'a', train('echo big >> log', 2))
    await sleep(5)
    const small = await launcher.ensure('small', 'a', train('echo small >> log', 1))
    expect(await status(launcher, small)).toMatchObject({ state: 'queued' })
    for (const handle of [small, big, first]) await end(launcher, handle)
    expect((await read('log')).trim().split('\n')).toEqual(['first', 'big', 'small'])
  })

  test('that ask for more than the place has are refused before anything is recorded', async () => {
    const launcher = place([0])
    await expect(launcher.ensure('big', 'a', train('true', 2))).rejects.toMatchObject({ type: 'InvalidInput' })
    expect(await launcher.find('big')).toBeNull()
    await expect(place([]).ensure('gpu', 'a', sh('true', { resources: { gpus: 1 } }))).rejects.toMatchObject({
      type: 'InvalidInput',
    })
  })

  test('do not keep servers and tasks waiting, which take GPUs only when they ask', async () => {
    const launcher = place([0])
    const training = await launcher.ensure('training', 'a', train('sleep 60', 1))
    await reach(launcher, training, 'running')
    const task = await launcher.ensure('task', 'a', sh(showDevices))
    const server = await launcher.ensure('server', 'a', sh(showDevices, { kind: 'serve' }))
    for (const handle of [task, server]) {
      expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
      expect(await devicesOf(launcher, handle)).toBe('unset')
    }
    const greedy = await launcher.ensure('greedy', 'a', sh(showDevices, { kind: 'serve', resources: { gpus: 1 } }))
    expect(await status(launcher, greedy)).toMatchObject({ state: 'queued' })
    await launcher.cancel(training, 0)
    await end(launcher, greedy)
    expect(await devicesOf(launcher, greedy)).toBe('0')
  })

  test('of two workers over one home are started once each and never share a slot', async () => {
    const script = (key: string) => `mkdir busy || echo shared >> log; echo ${key} >> log; sleep 0.1; rmdir busy`
    const keys = ['a', 'b', 'c', 'd', 'e']
    const [one, two] = [place([]), place([])]
    const handles = await Promise.all(
      keys.flatMap((key) => [one, two].map(async (worker) => await worker.ensure(key, 'x', train(script(key))))),
    )
    await Promise.all(handles.map(async (handle, index) => await end(index % 2 === 0 ? one : two, handle)))
    expect((await read('log')).trim().split('\n').sort()).toEqual(keys)
  })
})

describe('a lease', () => {
  test('is free again when its job was killed with its wrapper and the worker is gone', async () => {
    const launcher = place([0])
    const first = await launcher.ensure('first', 'a', train('sleep 60', 1))
    const { pid } = await started(first)
    const second = await launcher.ensure('second', 'a', train('true', 1))
    process.kill(pid, 'SIGKILL')
    // Another worker, which was never asked about the first job.
    const next = place([0])
    expect(await end(next, second)).toMatchObject({ state: 'succeeded' })
    expect(processesOf(await jobId(first))).toEqual([])
  })

  test('of a worker that died before it started the job is used by the next one', async () => {
    const launcher = place([0])
    const filler = await launcher.ensure('filler', 'a', train('sleep 60', 1))
    await reach(launcher, filler, 'running')
    const handle = await launcher.ensure('half', 'a', train(showDevices, 1))
    const id = await jobId(handle)
    await launcher.cancel(filler, 0)
    const path = join(local.root, '.leases', hostname(), 'gpu-0.json')
    await replaceJson(path, { key: 'half', jobId: id, directory: handle.directory, at: new Date().toISOString() })
    expect(await end(place([0]), handle)).toMatchObject({ state: 'succeeded' })
    expect(await devicesOf(launcher, handle)).toBe('0')
  })

  test('that a crash has torn, or whose job has no folder any more, is free', async () => {
    const folder = join(local.root, '.leases', hostname())
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'gpu-0.json'), '{"key"')
    const gone = { key: 'gone', jobId: 'gone', directory: join(local.root, 'gone'), at: new Date().toISOString() }
    await replaceJson(join(folder, 'gpu-1.json'), gone)
    const launcher = place([0, 1])
    expect(await end(launcher, await launcher.ensure('both', 'a', train('true', 2)))).toMatchObject({
      state: 'succeeded',
    })
  })

  test('of a job of another machine stays: nobody here knows how that one is', async () => {
    const launcher = place([0])
    const first = await launcher.ensure('first', 'a', train('sleep 60', 1))
    await started(first)
    const { claim } = jobFiles(first.directory)
    const own = await readFile(claim, 'utf8')
    await writeFile(claim, JSON.stringify({ ...JSON.parse(own), host: 'another-machine' }))
    const second = await launcher.ensure('second', 'a', train('true', 1))
    for (let look = 0; look < 3; look += 1) {
      expect(await status(launcher, second)).toMatchObject({ state: 'queued' })
    }
    expect(await local.leases()).toEqual(['gpu-0'])
    await writeFile(claim, own)
  })
})

describe('a job that waits', () => {
  test('and was cancelled gives its place in line away', async () => {
    const launcher = place([])
    const filler = await launcher.ensure('filler', 'a', train('sleep 60'))
    await reach(launcher, filler, 'running')
    const [cancelled, next] = [
      await launcher.ensure('cancelled', 'a', train('echo cancelled >> log')),
      await launcher.ensure('next', 'a', train('echo next >> log')),
    ]
    await launcher.cancel(cancelled, 0)
    await launcher.cancel(filler, 0)
    await end(launcher, next)
    expect(await read('log')).toBe('next\n')
    const entries = await readdir(join(local.root, '.queue'), { recursive: true })
    expect(entries.filter((name) => name.endsWith('.json')).length).toBeLessThanOrEqual(1)
  })

  test('and cannot be started by this worker does not keep others from it', async () => {
    const filler = await place([]).ensure('filler', 'a', train('sleep 60'))
    const rich = local.launcher({ ...process.env, HORSE_TOKEN: 'correct-horse' })
    const spec = { ...train('true'), secretEnv: ['HORSE_TOKEN'] }
    await rich.ensure('secret', 'a', spec)
    const poor = place([])
    const plain = await poor.ensure('plain', 'a', train('true'))
    await poor.cancel(filler, 0)
    expect(await end(poor, plain)).toMatchObject({ state: 'succeeded' })
    const handle = await poor.find('secret')
    if (handle === null) throw new Error('not found')
    const waiting = await status(poor, handle)
    expect(waiting).toMatchObject({ state: 'queued' })
    expect(waiting.reason).toContain('HORSE_TOKEN')
    expect(await end(rich, handle)).toMatchObject({ state: 'succeeded' })
  })

  test('for a wrapper that cannot live fails in the end, with what it said', async () => {
    const python = join(local.world.folder, 'broken-python')
    await writeFile(python, '#!/bin/sh\necho "libpython is not here" >&2\nexit 1\n')
    await chmod(python, 0o755)
    const launcher = local.launcher(process.env, { python })
    const failed = await end(launcher, await launcher.ensure('broken', 'a', sh('true')))
    expect(failed.state).toBe('failed')
    expect(failed.reason).toContain('libpython is not here')
    const absent = local.launcher(process.env, { python: '/nowhere/python3' })
    await expect(absent.ensure('absent', 'a', sh('true'))).rejects.toMatchObject({ type: 'MissingDependency' })
    expect((await absent.examine()).map(({ problem }) => problem).join()).toContain('/nowhere/python3')
  })
})

describe('the lock of a runs folder', () => {
  const holder = fileURLToPath(new URL('./lock-holder-process.ts', import.meta.url))

  test('lets one in at a time', async () => {
    let inside = 0
    const visit = async () =>
      await withLock(local.world.folder, async () => {
        inside += 1
        expect(inside).toBe(1)
        await sleep(5)
        inside -= 1
      })
    await Promise.all(Array.from({ length: 10 }, visit))
  })

  test('is given back by the kernel when its holder is killed', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', holder, local.world.folder], { stdio: 'ignore' })
    await line('held')
    expect(await withLock(local.world.folder, async () => 'mine')).toBeNull()
    child.kill('SIGKILL')
    expect(await withLock(local.world.folder, async () => 'mine')).toBe('mine')
  })
})

describe('the devices of a machine', () => {
  const environment = async (script: string) => {
    const bin = join(local.world.folder, 'bin')
    await mkdir(bin, { recursive: true })
    await writeFile(join(bin, 'nvidia-smi'), `#!/bin/sh\n${script}\n`)
    await chmod(join(bin, 'nvidia-smi'), 0o755)
    return { PATH: `${bin}:${process.env['PATH']}` }
  }

  test('are those that nvidia-smi lists; a driver that fails is no machine without any', async () => {
    expect(await detectGpus(await environment(String.raw`printf '0\n1\n'`))).toEqual(['0', '1'])
    await expect(detectGpus(await environment('echo "driver mismatch" >&2; exit 9'))).rejects.toThrow(/nvidia-smi/)
    expect(await detectGpus({ PATH: local.world.folder })).toEqual([])
  })

  test('are those that the worker itself may see', async () => {
    expect(await detectGpus({ CUDA_VISIBLE_DEVICES: '2, 5' })).toEqual(['2', '5'])
    expect(await detectGpus({ CUDA_VISIBLE_DEVICES: 'GPU-8f3a' })).toEqual(['GPU-8f3a'])
    for (const none of ['', '-1']) expect(await detectGpus({ CUDA_VISIBLE_DEVICES: none })).toEqual([])
  })

  test('are given by what a job asks: a training takes one of them, or a slot when it wants none', () => {
    const devices = { gpus: ['0', '1'], slots: 1 }
    expect(wishOf({ kind: 'train', resources: {} }, devices)).toEqual({ kind: 'gpu', count: 1 })
    expect(wishOf({ kind: 'train', resources: { gpus: 0 } }, devices)).toEqual({ kind: 'slot', count: 1 })
    expect(wishOf({ kind: 'train', resources: {} }, { gpus: [], slots: 1 })).toEqual({ kind: 'slot', count: 1 })
    expect(wishOf({ kind: 'task', resources: {} }, devices)).toBeNull()
    expect(wishOf({ kind: 'serve', resources: { gpus: 2 } }, devices)).toEqual({ kind: 'gpu', count: 2 })
  })

  test('that the site file names and the machine lacks are told when the place is examined', async () => {
    const launcher = local.launcher(await environment('echo 0'), { gpus: [0, 7] })
    const problems = await launcher.examine()
    expect(problems.map(({ problem }) => problem)).toEqual([expect.stringContaining('7')])
  })
})
