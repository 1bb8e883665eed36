import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Command } from '../../jobs/command.ts'
import { isTerminal } from '../../jobs/launchers/contract.ts'
import type { JobHandle, JobState, JobStatus, Launcher } from '../../jobs/launchers/contract.ts'
import { claimedElsewhere, jobFile, jobFiles } from '../../jobs/launchers/folder.ts'

/**
 * What the suite needs to know of what stands behind a launcher. A world is opened for each test.
 */
export interface LauncherWorld {
  /**
   * A launcher over this world's place, as a worker that starts now would make it. Jobs inherit
   * `environment`.
   */
  launcher(environment?: NodeJS.ProcessEnv): Launcher
  /** An empty folder that tests and jobs see under the same path. */
  folder: string
  /** Milliseconds between two polls. */
  pollMs: number
  /**
   * Ids of living processes of a job, by the marker in their environment, the wrapper's among them
   * or not.
   */
  processes(jobId: string): Promise<number[]>
  /** Sends SIGKILL to a process where the job runs. */
  kill(handle: JobHandle, pid: number): Promise<void>
  /**
   * Takes all room, so that a `train` job submitted now stays queued. Returns what gives the room
   * back.
   */
  fill(): Promise<() => Promise<void>>
  /** Leaves what workers leave that die within a submission, by the moment of their death. */
  halfSubmit: Record<string, (key: string, specHash: string, command: Command) => Promise<void>>
  /**
   * Runs the wrapper of a job once more where it runs, as a requeue does. Returns its exit status.
   */
  runAgain(handle: JobHandle): Promise<number>
  /**
   * Submits a job that the kernel or the scheduler ends for lack of memory; undefined where that
   * cannot be made.
   */
  runOutOfMemory?(): Promise<{ launcher: Launcher; handle: JobHandle }>
  scheduler?: {
    /** Makes the scheduler's commands fail. Returns what brings it back. */
    away(): Promise<() => Promise<void>>
    /** Makes the scheduler forget a job that has ended. */
    forget(handle: JobHandle): Promise<void>
    /** Makes the scheduler end a running job and start it again under the same id. */
    requeue(handle: JobHandle): Promise<void>
    /** Ends a job behind Hone's back, as its owner can with the scheduler's own command. */
    endFromOutside(handle: JobHandle): Promise<void>
  }
  /** Ends everything, whatever state it is in. */
  close(): Promise<void>
}

export interface SuiteOptions {
  open(): Promise<LauncherWorld>
  /** Whether the world has a {@link LauncherWorld.scheduler}. */
  hasScheduler: boolean
  /** Why no job can be made to run out of memory here; null when it can. */
  noMemoryLimit: string | null
  /** Longest time of one test, in milliseconds. */
  timeoutMs?: number
}

/** What tests of a launcher do again and again. */
export function jobTools(world: () => LauncherWorld) {
  const command = (argv: string[], more: Partial<Command> = {}): Command => ({
    kind: 'task',
    argv,
    env: {},
    secretEnv: [],
    cwd: world().folder,
    gracePeriodSeconds: 1,
    resources: {},
    setup: [],
    ...more,
  })
  const status = async (launcher: Launcher, handle: JobHandle): Promise<JobStatus> => {
    const found = (await launcher.poll([handle])).get(handle.key)
    if (found === undefined) throw new Error(`no status of ${handle.key}`)
    return found
  }
  const until = async (launcher: Launcher, handle: JobHandle, done: (status: JobStatus) => boolean) => {
    for (;;) {
      const now = await status(launcher, handle)
      if (done(now)) return now
      await sleep(world().pollMs)
    }
  }
  const reach = async (launcher: Launcher, handle: JobHandle, state: JobState): Promise<JobStatus> => {
    const now = await until(launcher, handle, (seen) => seen.state === state || isTerminal(seen.state))
    if (now.state !== state) throw new Error(`${handle.key} is ${now.state}: ${now.reason ?? ''}`)
    return now
  }
  return {
    command,
    sh: (script: string, more: Partial<Command> = {}) => command(['sh', '-c', script], more),
    status,
    until,
    /** Polls until the job is in a state. Throws when it ends in another one. */
    reach,
    end: async (launcher: Launcher, handle: JobHandle) =>
      await until(launcher, handle, ({ state }) => isTerminal(state)),
    /** Waits for a line in a file of the world's folder. */
    line: async (name: string): Promise<string> => {
      for (;;) {
        const text = await readFile(join(world().folder, name), 'utf8').catch(() => '')
        if (text.endsWith('\n')) return text.trim()
        await sleep(20)
      }
    },
    read: async (name: string) => await readFile(join(world().folder, name), 'utf8'),
    jobId: async ({ directory }: JobHandle) =>
      jobFile.parse(JSON.parse(await readFile(jobFiles(directory).job, 'utf8'))).id,
    /** Waits until the wrapper has started the program. */
    started: async ({ directory }: JobHandle): Promise<{ pid: number; childPid: number }> => {
      for (;;) {
        const text = await readFile(jobFiles(directory).started, 'utf8').catch(() => '{}')
        const found = JSON.parse(text)
        if (found.childPid) return found
        await sleep(20)
      }
    },
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** The suite that every launcher passes: what contract.ts promises, on the real thing. */
export function launcherSuite(name: string, options: SuiteOptions): void {
  const { hasScheduler, noMemoryLimit, timeoutMs = 60_000 } = options
  let world: LauncherWorld
  const { command, sh, status, until, reach, end, line, read, jobId, started } = jobTools(() => world)
  const processes = async (handle: JobHandle) => await world.processes(await jobId(handle))
  /** Waits for the wrapper itself, whose last act is the record of the end. */
  const isGone = async (handle: JobHandle) => {
    while ((await processes(handle)).length > 0) await sleep(20)
    return true
  }

  beforeEach(async () => {
    world = await options.open()
  }, timeoutMs)
  afterEach(async () => {
    await world.close()
  }, timeoutMs)

  describe(`a job of ${name}`, { timeout: timeoutMs }, () => {
    test('runs, keeps its output and says how it ended', async () => {
      const launcher = world.launcher()
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
      const launcher = world.launcher()
      const handle = await launcher.ensure('missing', 'a', command(['/nowhere/trainer']))
      const failed = await end(launcher, handle)
      expect(failed.state).toBe('failed')
      expect(failed.reason).toContain('/nowhere/trainer')
    })

    test('runs once however often and by however many workers it is submitted', async () => {
      const submit = async () => await world.launcher().ensure('twice', 'a', sh('echo ran >> ran.txt; sleep 0.2'))
      const [handle] = await Promise.all([submit(), submit(), submit()])
      await submit()
      expect(await end(world.launcher(), handle)).toMatchObject({ state: 'succeeded' })
      await submit()
      expect(await status(world.launcher(), handle)).toMatchObject({ state: 'succeeded' })
      expect(await read('ran.txt')).toBe('ran\n')
    })

    test('of the same key and other inputs is refused', async () => {
      const launcher = world.launcher()
      await launcher.ensure('job', 'a', sh('true'))
      await expect(launcher.ensure('job', 'b', sh('true'))).rejects.toMatchObject({ type: 'JobConflict' })
    })

    test('whose submission stopped halfway is found, and the next submission or poll runs it once', async () => {
      for (const [moment, submit] of Object.entries(world.halfSubmit)) {
        const spec = sh(`echo ran >> ${moment}.txt`)
        await submit(moment, 'a', spec)
        const launcher = world.launcher()
        const found = await launcher.find(moment)
        const handle = await launcher.ensure(moment, 'a', spec)
        expect([null, handle.key]).toContain(found?.key ?? null)
        expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
        expect(await read(`${moment}.txt`)).toBe('ran\n')
      }
    })

    test('started twice runs its program once: the second copy says that it has no claim', async () => {
      const launcher = world.launcher()
      const handle = await launcher.ensure('copied', 'a', sh('echo ran >> ran.txt; echo up > up; sleep 1'))
      await line('up')
      expect(await world.runAgain(handle)).toBe(claimedElsewhere)
      expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
      expect(await world.runAgain(handle)).toBe(claimedElsewhere)
      expect(await status(launcher, handle)).toMatchObject({ state: 'succeeded' })
      expect(await read('ran.txt')).toBe('ran\n')
    })

    test('sees its folder, and the paths beside it, where it is told that they are', async () => {
      const launcher = world.launcher()
      const run = launcher.run('views/1')
      const script = `mkdir -p "${run.there}" && echo here > "${run.there}/written" && echo beside > "$BESIDE"`
      const env = { BESIDE: run.see(join(world.folder, 'beside')) }
      const handle = await launcher.ensure('views/1', 'a', sh(script, { env }))
      expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
      expect(handle.directory).toBe(run.here)
      expect(await readFile(join(run.here, 'written'), 'utf8')).toBe('here\n')
      expect(await read('beside')).toBe('beside\n')
    })

    test('runs behind its setup lines; one that fails keeps the program from running', async () => {
      const launcher = world.launcher()
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
      const launcher = world.launcher({ ...process.env, REWARD_TOKEN: secret, OTHER_API_KEY: 'not-for-jobs' })
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
      const launcher = world.launcher()
      const script =
        'from http.server import *; import sys; \
ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), SimpleHTTPRequestHandler).serve_forever()'
      const spec = command(['python3', '-c', script, '{host}', '{port}'], {
        kind: 'serve',
        env: { OWN_PORT: '{port}' },
      })
      const handle = await launcher.ensure('served', 'a', spec)
      expect(await launcher.address({ ...handle, key: 'never', directory: join(world.folder, 'never') })).toBeNull()
      await reach(launcher, handle, 'running')
      await writeFile(join(world.folder, 'hello.txt'), 'hello')
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
      const launcher = world.launcher()
      const codes = [0, 1, 2, 3, 4, 5]
      const handles = await Promise.all(
        codes.map(async (code) => await launcher.ensure(`many/${code}`, 'a', sh(`exit ${code}`))),
      )
      let seen = await launcher.poll(handles)
      while ([...seen.values()].some(({ state }) => !isTerminal(state))) {
        await sleep(world.pollMs)
        seen = await launcher.poll(handles)
      }
      expect(handles.map(({ key }) => seen.get(key)?.exitCode)).toEqual(codes)
      expect(await launcher.poll([])).toEqual(new Map())
    })

    test.skipIf(noMemoryLimit !== null)(`that runs out of memory says so${noMemoryLimit ?? ''}`, async () => {
      const { launcher, handle } = (await world.runOutOfMemory?.()) ?? {}
      if (launcher === undefined || handle === undefined) throw new Error('the world promised a memory limit')
      const failed = await end(launcher, handle)
      expect(failed).toMatchObject({ state: 'failed', outOfMemory: true })
      expect(failed.reason).toContain('memory')
      expect(await isGone(handle)).toBe(true)
    })
  })

  describe(`a worker of ${name} that dies`, { timeout: timeoutMs }, () => {
    test('while the job is queued leaves it to the next one', async () => {
      const release = await world.fill()
      await world.launcher().ensure('patient', 'a', sh('echo done', { kind: 'train' }))
      const next = world.launcher()
      const handle = await next.find('patient')
      if (handle === null) throw new Error('not found')
      expect(await status(next, handle)).toMatchObject({ state: 'queued' })
      await release()
      expect(await end(next, handle)).toMatchObject({ state: 'succeeded' })
    })

    test('while the job runs leaves it running, to be found by its key', async () => {
      const first = world.launcher()
      const submitted = await first.ensure('long', 'a', sh('echo up > up; while [ ! -e go ]; do sleep 0.05; done'))
      await reach(first, submitted, 'running')
      await line('up')
      const second = world.launcher()
      const handle = await second.find('long')
      if (handle === null) throw new Error('not found')
      expect(handle).toMatchObject({ key: 'long', directory: submitted.directory, place: second.place })
      expect(await status(second, handle)).toMatchObject({ state: 'running' })
      await writeFile(join(world.folder, 'go'), '')
      expect(await end(second, handle)).toMatchObject({ state: 'succeeded' })
      expect(await second.find('another')).toBeNull()
    })

    test('as the job has just ended loses nothing of how it did', async () => {
      const submitted = await world.launcher().ensure('short', 'a', sh('exit 3'))
      for (;;) {
        if ((await readFile(jobFiles(submitted.directory).exit, 'utf8').catch(() => null)) !== null) break
        await sleep(20)
      }
      const next = world.launcher()
      const handle = await next.find('short')
      if (handle === null) throw new Error('not found')
      expect(await end(next, handle)).toMatchObject({ state: 'failed', exitCode: 3 })
    })
  })

  describe(`cancelling a job of ${name}`, { timeout: timeoutMs }, () => {
    test('that is queued ends it before it has begun', async () => {
      const release = await world.fill()
      const launcher = world.launcher()
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
      const launcher = world.launcher()
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
      const launcher = world.launcher()
      const handle = await launcher.ensure('deaf', 'a', sh(`trap '' TERM; echo up > up; while :; do sleep 0.05; done`))
      await line('up')
      await launcher.cancel(handle, 0.3)
      expect(await processes(handle)).toEqual([])
      expect(await status(launcher, handle)).toMatchObject({ state: 'cancelled', signal: 'SIGKILL' })
    })

    test('lets a program end in its own way within the grace', async () => {
      const launcher = world.launcher()
      const script = `trap 'echo saved; exit 3' TERM; echo up > up; while :; do sleep 0.05; done`
      const handle = await launcher.ensure('polite', 'a', sh(script, { setup: ['export A=1'] }))
      await line('up')
      await launcher.cancel(handle, 10)
      expect((await launcher.logs(handle, { maxBytes: 100 })).stdout).toBe('saved\n')
      expect(await status(launcher, handle)).toMatchObject({ state: 'cancelled', exitCode: 3 })
    })

    test('at any moment of its start ends with nothing running', async () => {
      const launcher = world.launcher()
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
      const launcher = world.launcher()
      const handle = await launcher.ensure('done', 'a', sh('true'))
      await end(launcher, handle)
      await launcher.cancel(handle, 1)
      expect(await status(launcher, handle)).toMatchObject({ state: 'succeeded' })
    })
  })

  describe(`what nobody asked for at ${name}`, { timeout: timeoutMs }, () => {
    test('a killed program fails with its signal', async () => {
      const launcher = world.launcher()
      const handle = await launcher.ensure('killed', 'a', sh('sleep 60'))
      await world.kill(handle, (await started(handle)).childPid)
      const failed = await end(launcher, handle)
      expect(failed).toMatchObject({ state: 'failed', signal: 'SIGKILL' })
      expect(failed.interrupted).toBeUndefined()
      expect(failed.outOfMemory).toBeUndefined()
    })

    test('a killed wrapper makes the job lost or interrupted, and nothing of it runs when that is said', async () => {
      const launcher = world.launcher()
      const handle = await launcher.ensure('orphan', 'a', sh('sleep 60'))
      await world.kill(handle, (await started(handle)).pid)
      const ended = await end(launcher, handle)
      expect(ended.state === 'lost' || ended.interrupted === true).toBe(true)
      expect(await processes(handle)).toEqual([])
    })

    test('what a program forgot in a session of its own is ended with it', async () => {
      const launcher = world.launcher()
      const script = `setsid sh -c 'echo $$ > deep; sleep 60' & while [ ! -s deep ]; do sleep 0.02; done`
      const handle = await launcher.ensure('forgetful', 'a', sh(script))
      expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
      const left = await readFile(`/proc/${await line('deep')}/environ`, 'utf8').catch(() => '')
      expect(left).not.toContain(await jobId(handle))
    })

    test("another machine's claim is neither lost nor killed", async () => {
      const launcher = world.launcher()
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
      const launcher = world.launcher()
      const handle = await launcher.ensure('unreadable', 'a', sh('true'))
      await end(launcher, handle)
      await writeFile(jobFiles(handle.directory).exit, '{"half')
      expect(await status(launcher, handle)).toMatchObject({ state: 'unknown' })
    })

    test('cleaning up refuses while the job runs and removes its folder afterwards', async () => {
      const launcher = world.launcher()
      const handle = await launcher.ensure('tidy', 'a', sh('sleep 60'))
      await expect(launcher.cleanup(handle)).rejects.toMatchObject({ type: 'AlreadyRunning' })
      await launcher.cancel(handle, 1)
      await launcher.cleanup(handle)
      await expect(readdir(handle.directory)).rejects.toMatchObject({ code: 'ENOENT' })
      expect(await launcher.find('tidy')).toBeNull()
      await launcher.cleanup(handle)
    })

    test('a place that is well has nothing to say when it is examined', async () => {
      expect(await world.launcher().examine()).toEqual([])
    })
  })

  describe.runIf(hasScheduler)(`the scheduler of ${name}`, { timeout: timeoutMs }, () => {
    const scheduler = () => {
      if (world.scheduler === undefined) throw new Error('the world promised a scheduler')
      return world.scheduler
    }

    test('that is away makes a running job running or unknown, never over', async () => {
      const launcher = world.launcher()
      const handle = await launcher.ensure('outage', 'a', sh('echo up > up; while [ ! -e go ]; do sleep 0.05; done'))
      await line('up')
      const back = await scheduler().away()
      for (let look = 0; look < 3; look += 1) {
        expect(['running', 'unknown']).toContain((await status(launcher, handle)).state)
      }
      await back()
      await writeFile(join(world.folder, 'go'), '')
      expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
    })

    test('that is away while a job is submitted gets it once when it is back', async () => {
      const launcher = world.launcher()
      const spec = sh('echo ran >> ran.txt')
      const back = await scheduler().away()
      await launcher.ensure('resubmitted', 'a', spec).catch(() => null)
      await back()
      const handle = await launcher.ensure('resubmitted', 'a', spec)
      expect(await end(launcher, handle)).toMatchObject({ state: 'succeeded' })
      expect(await read('ran.txt')).toBe('ran\n')
    })

    test('that forgot a job does not make its end unknown', async () => {
      const launcher = world.launcher()
      const handle = await launcher.ensure('forgotten', 'a', sh('exit 5'))
      await end(launcher, handle)
      await scheduler().forget(handle)
      expect(await status(world.launcher(), handle)).toMatchObject({ state: 'failed', exitCode: 5 })
      await launcher.cancel(handle, 1)
    })

    test('that starts a job again does not run its program twice: it counts as interrupted', async () => {
      const launcher = world.launcher()
      const handle = await launcher.ensure('requeued', 'a', sh('echo ran >> ran.txt; echo up > up; sleep 60'))
      await line('up')
      await scheduler().requeue(handle)
      const ended = await end(launcher, handle)
      expect(ended.state === 'lost' || ended.interrupted === true).toBe(true)
      expect(await read('ran.txt')).toBe('ran\n')
      expect(await isGone(handle)).toBe(true)
    })

    test('whose owner ended a job interrupted it: nobody cancelled it', async () => {
      const launcher = world.launcher()
      const handle = await launcher.ensure('outside', 'a', sh('echo up > up; sleep 60'))
      await line('up')
      await scheduler().endFromOutside(handle)
      const ended = await until(launcher, handle, ({ state }) => isTerminal(state))
      expect(ended).toMatchObject({ state: 'failed', interrupted: true })
    })
  })
}

/** Removes a world's folder, also while something in it is just being closed. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}
