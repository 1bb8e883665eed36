import { spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { writeWholeFileSync } from '../artifacts/whole-file.ts'
import { HoneError } from '../domain/errors.ts'
import { endProcesses } from './end-processes.ts'
import type { EndOptions } from './end-processes.ts'
import { basicEnvironment } from './basic-environment.ts'
import { ensureFolder, homePaths, storageError } from './home.ts'
import { groupMembers, identify, isRunning, processIdentity } from './identity.ts'
import type { ProcessIdentity } from './identity.ts'

const serviceRecord = z.object({
  name: z.string(),
  identity: processIdentity,
  command: z.array(z.string()),
  startedAt: z.string(),
  details: z.record(z.string(), z.union([z.string(), z.number()])),
})

/**
 * The record of a started service on disk. It is enough for a later process to find, adopt or stop
 * the service.
 */
export type ServiceRecord = z.infer<typeof serviceRecord>

/**
 * How to start a service and how to know that it is ready. Secrets belong in `env`, never in `args`
 * or `details`.
 */
export interface ServiceSpec extends EndOptions {
  home: string
  /** File name of its record and its log: lower-case letters, digits, hyphens. */
  name: string
  command: string
  args: readonly string[]
  env?: Readonly<Record<string, string | undefined>>
  /** Whether it inherits the whole environment, because it asks models. */
  needsKeys?: boolean
  cwd?: string
  uid?: number
  gid?: number
  /** What a later process needs to reach the service, e.g. its port. */
  details?: Record<string, string | number>
  /** True once it serves. Asked about ten times a second; an error means not yet. */
  ready: () => Promise<boolean>
  deadlineSeconds: number
  /** Ends it while it is not ready. */
  signal?: AbortSignal | undefined
}

/** A service that runs. `stop` returns only when no process of it is left. */
export interface Service {
  record: ServiceRecord
  logFile: string
  stop: () => Promise<void>
}

const recordPath = (home: string, name: string): string => join(homePaths(home).services, `${name}.json`)
const logPath = (home: string, name: string): string => join(homePaths(home).logs, `${name}.log`)

/**
 * Starts a process in its own group, so that a Ctrl-C meant for us does not reach it and a stop
 * reaches its children. It logs to `<home>/logs/<name>.log`. Returns when it is ready. Throws
 * MissingDependency with its last log lines if it ends early or is not ready in time; the signal's
 * reason. After an error no process of the service is left.
 */
export async function startService(spec: ServiceSpec): Promise<Service> {
  spec.signal?.throwIfAborted()
  const paths = homePaths(spec.home)
  ensureFolder(paths.services)
  ensureFolder(paths.logs)
  const logFile = logPath(spec.home, spec.name)
  const log = openLog(logFile)
  const logStart = fstatSync(log).size
  const child = spawn(spec.command, spec.args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...(spec.needsKeys === true ? process.env : basicEnvironment(process.env)), ...spec.env },
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.gid === undefined ? {} : { gid: spec.gid }),
  })
  closeSync(log)
  let ended: string | null = null
  child.once('error', (error) => (ended = error.message))
  child.once('exit', (code, signal) => (ended ??= signal ? `ended by ${signal}` : `ended with exit code ${code}`))
  child.unref()
  const identity = child.pid === undefined ? null : identify(child.pid)
  let why: string | null = null
  if (identity) {
    const record: ServiceRecord = {
      name: spec.name,
      identity,
      command: [spec.command, ...spec.args],
      startedAt: new Date().toISOString(),
      details: spec.details ?? {},
    }
    writeRecord(spec.home, record)
    const stop = (): Promise<void> => stopService(spec.home, record, spec)
    if (await becomesReady(spec, () => ended)) return { record, logFile, stop }
    // Set before the stop, because the stop's signal would look like the cause.
    why = ended ?? `not ready after ${spec.deadlineSeconds} s`
    await stop()
    spec.signal?.throwIfAborted()
  } else {
    // A command that cannot be run has no pid; its reason comes with the error event, a tick later.
    await sleep(50)
  }
  throw new HoneError({
    type: 'MissingDependency',
    message: `${spec.name} did not start: ${why ?? ended ?? 'it ended at once'}.\n${tail(logFile, logStart)}`,
    nextStep: `Its whole log is ${logFile}.`,
  })
}

/** The record of a service that still runs, or null. The record of one that is gone is removed. */
export function findService(home: string, name: string): ServiceRecord | null {
  const path = recordPath(home, name)
  let record: ServiceRecord
  try {
    record = serviceRecord.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return null
  }
  if (isRunning(record.identity) || groupMembers(record.identity.pid).length > 0) return record
  rmSync(path, { force: true })
  return null
}

/** Every service of this home that still runs, also the services that a crashed owner left. */
export function runningServices(home: string): ServiceRecord[] {
  let names: string[]
  try {
    names = readdirSync(homePaths(home).services)
  } catch {
    return []
  }
  return names
    .filter((name) => name.endsWith('.json'))
    .map((name) => findService(home, name.slice(0, -'.json'.length)))
    .filter((record) => record !== null)
}

/** Takes over a service that another process started. */
export function adoptService(home: string, record: ServiceRecord, options: EndOptions = {}): Service {
  return { record, logFile: logPath(home, record.name), stop: () => stopService(home, record, options) }
}

/**
 * Ends a service with its whole group, and returns when the last process has ended. A service that
 * is gone already is no error.
 */
export async function stopService(home: string, record: ServiceRecord, options: EndOptions = {}): Promise<void> {
  await stopGroup(record.identity, options)
  rmSync(recordPath(home, record.name), { force: true })
}

/**
 * Ends a process with its group, and returns when the last process has ended. The process must lead
 * its group. A group that is gone already is no error.
 */
export async function stopGroup(identity: ProcessIdentity, options: EndOptions = {}): Promise<void> {
  if (belongsToUs(identity)) await endProcesses(() => groupMembers(identity.pid), options)
}

/**
 * A group id stays taken as long as a member lives, so a group whose leader has ended is still the
 * recorded group. Only if another process has the leader's pid now may the group belong to
 * strangers.
 */
function belongsToUs(identity: ProcessIdentity): boolean {
  const now = identify(identity.pid)
  if (now) return isRunning(identity)
  const here = identify(process.pid)
  return here?.bootId === identity.bootId && groupMembers(identity.pid).length > 0
}

async function becomesReady(spec: ServiceSpec, ended: () => string | null): Promise<boolean> {
  const deadline = Date.now() + spec.deadlineSeconds * 1000
  while (Date.now() < deadline) {
    if (ended() !== null || spec.signal?.aborted) return false
    if (await spec.ready().catch(() => false)) return true
    await sleep(80)
  }
  return false
}

function writeRecord(home: string, record: ServiceRecord): void {
  const path = recordPath(home, record.name)
  try {
    writeWholeFileSync(path, `${JSON.stringify(record, null, 2)}\n`)
  } catch (error) {
    throw storageError(error, path)
  }
}

const logLimitBytes = 20_000_000

/**
 * Opens a log to append. A log beyond 20 MB is set aside first, so that a service keeps two such
 * files at most.
 */
function openLog(path: string): number {
  try {
    const log = openSync(path, 'a')
    if (fstatSync(log).size < logLimitBytes) return log
    closeSync(log)
    renameSync(path, `${path}.1`)
    return openSync(path, 'a')
  } catch (error) {
    throw storageError(error, path)
  }
}

/** The last lines written since `from`, as people need them under an error. */
function tail(path: string, from: number, lines: number = 12): string {
  const file = openSync(path, 'r')
  try {
    const size = fstatSync(file).size
    const start = Math.max(from, size - 8192)
    const buffer = Buffer.alloc(Math.max(0, size - start))
    readSync(file, buffer, 0, buffer.length, start)
    const text = buffer.toString('utf8').trim().split('\n').slice(-lines)
    return text.map((line) => `    ${line}`).join('\n')
  } finally {
    closeSync(file)
  }
}
