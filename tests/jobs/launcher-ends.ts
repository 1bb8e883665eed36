import { readdir, readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { jobFiles } from '../../jobs/launchers/folder.ts'
import type { SuiteTools } from './launcher-world.ts'

/** A job is cancelled, killed or lost, and says so. */
export function jobsEnd(tools: SuiteTools): void {
  const { name, timeoutMs, world, sh, status, end, line, read, jobId, started, processes } = tools
  describe(`cancelling a job of ${name}`, { timeout: timeoutMs }, () => {
    test('that is queued ends it before it has begun', async () => {
      const release = await world().fill()
      const launcher = world().launcher()
      const handle = await launcher.ensure('waiting', 'a', sh('echo ran > ran', { kind: 'train' }))
      expect(await status(launcher, handle)).toMatchObject({ state: 'queued' })
      await launcher.cancel(handle, 1, 'queue-limit')
      const cancelled = await status(launcher, handle)
      expect(cancelled).toMatchObject({ state: 'cancelled', cancelCause: 'queue-limit' })
      await release()
      await launcher.ensure('waiting', 'a', sh('echo ran > ran', { kind: 'train' }))
      expect(await status(launcher, handle)).toMatchObject({ state: 'cancelled' })
      await expect(read('ran')).rejects.toMatchObject({ code: 'ENOENT' })
    })

    test('that runs leaves no process: of its own sessions, deaf to SIGTERM, without its environment', async () => {
      const launcher = world().launcher()
      const deaf = `trap "" TERM; echo $$ > deep; while :; do sleep 0.1; done`
      const bare = `setsid env -i /bin/sh -c 'echo $$ > bare; exec sleep 60'`
      const handle = await launcher.ensure('tree', 'a', sh(`setsid sh -c '${deaf}' & ${bare} & echo $$ > top; wait`))
      const [deep, own] = await Promise.all([line('deep'), line('bare'), line('top')])
      expect((await processes(handle)).length).toBeGreaterThanOrEqual(3)
      await launcher.cancel(handle, 1)
      expect(await processes(handle)).toEqual([])
      for (const pid of [deep, own]) {
        expect(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).toBe('')
      }
      expect(await status(launcher, handle)).toMatchObject({ state: 'cancelled', cancelCause: 'request' })
      // A second time changes nothing, not even the cause.
      await launcher.cancel(handle, 1, 'stalled')
      expect(await status(launcher, handle)).toMatchObject({ state: 'cancelled', cancelCause: 'request' })
    })

    test('kills a program that ignores the request to end, after the grace', async () => {
      const launcher = world().launcher()
      const handle = await launcher.ensure('deaf', 'a', sh(`trap '' TERM; echo up > up; while :; do sleep 0.05; done`))
      await line('up')
      await launcher.cancel(handle, 0.3)
      expect(await processes(handle)).toEqual([])
      expect(await status(launcher, handle)).toMatchObject({ state: 'cancelled', signal: 'SIGKILL' })
    })

    test('lets a program end in its own way within the grace', async () => {
      const launcher = world().launcher()
      const script = `trap 'echo saved; exit 3' TERM; echo up > up; while :; do sleep 0.05; done`
      const handle = await launcher.ensure('polite', 'a', sh(script, { setup: ['export A=1'] }))
      await line('up')
      await launcher.cancel(handle, 10)
      expect((await launcher.logs(handle, { maxBytes: 100 })).stdout).toBe('saved\n')
      expect(await status(launcher, handle)).toMatchObject({ state: 'cancelled', exitCode: 3 })
    })

    test('at any moment of its start ends with nothing running', async () => {
      const launcher = world().launcher()
      await Promise.all(
        [0, 30, 60, 100, 150, 250].map(async (delay) => {
          const handle = await launcher.ensure(`early-${delay}`, 'a', sh('sleep 60'))
          await sleep(delay)
          await launcher.cancel(handle, 1)
          expect(await status(launcher, handle)).toMatchObject({ state: 'cancelled' })
          await sleep(300)
          expect(await processes(handle)).toEqual([])
        }),
      )
    })

    test('that is finished changes nothing', async () => {
      const launcher = world().launcher()
      const handle = await launcher.ensure('done', 'a', sh('true'))
      await end(launcher, handle)
      await launcher.cancel(handle, 1)
      expect(await status(launcher, handle)).toMatchObject({ state: 'succeeded' })
    })
  })

  describe(`what nobody asked for at ${name}`, { timeout: timeoutMs }, () => {
    test('a killed program fails with its signal', async () => {
      const launcher = world().launcher()
      const handle = await launcher.ensure('killed', 'a', sh('sleep 60'))
      await world().kill(handle, (await started(handle)).childPid)
      const failed = await end(launcher, handle)
      expect(failed).toMatchObject({ state: 'failed', signal: 'SIGKILL' })
      expect(failed.interrupted).toBeUndefined()
      expect(failed.outOfMemory).toBeUndefined()
    })

    test('a killed wrapper makes the job lost or interrupted, and nothing of it runs when that is said', async () => {
      const launcher = world().launcher()
      const handle = await launcher.ensure('orphan', 'a', sh('sleep 60'))
      await world().kill(handle, (await started(handle)).pid)
      const ended = await end(launcher, handle)
      expect(ended.state === 'lost' || ended.interrupted === true).toBe(true)
      expect(await processes(handle)).toEqual([])
    })

    test('what a program forgot in a session of its own is ended with it', async () => {
      const launcher = world().launcher()
      const script = `setsid sh -c 'echo $$ > deep; sleep 60' & while [ ! -s deep ]; do sleep 0.02; done`
      const handle = await launcher.ensure('forgetful', 'a', sh(script))
      expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
      const left = await readFile(`/proc/${await line('deep')}/environ`, 'utf8').catch(() => '')
      expect(left).not.toContain(await jobId(handle))
    })

    test("another machine's claim is neither lost nor killed", async () => {
      const launcher = world().launcher()
      const handle = await launcher.ensure('elsewhere', 'a', sh('sleep 60'))
      await started(handle)
      const { claim } = jobFiles(handle.directory)
      const own = await readFile(claim, 'utf8')
      await writeFile(claim, JSON.stringify({ ...JSON.parse(own), host: 'another-machine', startTicks: 1 }))
      for (let look = 0; look < 3; look += 1) {
        const seen = await status(launcher, handle)
        expect(['running', 'unknown']).toContain(seen.state)
        expect(seen.state === 'running' || seen.reason?.includes('another-machine') === true).toBe(true)
      }
      expect(await processes(handle)).not.toEqual([])
      await writeFile(claim, own)
      await launcher.cancel(handle, 1)
      expect(await status(launcher, handle)).toMatchObject({ state: 'cancelled' })
    })

    test('a record that cannot be read is unknown, not failed', async () => {
      const launcher = world().launcher()
      const handle = await launcher.ensure('unreadable', 'a', sh('true'))
      await end(launcher, handle)
      await writeFile(jobFiles(handle.directory).exit, '{"half')
      expect(await status(launcher, handle)).toMatchObject({ state: 'unknown' })
    })

    test('cleaning up refuses while the job runs and removes its folder afterwards', async () => {
      const launcher = world().launcher()
      const handle = await launcher.ensure('tidy', 'a', sh('sleep 60'))
      await expect(launcher.cleanup(handle)).rejects.toMatchObject({ type: 'AlreadyRunning' })
      await launcher.cancel(handle, 1)
      await launcher.cleanup(handle)
      await expect(readdir(handle.directory)).rejects.toMatchObject({ code: 'ENOENT' })
      expect(await launcher.find('tidy')).toBeNull()
      await launcher.cleanup(handle)
    })

    test('a place that is well has nothing to say when it is examined', async () => {
      expect(await world().launcher().examine()).toEqual([])
    })
  })
}
