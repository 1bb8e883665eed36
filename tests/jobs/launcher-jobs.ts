import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { isTerminal } from '../../jobs/launchers/contract.ts'
import { claimedElsewhere, jobFiles } from '../../jobs/launchers/folder.ts'
import type { SuiteTools } from './launcher-world.ts'

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** A job runs once, keeps its output, and outlives the worker that submitted it. */
export function jobsRun(tools: SuiteTools, noMemoryLimit: string | null): void {
  const { name, timeoutMs, world, command, sh, status, reach, end, line, read, processes, isGone } = tools
  describe(`a job of ${name}`, { timeout: timeoutMs }, () => {
    test('runs, keeps its output and says how it ended', async () => {
      const launcher = world().launcher()
      const good = await launcher.ensure('demo/sft/1', 'a', sh('echo out; echo err >&2'))
      const bad = await launcher.ensure('demo/sft/2', 'a', sh('exit 7'))
      expect(await end(launcher, good)).toMatchObject({ state: 'succeeded', exitCode: 0 })
      const logs = await launcher.logs(good, { maxBytes: 100 })
      expect(logs.stdout).toBe('out\n')
      expect(logs.stderr).toContain('err\n')
      const failed = await end(launcher, bad)
      expect(failed).toMatchObject({ state: 'failed', exitCode: 7 })
      expect(failed.interrupted).toBeUndefined()
      expect(failed.node).toBeTruthy()
      expect(failed.startedAt).toBeGreaterThanOrEqual(failed.submittedAt ?? Infinity)
    })

    test('whose program is not there fails and says so', async () => {
      const launcher = world().launcher()
      const handle = await launcher.ensure('missing', 'a', command(['/nowhere/trainer']))
      const failed = await end(launcher, handle)
      expect(failed.state).toBe('failed')
      expect(failed.reason).toContain('/nowhere/trainer')
    })

    test('runs once however often and by however many workers it is submitted', async () => {
      const submit = async () => await world().launcher().ensure('twice', 'a', sh('echo ran >> ran.txt; sleep 0.2'))
      const [handle] = await Promise.all([submit(), submit(), submit()])
      await submit()
      expect(await end(world().launcher(), handle)).toMatchObject({ state: 'succeeded' })
      await submit()
      expect(await status(world().launcher(), handle)).toMatchObject({ state: 'succeeded' })
      expect(await read('ran.txt')).toBe('ran\n')
    })

    test('of the same key and other inputs is refused', async () => {
      const launcher = world().launcher()
      await launcher.ensure('job', 'a', sh('true'))
      await expect(launcher.ensure('job', 'b', sh('true'))).rejects.toMatchObject({ type: 'JobConflict' })
    })

    test('whose submission stopped halfway is found, and the next submission or poll runs it once', async () => {
      for (const [moment, submit] of Object.entries(world().halfSubmit)) {
        const spec = sh(`echo ran >> ${moment}.txt`)
        await submit(moment, 'a', spec)
        const launcher = world().launcher()
        const found = await launcher.find(moment)
        const handle = await launcher.ensure(moment, 'a', spec)
        expect([null, handle.key]).toContain(found?.key ?? null)
        expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
        expect(await read(`${moment}.txt`)).toBe('ran\n')
      }
    })

    test('started twice runs its program once: the second copy says that it has no claim', async () => {
      const launcher = world().launcher()
      const handle = await launcher.ensure('copied', 'a', sh('echo ran >> ran.txt; echo up > up; sleep 1'))
      await line('up')
      expect(await world().runAgain(handle)).toBe(claimedElsewhere)
      expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
      expect(await world().runAgain(handle)).toBe(claimedElsewhere)
      expect(await status(launcher, handle)).toMatchObject({ state: 'succeeded' })
      expect(await read('ran.txt')).toBe('ran\n')
    })

    test('sees its folder, and the paths beside it, where it is told that they are', async () => {
      const launcher = world().launcher()
      const run = launcher.run('views/1')
      const script = `mkdir -p "${run.there}" && echo here > "${run.there}/written" && echo beside > "$BESIDE"`
      const env = { BESIDE: run.see(join(world().folder, 'beside')) }
      const handle = await launcher.ensure('views/1', 'a', sh(script, { env }))
      expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
      expect(handle.directory).toBe(run.here)
      expect(await readFile(join(run.here, 'written'), 'utf8')).toBe('here\n')
      expect(await read('beside')).toBe('beside\n')
    })

    test('runs behind its setup lines; one that fails keeps the program from running', async () => {
      const launcher = world().launcher()
      const setup = ['greet() {', '  export GREETING="$1 $PLAIN"', '}', 'greet hello']
      const good = await launcher.ensure('setup', 'a', sh('echo "$GREETING"', { setup, env: { PLAIN: 'plain' } }))
      const bad = await launcher.ensure('no-module', 'a', sh('echo ran > ran', { setup: ['true', '(exit 4)'] }))
      expect(await end(launcher, good)).toMatchObject({ state: 'succeeded' })
      expect((await launcher.logs(good, { maxBytes: 1000 })).stdout).toBe('hello plain\n')
      expect(await end(launcher, bad)).toMatchObject({ state: 'failed', exitCode: 4 })
      expect((await launcher.logs(bad, { maxBytes: 1000 })).stderr).toContain('setup line 2 failed')
      await expect(read('ran')).rejects.toMatchObject({ code: 'ENOENT' })
    })

    test('gets only the secrets it names; they stay in no file, no log and no argument', async () => {
      const secret = 'very-secret-value'
      const launcher = world().launcher({ ...process.env, REWARD_TOKEN: secret, OTHER_API_KEY: 'not-for-jobs' })
      const script = `printf '%s' "$REWARD_TOKEN" | wc -c; echo "$REWARD_TOKEN|$OTHER_API_KEY|$PLAIN" >&2; echo up > up; sleep 1`
      const spec = sh(script, { env: { PLAIN: 'plain' }, secretEnv: ['REWARD_TOKEN'] })
      const handle = await launcher.ensure('secrets', 'a', spec)
      await line('up')
      for (const pid of await processes(handle)) {
        expect(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).not.toContain(secret)
      }
      await end(launcher, handle)
      const logs = await launcher.logs(handle, { maxBytes: 1000 })
      expect(Number(logs.stdout)).toBe(secret.length)
      expect(logs.stderr).toContain('***||plain\n')
      const kept = (await filesBelow(handle.directory)).filter((path) => path !== jobFiles(handle.directory).stderr)
      const texts = await Promise.all(kept.map(async (path) => `${path}: ${await readFile(path, 'utf8')}`))
      expect(texts.filter((text) => text.includes(secret))).toEqual([])
      const lacking = sh('true', { secretEnv: ['ABSENT_TOKEN'] })
      await expect(launcher.ensure('absent', 'a', lacking)).rejects.toMatchObject({ type: 'MissingSecret' })
      expect(await launcher.find('absent')).toBeNull()
    })

    test('that serves picks a port where it runs and answers at the address that the launcher tells', async () => {
      const launcher = world().launcher()
      const script =
        'from http.server import *; import sys; \
ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), SimpleHTTPRequestHandler).serve_forever()'
      const spec = command(['python3', '-c', script, '{host}', '{port}'], {
        kind: 'serve',
        env: { OWN_PORT: '{port}' },
      })
      const handle = await launcher.ensure('served', 'a', spec)
      expect(await launcher.address({ ...handle, key: 'never', directory: join(world().folder, 'never') })).toBeNull()
      await reach(launcher, handle, 'running')
      await writeFile(join(world().folder, 'hello.txt'), 'hello')
      const answer = async () => {
        const address = await launcher.address(handle)
        return address === null ? null : await fetch(`http://${address}/hello.txt`).catch(() => null)
      }
      let response = await answer()
      for (; response === null; response = await answer()) await sleep(50)
      expect(await response.text()).toBe('hello')
      await launcher.cancel(handle, 1)
      expect(await processes(handle)).toEqual([])
    })

    test('of many is polled with the others in one call', async () => {
      const launcher = world().launcher()
      const codes = [0, 1, 2, 3, 4, 5]
      const handles = await Promise.all(
        codes.map(async (code) => await launcher.ensure(`many/${code}`, 'a', sh(`exit ${code}`))),
      )
      let seen = await launcher.poll(handles)
      while ([...seen.values()].some(({ state }) => !isTerminal(state))) {
        await sleep(world().pollMs)
        seen = await launcher.poll(handles)
      }
      expect(handles.map(({ key }) => seen.get(key)?.exitCode)).toEqual(codes)
      expect(await launcher.poll([])).toEqual(new Map())
    })

    test.skipIf(noMemoryLimit !== null)(`that runs out of memory says so${noMemoryLimit ?? ''}`, async () => {
      const { launcher, handle } = (await world().runOutOfMemory?.()) ?? {}
      if (launcher === undefined || handle === undefined) throw new Error('the world promised a memory limit')
      const failed = await end(launcher, handle)
      expect(failed).toMatchObject({ state: 'failed', outOfMemory: true })
      expect(failed.reason).toContain('memory')
      expect(await isGone(handle)).toBe(true)
    })
  })

  describe(`a worker of ${name} that dies`, { timeout: timeoutMs }, () => {
    test('while the job is queued leaves it to the next one', async () => {
      const release = await world().fill()
      await world()
        .launcher()
        .ensure('patient', 'a', sh('echo done', { kind: 'train' }))
      const next = world().launcher()
      const handle = await next.find('patient')
      if (handle === null) throw new Error('not found')
      expect(await status(next, handle)).toMatchObject({ state: 'queued' })
      await release()
      expect(await end(next, handle)).toMatchObject({ state: 'succeeded' })
    })

    test('while the job runs leaves it running, to be found by its key', async () => {
      const first = world().launcher()
      const submitted = await first.ensure('long', 'a', sh('echo up > up; while [ ! -e go ]; do sleep 0.05; done'))
      await reach(first, submitted, 'running')
      await line('up')
      const second = world().launcher()
      const handle = await second.find('long')
      if (handle === null) throw new Error('not found')
      expect(handle).toMatchObject({ key: 'long', directory: submitted.directory, place: second.place })
      expect(await status(second, handle)).toMatchObject({ state: 'running' })
      await writeFile(join(world().folder, 'go'), '')
      expect(await end(second, handle)).toMatchObject({ state: 'succeeded' })
      expect(await second.find('another')).toBeNull()
    })

    test('as the job has just ended loses nothing of how it did', async () => {
      const submitted = await world().launcher().ensure('short', 'a', sh('exit 3'))
      for (;;) {
        if ((await readFile(jobFiles(submitted.directory).exit, 'utf8').catch(() => null)) !== null) break
        await sleep(20)
      }
      const next = world().launcher()
      const handle = await next.find('short')
      if (handle === null) throw new Error('not found')
      expect(await end(next, handle)).toMatchObject({ state: 'failed', exitCode: 3 })
    })
  })
}
