import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureFolder, homePaths } from './home.ts'
import { identify } from './identity.ts'
import { withLock } from './lock.ts'
import { findPostgresBinaries, postgresUser } from './postgres-binaries.ts'
import { checkUsersServer, createDatabase, serves, urlOf, withoutPassword } from './postgres-client.ts'
import { checkVersion, initialiseFiles, lostPassword, readPassword } from './postgres-files.ts'
import { endStrays, unrecordedServer } from './postgres-strays.ts'
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
  /**
   * `safe` survives a power cut; `fast` does not wait for the disk and is for tests alone. Default
   * `safe`.
   */
  durability?: 'safe' | 'fast'
  /** Takes any free port instead of the remembered port. For tests. */
  anyPort?: boolean
  /** Default: `process.env`. */
  env?: Readonly<Record<string, string | undefined>>
  /** Ends what is under way; a server that was being started is stopped. */
  signal?: AbortSignal | undefined
}

const stopOptions = { stopSignal: 'SIGINT', graceSeconds: 30 } as const

/**
 * Finds or starts PostgreSQL: the user's server if DATABASE_URL is set, else our own, with its data
 * in `<home>/postgres`, on 127.0.0.1 only. A server that a crashed run left behind is adopted.
 * Throws EndpointRefused if DATABASE_URL does not answer; PortInUse; StorageFull;
 * MissingDependency; the signal's reason.
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
    const waiting = (): void => options.signal?.throwIfAborted()
    return await withLock(lock, 'PostgreSQL', () => ownServer(options, env, progress), waiting)
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
  const { home, signal, durability = 'safe' } = options
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
  if (!existsSync(data)) await initialiseFiles({ binaries, user, folder, durability, progress, signal })
  checkVersion(data, binaries)
  const password = readPassword(home)
  if (password === null) throw lostPassword(home)
  const port = options.anyPort ? await freePort() : await choosePort(home, 'postgres', env)
  progress.update('starting')
  const service = await startService({
    home,
    name: 'postgres',
    ...user.spawn(binaries.postgres, serverArguments(data, port, durability)),
    details: { port },
    ready: () => serves(urlOf(port, password, 'postgres'), data),
    // A crashed server replays its log, up to 1 GB, before it serves.
    deadlineSeconds: 120,
    signal,
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
    // Containers give /dev/shm 64 MB, where parallel queries fail. Files in the data folder have no
    // such limit.
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

/**
 * Finds a live server of this data folder by our record, else by its own postmaster.pid. A server
 * that does not answer is ended.
 */
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

async function stopServer(service: Service, data: string): Promise<void> {
  await service.stop()
  await endStrays(data)
}
