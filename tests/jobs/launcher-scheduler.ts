import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isTerminal } from '../../jobs/launchers/contract.ts'
import type { SuiteTools } from './launcher-world.ts'

/** The scheduler is away, forgets, starts again: no job is lost and no program runs twice. */
export function schedulerFails(tools: SuiteTools): void {
  const { name, timeoutMs, world, sh, status, until, end, line, read, isGone } = tools
  describe(`the scheduler of ${name}`, { timeout: timeoutMs }, () => {
    const scheduler = () => {
      const { scheduler: own } = world()
      if (own === undefined) throw new Error('the world promised a scheduler')
      return own
    }

    test('that is away makes a running job running or unknown, never over', async () => {
      const launcher = world().launcher()
      const handle = await launcher.ensure('outage', 'a', sh('echo up > up; while [ ! -e go ]; do sleep 0.05; done'))
      await line('up')
      const back = await scheduler().away()
      for (let look = 0; look < 3; look += 1) {
        expect(['running', 'unknown']).toContain((await status(launcher, handle)).state)
      }
      await back()
      await writeFile(join(world().folder, 'go'), '')
      expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
    })

    test('that is away while a job is submitted gets it once when it is back', async () => {
      const launcher = world().launcher()
      const spec = sh('echo ran >> ran.txt')
      const back = await scheduler().away()
      await launcher.ensure('resubmitted', 'a', spec).catch(() => null)
      await back()
      const handle = await launcher.ensure('resubmitted', 'a', spec)
      expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
      expect(await read('ran.txt')).toBe('ran\n')
    })

    test('that forgot a job does not make its end unknown', async () => {
      const launcher = world().launcher()
      const handle = await launcher.ensure('forgotten', 'a', sh('exit 5'))
      await end(launcher, handle)
      await scheduler().forget(handle)
      expect(await status(world().launcher(), handle)).toMatchObject({ state: 'failed', exitCode: 5 })
      await launcher.cancel(handle, 1)
    })

    test('that starts a job again does not run its program twice: it counts as interrupted', async () => {
      const launcher = world().launcher()
      const handle = await launcher.ensure('requeued', 'a', sh('echo ran >> ran.txt; echo up > up; sleep 60'))
      await line('up')
      await scheduler().requeue(handle)
      const ended = await end(launcher, handle)
      expect(ended.state === 'lost' || ended.interrupted === true).toBe(true)
      expect(await read('ran.txt')).toBe('ran\n')
      expect(await isGone(handle)).toBe(true)
    })

    test('whose owner ended a job interrupted it: nobody cancelled it', async () => {
      const launcher = world().launcher()
      const handle = await launcher.ensure('outside', 'a', sh('echo up > up; sleep 60'))
      await line('up')
      await scheduler().endFromOutside(handle)
      const ended = await until(launcher, handle, ({ state }) => isTerminal(state))
      expect(ended).toMatchObject({ state: 'failed', interrupted: true })
    })
  })
}
