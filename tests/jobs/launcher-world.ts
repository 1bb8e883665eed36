import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isTerminal } from '../../jobs/launchers/contract.ts'
import type { Command } from '../../jobs/command.ts'
import type { JobHandle, JobState, JobStatus, Launcher } from '../../jobs/launchers/contract.ts'
import { jobFile, jobFiles } from '../../jobs/launchers/folder.ts'

/**
 * The machine or scheduler behind a launcher, as far as the suite needs it. Each test opens a
 * world.
 */
export interface LauncherWorld {
  /**
   * A launcher for this world's place, like that of a worker that starts now. Jobs inherit
   * `environment`.
   */
  launcher(environment?: NodeJS.ProcessEnv): Launcher
  /** An empty folder that tests and jobs see under the same path. */
  folder: string
  /** Milliseconds between two polls. */
  pollMs: number
  /**
   * Ids of living processes of a job, by the marker in their environment. The wrapper's own
   * processes may be missing.
   */
  processes(jobId: string): Promise<number[]>
  /** Sends SIGKILL to a process on the machine of the job. */
  kill(handle: JobHandle, pid: number): Promise<void>
  /**
   * Takes all room, so that a `train` job submitted now stays queued. Returns a function that gives
   * the room back.
   */
  fill(): Promise<() => Promise<void>>
  /** Leaves the state of a worker that dies within a submission, by the moment of its death. */
  halfSubmit: Record<string, (key: string, specHash: string, command: Command) => Promise<void>>
  /**
   * Runs the wrapper of a job again on the job's machine, as a requeue does. Returns its exit
   * status.
   */
  runAgain(handle: JobHandle): Promise<number>
  /**
   * Submits a job that the kernel or the scheduler ends for lack of memory. Undefined where this is
   * impossible.
   */
  runOutOfMemory?(): Promise<{ launcher: Launcher; handle: JobHandle }>
  scheduler?: {
    /** Makes the scheduler's commands fail. Returns a function that repairs them. */
    away(): Promise<() => Promise<void>>
    /** Makes the scheduler forget a job that has ended. */
    forget(handle: JobHandle): Promise<void>
    /** Makes the scheduler end a running job and start it again under the same id. */
    requeue(handle: JobHandle): Promise<void>
    /** Ends a job without Hone, as its owner can with the scheduler's own command. */
    endFromOutside(handle: JobHandle): Promise<void>
  }
  /** Ends everything in any state. */
  close(): Promise<void>
}

/** Common steps of launcher tests. */
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
    /** Polls until the job is in a state. Throws when the job ends in another state. */
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

/** Removes a world's folder, even while a process is just closing a file in it. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}

/** The tools of every part of the suite: the world of the running test, and helpers for it. */
export interface SuiteTools extends ReturnType<typeof jobTools> {
  name: string
  timeoutMs: number
  world: () => LauncherWorld
  /** Ids of a job's living processes. */
  processes: (handle: JobHandle) => Promise<number[]>
  /** Waits for the end of the wrapper. The wrapper writes the record of the end as its last act. */
  isGone: (handle: JobHandle) => Promise<true>
}
