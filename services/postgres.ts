import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { HoneError } from '../domain/errors.ts'
import { ensureFolder, homePaths, storageError } from './home.ts'
import { identify, processIds } from './identity.ts'
import { withLock } from './lock.ts'
import { findPostgresBinaries, postgresUser } from './postgres-binaries.ts'
import type { PostgresBinaries, PostgresUser } from './postgres-binaries.ts'
import { choosePort, freePort } from './ports.ts'
import { adoptService, findService, startService } from './processes.ts'
import type { Service, ServiceRecord } from './processes.ts'
import { quietProgress } from './progress.ts'
import type { Progress } from './progress.ts'

/** A PostgreSQL to work with. `url` holds the password: never print it. */
export interface Postgres {
  url: string
  /** False if it is the user's own server: then `stop` does nothing. */
  owned: boolean
  /** True if it was running already. */
  found: boolean
  /** Ends the server and returns when nothing of it is left. */
  stop: () => Promise<void>
}

export interface PostgresOptions {
  home: string
  progress?: Progress
  /** `safe` survives a power cut; `fast` does not wait for the disk and is for tests alone. Default `safe`. */
  durability?: 'safe' | 'fast'
  /** Any free port rather than the remembered one: for servers of a test. */
  anyPort?: boolean
  /** Default: `process.env`. */
  env?: Readonly<Record<string, string | undefined>>
}

const stopOptions = { stopSignal: 'SIGINT', graceSeconds: 30 } as const
const database = 'hone'

/**
 * Finds or starts PostgreSQL: the user's server if DATABASE_URL is set, else our own, with its data in
 * `<home>/postgres`, on 127.0.0.1 only. A server that a crashed run left behind is adopted.
 * @throws HoneError EndpointRefused if DATABASE_URL does not answer; PortInUse; StorageFull; MissingDependency.
 */
export async function bringUpPostgres(options: PostgresOptions): Promise<Postgres> {
  const env = options.env ?? process.env
  const progress = options.progress ?? quietProgress
  progress.start('PostgreSQL')
  try {
    const url = env['DATABASE_URL']
    if (url) {
      await checkUsersServer(url)
      progress.done(`yours, at ${withoutPassword(url)}`)
      return { url, owned: false, found: true, stop: async () => {} }
    }
    ensureFolder(homePaths(options.home).services)
    const lock = join(homePaths(options.home).services, 'postgres.lock')
    return await withLock(lock, 'PostgreSQL', () => ownServer(options, env, progress))
  } catch (error) {
    progress.fail()
    throw error
  }
}

/** URL of this home's running PostgreSQL (or DATABASE_URL), or null. Starts nothing. */
export function findPostgres(
  home: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string | null {
  if (env['DATABASE_URL']) return env['DATABASE_URL']
  const port = findService(home, 'postgres')?.details['port']
  const password = port === undefined ? null : readPassword(home)
  return password === null ? null : urlOf(Number(port), password)
}

async function ownServer(
  options: PostgresOptions,
  env: Readonly<Record<string, string | undefined>>,
  progress: Progress,
): Promise<Postgres> {
  const { home } = options
  const folder = homePaths(home).postgres
  ensureFolder(folder)
  const data = join(folder, 'data')
  const leftover = await adoptLeftover(home, data, progress)
  if (leftover) {
    progress.done(`already running, port ${String(leftover.service.record.details['port'])}`)
    return { url: leftover.url, owned: true, found: true, stop: () => stopServer(leftover.service, data) }
  }
  await endStrays(data)
  const binaries = findPostgresBinaries()
  const user = postgresUser([binaries.postgres, data])
  if (!existsSync(data)) await initialise(binaries, user, folder, options.durability ?? 'safe', progress)
  checkVersion(data, binaries)
  const password = readPassword(home)
  if (password === null) throw lostPassword(home)
  const port = options.anyPort ? await freePort() : await choosePort(home, 'postgres', env)
  progress.update('starting')
  const service = await startService({
    home,
    name: 'postgres',
    ...user.spawn(binaries.postgres, serverArguments(data, port, options.durability ?? 'safe')),
    details: { port },
    ready: () => serves(urlOf(port, password, 'postgres'), data),
    // A crashed server replays its log before it serves, which takes as long as there is log: up to 1 GB.
    deadlineSeconds: 120,
    ...stopOptions,
  })
  await createDatabase(urlOf(port, password, 'postgres'))
  progress.done(`port ${port}`)
  return { url: urlOf(port, password), owned: true, found: false, stop: () => stopServer(service, data) }
}

function serverArguments(data: string, port: number, durability: 'safe' | 'fast'): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Containers give /dev/shm 64 MB, where parallel queries fail; files in the data folder have no such limit.
    dynamic_shared_memory_type: 'mmap',
    ...(durability === 'fast' ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
  }
  return [
    '-D',
    data,
    '-p',
    String(port),
    ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
  ]
}

/** Makes the data folder under another name first, so that one that was cut short is never taken for a whole one. */
async function initialise(
  binaries: PostgresBinaries,
  user: PostgresUser,
  folder: string,
  durability: 'safe' | 'fast',
  progress: Progress,
): Promise<void> {
  progress.update('creating the database files')
  const draft = join(folder, 'data.new')
  const passwordFile = join(folder, 'password')
  const handOver = join(folder, 'password.initdb')
  try {
    for (const path of [draft, handOver]) rmSync(path, { recursive: true, force: true })
    mkdirSync(draft, { mode: 0o700 })
    const password = randomBytes(24).toString('base64url')
    for (const path of [passwordFile, handOver]) {
      writeFileSync(path, `${password}\n`, { mode: 0o600 })
      chmodSync(path, 0o600)
    }
    if (user.owner) for (const path of [draft, handOver]) chownSync(path, user.owner.uid, user.owner.gid)
    const args = [
      '-D',
      draft,
      '-U',
      database,
      '-A',
      'scram-sha-256',
      `--pwfile=${handOver}`,
      '--encoding=UTF8',
      '--locale=C',
    ]
    await runToEnd(user.spawn(binaries.initdb, durability === 'fast' ? [...args, '--no-sync'] : args), draft)
    renameSync(draft, join(folder, 'data'))
  } catch (error) {
    throw storageError(error, folder)
  } finally {
    rmSync(handOver, { force: true })
  }
}

async function runToEnd(program: ReturnType<PostgresUser['spawn']>, target: string): Promise<void> {
  const { command, args, ...ids } = program
  let output = ''
  const failure = await new Promise<string | null>((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...ids })
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(code === 0 ? null : `ended with ${signal ?? `exit code ${code}`}`))
  })
  if (failure === null) return
  const full = /No space left|Disk quota/.test(output)
  throw new HoneError({
    type: full ? 'StorageFull' : 'MissingDependency',
    message: `Could not create the PostgreSQL files in ${target}: ${full ? 'no space left on the disk' : failure}.\n${output.trim().split('\n').slice(-8).join('\n')}`,
    nextStep: full
      ? 'Free space there, or set HONE_HOME to a folder on a disk with room.'
      : 'If the program cannot run on this system, set DATABASE_URL to a PostgreSQL server of yours.',
  })
}

/** A live server of this data folder: by our record, else by its own postmaster.pid. One that does not answer is ended. */
async function adoptLeftover(
  home: string,
  data: string,
  progress: Progress,
): Promise<{ service: Service; url: string } | null> {
  const record = findService(home, 'postgres') ?? unrecordedServer(data)
  if (!record) return null
  const service = adoptService(home, record, stopOptions)
  const password = readPassword(home)
  const port = Number(record.details['port'])
  progress.update('found a running server')
  if (password !== null && (await answersWithin(urlOf(port, password, 'postgres'), data, record))) {
    await createDatabase(urlOf(port, password, 'postgres'))
    return { service, url: urlOf(port, password) }
  }
  await stopServer(service, data)
  return null
}

/** A server found in the middle of its own start or recovery gets 10 s. */
async function answersWithin(url: string, data: string, record: ServiceRecord): Promise<boolean> {
  const deadline = Date.now() + 10_000
  while (Date.now() < deadline && identify(record.identity.pid)) {
    if (await serves(url, data).catch(() => false)) return true
    await sleep(100)
  }
  return false
}

function unrecordedServer(data: string): ServiceRecord | null {
  let lines: string[]
  try {
    lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return null
  }
  const pid = Number(lines[0])
  const identity = processesIn(data).includes(pid) ? identify(pid) : null
  if (!identity) return null
  const details = { port: Number(lines[3]) }
  return {
    name: 'postgres',
    identity,
    command: ['postgres'],
    startedAt: new Date(Number(lines[2]) * 1000).toISOString(),
    details,
  }
}

/** Processes whose working folder is the data folder: a server and its workers, which lead groups of their own. */
function processesIn(data: string): number[] {
  if (!existsSync(data)) return []
  const folder = realpathSync(data)
  return processIds().filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === folder && identify(pid) !== null
    } catch {
      return false
    }
  })
}

/** Workers notice that their server was killed and end by themselves; a busy one gets 2 s, then is killed. */
async function endStrays(data: string): Promise<void> {
  const deadline = Date.now() + 2000
  for (let left = processesIn(data); left.length > 0; left = processesIn(data)) {
    if (Date.now() > deadline) for (const pid of left) process.kill(pid, 'SIGKILL')
    await sleep(50)
  }
}

async function stopServer(service: Service, data: string): Promise<void> {
  await service.stop()
  await endStrays(data)
}

function checkVersion(data: string, binaries: PostgresBinaries): void {
  const made = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()
  if (made === binaries.version.split('.')[0]) return
  throw new HoneError({
    type: 'MissingDependency',
    message: `The database in ${data} was made by PostgreSQL ${made}; this Hone brings ${binaries.version}.`,
    nextStep: `Dump it with a Hone of that version and load it here (pg_dump, psql), or set HONE_HOME to a new folder.`,
  })
}

function lostPassword(home: string): HoneError {
  const folder = homePaths(home).postgres
  return new HoneError({
    type: 'MissingSecret',
    message: `${folder} holds a database, but its password file is gone.`,
    nextStep: `Restore ${join(folder, 'password')} from a backup, or move ${folder} away to start with an empty database.`,
  })
}

function readPassword(home: string): string | null {
  try {
    return readFileSync(join(homePaths(home).postgres, 'password'), 'utf8').trim()
  } catch {
    return null
  }
}

function urlOf(port: number, password: string, name: string = database): string {
  return `postgres://${database}:${password}@127.0.0.1:${port}/${name}`
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  // A connection that is cut after our answer came is no error of ours.
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Whether the server answers and is the one of this folder: another could have taken the port meanwhile. */
async function serves(url: string, data: string): Promise<boolean> {
  return await withClient(url, async (client) => {
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory')
    return realpathSync(rows[0]?.data_directory ?? '') === realpathSync(data)
  })
}

async function createDatabase(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [database])
    if (rowCount === 0) await client.query(`CREATE DATABASE ${database}`)
  })
}

async function checkUsersServer(url: string): Promise<void> {
  try {
    await withClient(url, (client) => client.query('SELECT 1'))
  } catch (error) {
    // A driver's message may quote what it was given; the reason is its code, or a message without the URL.
    const reason = error instanceof Error ? error.message.split(url).join('the URL') : String(error)
    throw new HoneError({
      type: 'EndpointRefused',
      message: `DATABASE_URL is set, but ${withoutPassword(url)} does not answer: ${reason || 'connection refused'}.`,
      nextStep: 'Start that server or correct DATABASE_URL; unset it to use the PostgreSQL that Hone brings.',
      cause: error,
    })
  }
}

function withoutPassword(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url)
    return `${hostname}${port ? `:${port}` : ''}${pathname}`
  } catch {
    return 'its server (the URL cannot be parsed)'
  }
}
