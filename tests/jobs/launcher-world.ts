import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isTerminal } from '../../jobs/launchers/contract.ts'
import type { Command } from '../../jobs/command.ts'
import type { JobHandle, JobState, JobStatus, Launcher } from '../../jobs/launchers/contract.ts'
import { jobFile, jobFiles } from '../../jobs/launchers/folder.ts'

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

/** Removes a world's folder, also while something in it is just being closed. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}

/** What every part of the suite has at hand: the world of the test that runs, and tools over it. */
export interface SuiteTools extends ReturnType<typeof jobTools> {
  name: string
  timeoutMs: number
  world: () => LauncherWorld
  /** Ids of a job's living processes. */
  processes: (handle: JobHandle) => Promise<number[]>
  /** Waits for the wrapper itself, whose last act is the record of the end. */
  isGone: (handle: JobHandle) => Promise<true>
}
