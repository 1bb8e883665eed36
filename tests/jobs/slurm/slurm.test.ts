import { readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Command } from '../../../jobs/command.ts'
import { jobFiles } from '../../../jobs/launchers/folder.ts'
import { createSlurmLauncher } from '../../../jobs/launchers/slurm/launcher.ts'
import { slurmSettings } from '../../../jobs/launchers/slurm/options.ts'
import type { SlurmSettingsInput } from '../../../jobs/launchers/slurm/options.ts'
import { probe } from '../../../jobs/launchers/probe.ts'
import { slurmNodes } from '../../world/slurm-config.ts'
import { whyNoSlurm } from '../../world/slurm-processes.ts'
import { jobTools } from '../launcher-world.ts'
import { fakeCommands } from './fakes.ts'
import { openSlurmPlace, stopSharedSlurm } from './world.ts'
import type { SlurmPlace } from './world.ts'

const skipped = whyNoSlurm()
const timeout = 120_000
let place: SlurmPlace
const { sh, status, until, reach, end, line, read, started, jobId } = jobTools(() => place.world)

const launch = (more: SlurmSettingsInput = {}) => place.launcher(process.env, more)
const withFakes = (scripts: Partial<Record<string, string>>, more: SlurmSettingsInput = {}) =>
  launch({ ...more, bin: fakeCommands(place.world.folder, scripts) })
const train = (script: string, more: Partial<Command> = {}) => sh(script, { kind: 'train', ...more })

describe.skipIf(skipped !== null)(
  `a real Slurm${skipped === null ? '' : ` (skipped: ${skipped})`}`,
  { timeout },
  () => {
    beforeEach(async () => {
      place = await openSlurmPlace()
    }, timeout)
    afterEach(async () => {
      await place.world.close()
    }, timeout)
    afterAll(stopSharedSlurm)

    describe('gives a job', () => {
      test('the environment of a log-in, and nothing of the worker', async () => {
        process.env['ONLY_OF_THE_WORKER'] = 'secret'
        const launcher = launch({ sbatchArguments: [] })
        const script = 'echo "${ONLY_OF_THE_WORKER-none} ${SLURM_EXPORT_ENV-none} ${HOME-none} $(pwd)"'
        const handle = await launcher.ensure('clean', 'a', sh(script))
        delete process.env['ONLY_OF_THE_WORKER']
        expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
        const { stdout } = await launcher.logs(handle, { maxBytes: 1000 })
        expect(stdout).toMatch(new RegExp(`^none none /\\S* ${place.world.folder}\n$`))
      })

      test('its GPUs alone, and makes others wait for theirs', async () => {
        const launcher = launch()
        const spec = train('echo "$CUDA_VISIBLE_DEVICES" >> gpus; sleep 60', { resources: { gpus: 2 } })
        const both = [await launcher.ensure('gpus/1', 'a', spec), await launcher.ensure('gpus/2', 'a', spec)]
        for (const handle of both) await reach(launcher, handle, 'running')
        const third = await launcher.ensure('gpus/3', 'a', spec)
        const waiting = await until(launcher, third, ({ reason }) => reason === 'waits: Resources')
        expect(waiting.state).toBe('queued')
        for (const handle of both) await started(handle)
        await until(launcher, third, () => true)
        await sleep(300)
        expect(await read('gpus')).toBe('0,1\n0,1\n')
      })

      test('its files where it sees them, under another name than here', async () => {
        const there = join(place.world.folder, 'there')
        await symlink(place.world.folder, there)
        const paths = [{ here: place.world.folder, there }]
        const launcher = launch({ paths })
        const run = launcher.run('far/1')
        expect(run.there).toBe(join(there, 'runs', 'far~1'))
        const handle = await launcher.ensure('far/1', 'a', sh(`echo ran > ${run.see(join(place.world.folder, 'out'))}`))
        expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
        expect(await read('out')).toBe('ran\n')
        expect(await place.slurm.command('scontrol', 'show', 'job', handle.reference ?? '')).toContain(`${there}/runs`)
        expect(() => run.see('/etc/passwd')).toThrow(/do not see/)
      })

      test('secrets by a file for one user, which goes with the job; Slurm never has them', async () => {
        const release = await place.world.fill()
        const launcher = place.launcher({ ...process.env, REWARD_TOKEN: 'very-secret-value' })
        const handle = await launcher.ensure('hidden', 'a', train('true', { secretEnv: ['REWARD_TOKEN'] }))
        const { secrets } = jobFiles(handle.directory)
        expect((await stat(secrets)).mode & 0o777).toBe(0o600)
        const id = handle.reference ?? ''
        const shown = await place.slurm.command('scontrol', 'show', 'job', id)
        const script = await place.slurm.command('scontrol', 'write', 'batch_script', id, '-')
        expect(`${shown}${script}`).not.toContain('very-secret-value')
        await launcher.cancel(handle, 1)
        await expect(stat(secrets)).rejects.toMatchObject({ code: 'ENOENT' })
        await release()
      })
    })

    describe('that loses an answer', () => {
      const lost = `$REAL "$@" >/dev/null || exit 3\necho 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2\nexit 1`

      test('after it took the job has taken it once', async () => {
        const launcher = withFakes({ sbatch: lost })
        const handle = await launcher.ensure('lost', 'a', sh('echo ran >> ran.txt'))
        expect(handle.reference).toMatch(/^\d+$/)
        expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
        expect(await launch().ensure('lost', 'a', sh('echo ran >> ran.txt'))).toEqual(handle)
        expect(await read('ran.txt')).toBe('ran\n')
      })

      test('after it took the job twice keeps one of them', async () => {
        const release = await place.world.fill()
        const twice = `cat > "$0.script"\n$REAL "$@" < "$0.script" >/dev/null\n$REAL "$@" < "$0.script" >/dev/null\nexit 1`
        const launcher = withFakes({ sbatch: twice })
        const handle = await launcher.ensure('double', 'a', train('echo ran >> ran.txt'))
        const listed = await place.slurm.command('squeue', '--noheader', '--states=PENDING', '--format=%i')
        expect(listed.trim()).toBe(handle.reference)
        await release()
        expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
        expect(await read('ran.txt')).toBe('ran\n')
      })

      test('and did not take the job says so, and takes it the next time', async () => {
        const refuses = `echo 'sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)' >&2; exit 1`
        const failed = await withFakes({ sbatch: refuses })
          .ensure('later', 'a', sh('echo ran >> ran.txt'))
          .catch((error: unknown) => error)
        expect(failed).toBeInstanceOf(Error)
        // The error is no HoneError, so a retry can succeed.
        expect(failed).not.toHaveProperty('nextStep')
        const launcher = launch()
        const handle = await launcher.ensure('later', 'a', sh('echo ran >> ran.txt'))
        expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
        expect(await read('ran.txt')).toBe('ran\n')
      })

      test('and says of a queue that it is empty does not make jobs lost', async () => {
        const handle = await launch().ensure('unseen', 'a', sh('echo up > up; sleep 60'))
        await line('up')
        const blind = withFakes({ squeue: 'exit 0' })
        const blinder = withFakes({ squeue: 'exit 0', scontrol: 'echo "Unable to contact" >&2; exit 1' })
        for (const until = Date.now() + 4000; Date.now() < until; await sleep(300)) {
          expect(await status(blind, handle)).toMatchObject({ state: 'running' })
          expect(await status(blinder, handle)).toMatchObject({ state: 'unknown' })
        }
        await expect(blinder.cancel(handle, 1)).rejects.toThrow(/scontrol failed/)
      })
    })

    describe('refuses', () => {
      test('a partition that it has not, and the job may come again corrected', async () => {
        const wrong = launch({ partition: 'nope' })
        await expect(wrong.ensure('wrong', 'a', sh('true'))).rejects.toMatchObject({
          type: 'InvalidInput',
          message: expect.stringContaining('nope'),
        })
        expect(await wrong.find('wrong')).toBeNull()
        const launcher = launch()
        expect(await end(launcher, await launcher.ensure('wrong', 'b', sh('true')))).toMatchObject({
          state: 'succeeded',
        })
      })

      test('what no node has, before it is submitted', async () => {
        const refused = async (settings: SlurmSettingsInput, resources: Command['resources']) =>
          await launch(settings)
            .ensure('big', 'a', train('true', { resources }))
            .then(String, (error: Error) => error.message)
        expect(await refused({}, { gpus: 8 })).toContain('8 GPUs asked, partition debug has at most 2 a node')
        expect(await refused({ partition: 'short' }, { hours: 2 })).toContain(
          'partition short lets a job run for at most',
        )
        expect(await refused({ gpuType: 'h200' }, { gpus: 1 })).toContain('GPUs of type h200')
        expect(await refused({}, { memoryGib: 900 })).toContain('memory')
        expect(await launch().find('big')).toBeNull()
      })

      test('a job whose name another submission still holds', async () => {
        const launcher = launch()
        const first = await launcher.ensure('held', 'a', sh('echo up > up; sleep 60'))
        await line('up')
        // The folder of a running job was removed.
        const { control } = jobFiles(first.directory)
        await rm(control, { recursive: true })
        await expect(launcher.ensure('held', 'a', sh('true'))).rejects.toMatchObject({ type: 'JobConflict' })
      })
    })

    describe('that ends a job', () => {
      test('at its time limit interrupted it, though the job ended in order', async () => {
        const launcher = launch({ partition: 'short' })
        const handle = await launcher.ensure('slow', 'a', train(`sleep 600`, { resources: { hours: 1 / 60 } }))
        const ended = await end(launcher, handle)
        expect(ended).toMatchObject({ state: 'failed', interrupted: true })
        expect(ended.reason).toContain('time limit')
      })

      test('for its memory still says so when it has forgotten the job', async () => {
        const { handle } = (await place.world.runOutOfMemory?.()) ?? {}
        if (handle === undefined) throw new Error('no job')
        expect(await end(launch(), handle)).toMatchObject({ state: 'failed', outOfMemory: true })
        await place.slurm.forget()
        expect(await status(launch(), handle)).toMatchObject({ state: 'failed', outOfMemory: true })
      })

      test('with its node interrupted it', async () => {
        const launcher = launch()
        const handle = await launcher.ensure('node', 'a', sh('sleep 600'))
        await started(handle)
        const where = (await place.slurm.command('squeue', '--noheader', '--format=%N')).trim()
        const node = slurmNodes.find((name) => name === where)
        if (node === undefined) throw new Error(`it runs on ${where}`)
        await place.slurm.killNode(node)
        const ended = await end(launcher, handle)
        expect(ended).toMatchObject({ state: 'failed', interrupted: true })
        expect(ended.reason).toContain('node')
        expect(await place.world.processes(await jobId(handle))).toEqual([])
      })
    })

    describe('that forgets all it knew', () => {
      test('lost a job that waited, and its id given to another is not taken for it', async () => {
        await place.world.fill()
        const launcher = launch()
        const handle = await launcher.ensure('waiting', 'a', train('true'))
        expect(await status(launcher, handle)).toMatchObject({ state: 'queued' })
        await place.slurm.forget()
        const next = async () =>
          (await place.slurm.command('sbatch', '--parsable', '--output=/dev/null', '--wrap', 'sleep 100')).trim()
        while ((await next()) !== handle.reference) await sleep(10)
        expect((await status(launcher, handle)).state).toBe('unknown')
        expect(await end(launcher, handle)).toMatchObject({ state: 'lost' })
        await launcher.cancel(handle, 1)
        const others = await place.slurm.command('squeue', '--noheader', '--states=all', '--format=%T')
        expect(others).not.toContain('CANCELLED')
      })

      test('never makes a running job succeed, nor two of it', async () => {
        const launcher = launch()
        const handle = await launcher.ensure('running', 'a', sh('echo up > up; sleep 600'))
        await line('up')
        await place.slurm.forget()
        const ended = await end(launcher, handle)
        expect(ended.state === 'lost' || ended.interrupted).toBe(true)
        expect(await place.world.processes(await jobId(handle))).toEqual([])
      })
    })

    test('that is away keeps a cancellation from being said done; when it is back it is', async () => {
      const launcher = launch()
      const handle = await launcher.ensure('stuck', 'a', sh('echo up > up; sleep 600'))
      await line('up')
      await place.slurm.killController()
      await expect(launcher.cancel(handle, 1, 'stalled')).rejects.toThrow(/squeue failed/)
      await place.slurm.startController()
      await launcher.cancel(handle, 1)
      expect(await status(launcher, handle)).toMatchObject({ state: 'cancelled', cancelCause: 'stalled' })
    })

    test('is asked once for all jobs of a poll', async () => {
      const bin = fakeCommands(place.world.folder, { squeue: 'echo call >> "$0.log"; exec $REAL "$@"' })
      const launcher = launch({ bin })
      const keys = Array.from({ length: 8 }, (_, index) => `job/${index}`)
      const handles = await Promise.all(keys.map(async (key) => await launcher.ensure(key, 'a', sh('sleep 60'))))
      const calls = async () => (await readFile(join(bin, 'squeue.log'), 'utf8')).trim().split('\n').length
      const before = await calls()
      expect((await launcher.poll(handles)).size).toBe(8)
      expect((await calls()) - before).toBe(1)
    })

    test('is probed by an empty test job that leaves nothing behind', async () => {
      expect(await probe(launch(), { seconds: 60 })).toEqual([])
      const [found] = await probe(launch({ python: '/nowhere/python3' }), { seconds: 60 })
      expect(found?.problem).toContain('/nowhere/python3')
      expect(await readdir(place.root)).toEqual([])
    })

    test('is examined: what is wrong with a place is told before a job is', async () => {
      const problems = async (more: SlurmSettingsInput, root = place.root) => {
        const settings = slurmSettings.parse({ commandEnv: place.slurm.env, ...more })
        const launcher = createSlurmLauncher({ root, place: 'cluster', settings })
        const found = await launcher.examine()
        launcher.close()
        return found.map(({ problem }) => problem).join('\n')
      }
      expect(await problems({})).toBe('')
      expect(await problems({ partition: 'closed' })).toContain('Partition closed is DOWN')
      expect(await problems({ partition: 'nope' })).toContain('no partition nope')
      expect(await problems({ resources: { gpus: 4 } })).toContain('at most 2 a node')
      expect(await problems({ bin: '/nowhere' })).toContain('/nowhere/sbatch cannot be run')
      await writeFile(join(place.world.folder, 'file'), '')
      expect(await problems({}, join(place.world.folder, 'file', 'runs'))).toContain('cannot be written to')
      const login = await place.slurm.login()
      const ssh = { ...login, configFile: 'none' as const }
      expect(await problems({ ssh, commandEnv: {} })).toBe('')
      expect(await problems({ ssh: { ...ssh, port: 1 } })).toContain('cannot be reached')
      expect(await problems({ ssh, bin: '/nowhere' })).toContain('/nowhere/sbatch cannot be run on login node')
      await place.slurm.killController()
      expect(await problems({})).toContain('controller of Slurm does not answer')
    })
  },
)
