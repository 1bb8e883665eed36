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
 * A server that could not be brought up this time; carries the end of its log. Another attempt may
 * succeed.
 */
export class ServerNotReady extends Error {
  constructor(key: string, why: string, logs: JobLogs) {
    const tail = (logs.stderr.trim() || logs.stdout.trim()).slice(-longestTail)
    super(`Model server ${key} ${why}. ${tail === '' ? 'It wrote nothing.' : `The end of its log:\n${tail}`}`)
    this.name = 'ServerNotReady'
  }
}

// vLLM tells the cause of a failed start some thousand characters before its end.
const longestTail = 8000
const bindAttempts = 3

/**
 * Kept in the folder of the server's key: which attempt is the current one. Old ones name a port of
 * this machine.
 */
const servingFile = z.object({ attempt: z.int(), port: z.int().optional(), jobKey: z.string(), specHash: z.string() })
type ServingFile = z.infer<typeof servingFile>

export interface BringUpOptions {
  launcher: Launcher
  poll: PollJob
  /** One server a key; a later call with the same key re-uses the server that lives. */
  key: string
  /** Hash of what is served, e.g. of weights and settings. */
  specHash: string
  /** Plans the server for a job whose folder, as the job sees it, is given. */
  plan: (run: string) => ServerPlan
  /** How long the server may wait for its place. */
  queueSeconds: number
  /**
   * Abort with reason `cancel` to end the server; any other reason leaves it for the next worker.
   */
  signal?: AbortSignal
  /** Says how the server is while it comes up. */
  progress?: (details: Record<string, unknown>) => void
}

export interface Server {
  /** Base URL of the OpenAI routes, e.g. `http://127.0.0.1:4711/v1`. */
  url: string
  handle: JobHandle
}

const statePath = (launcher: Launcher, key: string) => join(launcher.run(key).here, 'serving.json')

/**
 * The server of this key that lives, if there is one. Throws JobConflict when it serves something
 * else.
 */
async function current({ launcher, poll, key, specHash }: BringUpOptions, state: ServingFile | null) {
  const handle = state === null ? null : await launcher.find(state.jobKey)
  if (state === null || handle === null || isTerminal((await poll(handle)).state)) return null
  if (state.specHash === specHash) return handle
  throw new HoneError({
    type: 'JobConflict',
    message: `Model server ${key} runs and serves something else.`,
    nextStep: 'Take it down first, or give the new server a key of its own.',
  })
}

/**
 * Records the attempt before its job exists, so that a crash in between loses a number and no
 * server.
 */
async function startAttempt({ launcher, key, specHash, plan }: BringUpOptions, attempt: number): Promise<JobHandle> {
  const jobKey = `${key}/${attempt}`
  await replaceJson(statePath(launcher, key), { attempt, jobKey, specHash } satisfies ServingFile)
  return await launcher.ensure(jobKey, specHash, plan(launcher.run(jobKey).there).command)
}

/** Another attempt would end in the same way. */
const outOfPlaceMemory = (key: string, reason: string): HoneError =>
  new HoneError({
    type: 'LimitExceeded',
    message: `Model server ${key} ran out of the memory that its place gave it (${reason}).`,
    nextStep:
      'give the place more in the site file (resources.memoryGib) and restart the worker, or start a campaign whose serve.resources asks for more',
  })

/**
 * Brings a model server up and waits until it answers for the planned model. The server of an
 * earlier call with the same key is used again while it lives, also by another worker; a dead one
 * is replaced by a new attempt. Throws ServerNotReady with the end of its log when it ends or is
 * not ready in time; nothing runs then.
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
    // Someone else may take a free port between the wrapper's look and the server's start.
    const portTaken = /address already in use|cannot listen on|EADDRINUSE/i.test(logs.stderr)
    if (portTaken && bind < bindAttempts) continue
    const { reason = 'ended', outOfMemory } = await poll(handle)
    if (outOfMemory === true) throw outOfPlaceMemory(key, reason)
    throw new ServerNotReady(key, `did not come up: ${reason}`, logs)
  }
}

/**
 * Ends the server of this key and returns when none of its processes is left; its folder goes. The
 * folder of a server that had ended by itself stays: its log says why. Without a server it does
 * nothing.
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
