import { join } from 'node:path'
import { z } from 'zod'
import { HoneError } from '../../domain/errors.ts'
import { isTerminal } from '../launchers/contract.ts'
import type { JobHandle, JobLogs, Launcher } from '../launchers/contract.ts'
import { readJsonFile, replaceJson } from '../launchers/files.ts'
import type { PollJob } from '../poller.ts'
import type { ServerPlan } from './model-server.ts'
import { waitReady } from './readiness.ts'

/**
 * A server that could not be brought up this time, with the end of its log. Another attempt may
 * succeed.
 */
export class ServerNotReady extends Error {
  constructor(key: string, why: string, logs: JobLogs) {
    const tail = (logs.stderr.trim() || logs.stdout.trim()).slice(-longestTail)
    super(`Model server ${key} ${why}. ${tail === '' ? 'It wrote nothing.' : `The end of its log:\n${tail}`}`)
    this.name = 'ServerNotReady'
  }
}

// vLLM logs the cause of a failed start some thousand characters before the end of its log.
const longestTail = 8000
const bindAttempts = 3

/**
 * The number of the current attempt, stored in the folder of the server's key. Old files hold a
 * port of this machine.
 */
const servingFile = z.object({ attempt: z.int(), port: z.int().optional(), jobKey: z.string(), specHash: z.string() })
type ServingFile = z.infer<typeof servingFile>

export interface BringUpOptions {
  launcher: Launcher
  poll: PollJob
  /** Each key has one server. A later call with the same key uses the living server again. */
  key: string
  /** Hash of the served model, e.g. of weights and settings. */
  specHash: string
  /** Plans the server for a job. The argument is the job's folder as the job sees it. */
  plan: (run: string) => ServerPlan
  /** Longest time that the server may wait for its place. */
  queueSeconds: number
  /**
   * Abort with the reason `cancel` to end the server. Any other reason leaves it for the next
   * worker.
   */
  signal?: AbortSignal
  /** Reports the server's state while it comes up. */
  progress?: (details: Record<string, unknown>) => void
}

export interface Server {
  /** Base URL of the OpenAI routes, e.g. `http://127.0.0.1:4711/v1`. */
  url: string
  handle: JobHandle
}

const statePath = (launcher: Launcher, key: string) => join(launcher.run(key).here, 'serving.json')

/** The living server of this key, or null. Throws JobConflict when it serves another model. */
async function current({ launcher, poll, key, specHash }: BringUpOptions, state: ServingFile | null) {
  const handle = state === null ? null : await launcher.find(state.jobKey)
  if (state === null || handle === null || isTerminal((await poll(handle)).state)) return null
  if (state.specHash === specHash) return handle
  throw new HoneError({
    type: 'JobConflict',
    message: `Model server ${key} runs and serves another model.`,
    nextStep: 'Take it down first, or give the new server another key.',
  })
}

/**
 * Records the attempt before its job exists. So a crash in between loses a number but no server.
 */
async function startAttempt({ launcher, key, specHash, plan }: BringUpOptions, attempt: number): Promise<JobHandle> {
  const jobKey = `${key}/${attempt}`
  await replaceJson(statePath(launcher, key), { attempt, jobKey, specHash } satisfies ServingFile)
  return await launcher.ensure(jobKey, specHash, plan(launcher.run(jobKey).there).command)
}

/** The error for a server that ran out of memory: another attempt would end in the same way. */
const outOfPlaceMemory = (key: string, reason: string): HoneError =>
  new HoneError({
    type: 'LimitExceeded',
    message: `Model server ${key} ran out of the memory that its place gave it (${reason}).`,
    nextStep:
      'give the place more in the site file (resources.memoryGib) and restart the worker, or start a campaign whose serve.resources asks for more',
  })

/**
 * Brings a model server up and waits until it answers for the planned model. A living server of an
 * earlier call with the same key is used again, also by another worker. A dead server is replaced
 * by a new attempt. Throws ServerNotReady with the end of the log when the server ends or is not
 * ready in time. Then no server is left running.
 */
export async function bringUpServer(options: BringUpOptions): Promise<Server> {
  const { launcher, poll, key } = options
  for (let bind = 1; ; bind += 1) {
    const state = await readJsonFile(statePath(launcher, key), servingFile)
    const living = await current(options, state)
    const handle = living ?? (await startAttempt(options, (state?.attempt ?? 0) + 1))
    const plan = options.plan(launcher.run(handle.key).there)
    const oldPort = living === null ? undefined : state?.port
    const ready = await waitReady({ ...options, handle, plan, oldPort })
    if (ready.state === 'ready') return { url: `${ready.root}/v1`, handle }
    const logs = await launcher.logs(handle, { maxBytes: longestTail })
    if (ready.state !== 'ended') {
      await launcher.cancel(handle, plan.command.gracePeriodSeconds)
      const why = ready.state === 'late' ? `was not ready within ${plan.readyWithinSeconds} s` : 'got no place in time'
      throw new ServerNotReady(key, why, logs)
    }
    // Another program may take a free port between the wrapper's look and the server's start.
    const portTaken = /address already in use|cannot listen on|EADDRINUSE/i.test(logs.stderr)
    if (portTaken && bind < bindAttempts) continue
    const { reason = 'ended', outOfMemory } = await poll(handle)
    if (outOfMemory === true) throw outOfPlaceMemory(key, reason)
    throw new ServerNotReady(key, `did not come up: ${reason}`, logs)
  }
}

/**
 * Ends the server of this key, returns when none of its processes is left, and removes its folder.
 * The folder of a server that ended by itself stays, because its log says why. Without a server
 * this does nothing.
 */
export async function tearDownServer({
  launcher,
  key,
  graceSeconds = 10,
}: {
  launcher: Launcher
  key: string
  graceSeconds?: number
}): Promise<void> {
  const state = await readJsonFile(statePath(launcher, key), servingFile)
  const handle = state === null ? null : await launcher.find(state.jobKey)
  if (handle === null) return
  const lived = !isTerminal((await launcher.poll([handle])).get(handle.key)?.state ?? 'unknown')
  await launcher.cancel(handle, graceSeconds)
  if (lived) await launcher.cleanup(handle)
}
