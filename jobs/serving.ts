import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import { readJsonFile, replaceJson } from './job-files.ts'
import { isTerminal } from './launcher.ts'
import type { JobHandle, JobLogs, Launcher } from './launcher.ts'

/** A model server as planned for one port. */
export interface ServingPlan {
  argv: string[]
  env: Record<string, string>
  secretEnv: string[]
  cwd: string
  gracePeriodSeconds: number
  /** Base URL of the OpenAI routes, e.g. `http://127.0.0.1:4711/v1`. */
  url: string
  /** Answers 200 when the server lives. */
  healthUrl: string
  /** Id that `/v1/models` must list: another server on the port is not taken for this one. */
  readyModel: string
  /** Folder that the listed model must come from, if the server says where its models come from. */
  readyRoot: string
}

/** Plans a server for a port, which is chosen free at each new attempt. */
export type PlanServer = (port: number) => ServingPlan

/** What every planner needs to know. */
export interface ServedModel {
  /** Weights in Hugging Face layout. */
  model: string
  /** The model name that requests use. */
  name: string
}

function onLoopback(port: number, { model, name }: ServedModel): Omit<ServingPlan, 'argv' | 'env'> {
  return {
    secretEnv: [],
    cwd: model,
    gracePeriodSeconds: 10,
    url: `http://127.0.0.1:${port}/v1`,
    healthUrl: `http://127.0.0.1:${port}/health`,
    readyModel: name,
    readyRoot: model,
  }
}

/** The project's own small server, `hone_trainer serve`: no GPU needed. */
export function planHoneServer(
  served: ServedModel,
  { python, env, maxTokens }: { python: string; env: Record<string, string>; maxTokens?: number },
): PlanServer {
  const flags = ['--model', served.model, '--name', served.name, '--host', '127.0.0.1']
  if (maxTokens !== undefined) flags.push('--max-tokens', String(maxTokens))
  return (port) => ({
    ...onLoopback(port, served),
    argv: [python, '-m', 'hone_trainer', 'serve', ...flags, '--port', String(port)],
    env: { PYTHONUNBUFFERED: '1', ...env },
  })
}

/** Settings of a vLLM server; numbers left out stay vLLM's own. */
export interface VllmOptions {
  /** The `vllm` program of its own Python environment. */
  program: string
  env?: Record<string, string>
  tensorParallel?: number
  gpuMemoryShare?: number
  maxModelTokens?: number
  imagesPerPrompt?: number
  maxPixels?: number
  seed?: number
}

/**
 * A vLLM server (flags as of 0.33). `--generation-config vllm` keeps sampling defaults of the checkpoint out: rounds
 * are compared with what the request says and nothing else.
 */
export function planVllmServer(served: ServedModel, options: VllmOptions): PlanServer {
  const perPrompt =
    options.imagesPerPrompt === undefined ? undefined : JSON.stringify({ image: options.imagesPerPrompt })
  const pixels = options.maxPixels === undefined ? undefined : JSON.stringify({ max_pixels: options.maxPixels })
  const flags: [string, string | number | undefined][] = [
    ['--served-model-name', served.name],
    ['--host', '127.0.0.1'],
    ['--generation-config', 'vllm'],
    ['--tensor-parallel-size', options.tensorParallel],
    ['--gpu-memory-utilization', options.gpuMemoryShare],
    ['--max-model-len', options.maxModelTokens],
    ['--limit-mm-per-prompt', perPrompt],
    ['--mm-processor-kwargs', pixels],
    ['--seed', options.seed],
  ]
  const given = flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]))
  return (port) => ({
    ...onLoopback(port, served),
    argv: [options.program, 'serve', served.model, ...given, '--port', String(port)],
    env: { ...options.env },
    gracePeriodSeconds: 30,
  })
}

/** A server that could not be brought up this time; carries the end of its log. Another attempt may succeed. */
export class ServerNotReady extends Error {
  constructor(key: string, why: string, logs: JobLogs) {
    const tail = (logs.stderr.trim() || logs.stdout.trim()).slice(-longestTail)
    super(`Model server ${key} ${why}. ${tail === '' ? 'It wrote nothing.' : `The end of its log:\n${tail}`}`)
    this.name = 'ServerNotReady'
  }
}

const longestTail = 2000
const probeTimeoutMs = 2000
const pollMs = 100
const bindAttempts = 3

/** Kept in the folder of the server's key: which attempt is the current one, and on which port. */
const servingFile = z.object({ attempt: z.int(), port: z.int(), jobKey: z.string(), specHash: z.string() })
type ServingFile = z.infer<typeof servingFile>

export interface BringUpOptions {
  launcher: Launcher
  /** One server a key; a later call with the same key re-uses the server that lives. */
  key: string
  /** Hash of what is served, e.g. of weights and settings. */
  specHash: string
  plan: PlanServer
  /** How long loading may take. */
  deadlineSeconds: number
  /** Abort with reason `cancel` to end the server; any other reason leaves it for the next worker. */
  signal?: AbortSignal
}

export interface Server {
  /** Base URL of the OpenAI routes. */
  url: string
  handle: JobHandle
}

const servingPath = (launcher: Launcher, key: string) => join(launcher.directory(key), 'serving.json')

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('the system gave no port')
  return address.port
}

const modelList = z.object({ data: z.array(z.object({ id: z.string(), root: z.string().nullish() })) })

/** Alive and serving what we planned: both are asked, because a stale server may answer on the port. */
async function isReady(plan: ServingPlan): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(probeTimeoutMs)
    const health = await fetch(plan.healthUrl, { signal })
    await health.arrayBuffer()
    if (!health.ok) return false
    const listed = await fetch(`${plan.url}/models`, { signal })
    const models = modelList.parse(await listed.json())
    return models.data.some(({ id, root }) => id === plan.readyModel && (root ?? plan.readyRoot) === plan.readyRoot)
  } catch {
    return false
  }
}

type Readiness = 'ready' | 'ended' | 'late'

async function waitReady(
  launcher: Launcher,
  handle: JobHandle,
  plan: ServingPlan,
  options: BringUpOptions,
): Promise<Readiness> {
  const deadline = Date.now() + options.deadlineSeconds * 1000
  for (;;) {
    if (options.signal?.aborted === true) {
      if (options.signal.reason === 'cancel') await launcher.cancel(handle, plan.gracePeriodSeconds)
      options.signal.throwIfAborted()
    }
    const { state } = await launcher.poll(handle)
    if (isTerminal(state)) return 'ended'
    if (state === 'running' && (await isReady(plan))) return 'ready'
    if (Date.now() > deadline) return 'late'
    await sleep(pollMs)
  }
}

/** The server of this key that lives, if there is one. Throws JobConflict when it serves something else. */
async function current({ launcher, key, specHash, plan }: BringUpOptions, serving: ServingFile | null) {
  const handle = serving === null ? null : await launcher.find(serving.jobKey)
  if (serving === null || handle === null || isTerminal((await launcher.poll(handle)).state)) return null
  if (serving.specHash === specHash) return { handle, plan: plan(serving.port) }
  throw new HoneError({
    type: 'JobConflict',
    message: `Model server ${key} runs and serves something else.`,
    nextStep: 'Take it down first, or give the new server a key of its own.',
  })
}

/** Records the attempt before its job exists, so that a crash in between loses a number and no server. */
async function startAttempt({ launcher, key, specHash, plan }: BringUpOptions, attempt: number) {
  const port = await freePort()
  const jobKey = `${key}/${attempt}`
  const planned = plan(port)
  await replaceJson(servingPath(launcher, key), { attempt, port, jobKey, specHash } satisfies ServingFile)
  const { argv, env, secretEnv, cwd, gracePeriodSeconds } = planned
  const handle = await launcher.ensure(jobKey, specHash, {
    argv,
    env,
    secretEnv,
    cwd,
    gracePeriodSeconds,
    resources: {},
  })
  return { handle, plan: planned }
}

/**
 * Brings a model server up and waits until it answers for the planned model. The server of an earlier call with the
 * same key is used again while it lives, also by another worker; a dead one is replaced by a new attempt on a new
 * port. Throws ServerNotReady with the end of its log when it ends or is not ready in time; nothing runs then.
 */
export async function bringUpServer(options: BringUpOptions): Promise<Server> {
  const { launcher, key, deadlineSeconds } = options
  for (let bind = 1; ; bind += 1) {
    const serving = await readJsonFile(servingPath(launcher, key), servingFile)
    const { handle, plan } =
      (await current(options, serving)) ?? (await startAttempt(options, (serving?.attempt ?? 0) + 1))
    const readiness = await waitReady(launcher, handle, plan, options)
    if (readiness === 'ready') return { url: plan.url, handle }
    const logs = await launcher.logs(handle, { maxBytes: longestTail })
    if (readiness === 'late') {
      await launcher.cancel(handle, plan.gracePeriodSeconds)
      throw new ServerNotReady(key, `was not ready within ${deadlineSeconds} s`, logs)
    }
    // Someone else may take a free port between our look and the server's start.
    const portTaken = /address already in use|cannot listen on|EADDRINUSE/i.test(logs.stderr)
    if (portTaken && bind < bindAttempts) continue
    const { reason = 'ended' } = await launcher.poll(handle)
    throw new ServerNotReady(key, `did not come up: ${reason}`, logs)
  }
}

/** Ends the server of this key and returns when none of its processes is left. Without a server it does nothing. */
export async function tearDownServer({
  launcher,
  key,
  graceSeconds = 10,
}: {
  launcher: Launcher
  key: string
  graceSeconds?: number
}): Promise<void> {
  const serving = await readJsonFile(servingPath(launcher, key), servingFile)
  const handle = serving === null ? null : await launcher.find(serving.jobKey)
  if (handle !== null) await launcher.cancel(handle, graceSeconds)
}
