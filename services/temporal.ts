import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import { HoneError, messageOf } from '../domain/errors.ts'
import { searchAttributeTypes } from '../domain/ids.ts'
import { ensureFolder, homePaths, honeCache } from './home.ts'
import { commandLine, identify, processesNaming } from './identity.ts'
import { withLock } from './lock.ts'
import { choosePort, freePort } from './ports.ts'
import { adoptService, findService, startService, stopGroup } from './processes.ts'
import type { Service } from './processes.ts'
import { quietProgress } from './progress.ts'
import type { Progress } from './progress.ts'
import { obtainTemporalBinary } from './temporal-binary.ts'
import { clientOptions, connectionProblem, connectTemporal } from './temporal-connection.ts'
import { usersTemporal } from './temporal-server.ts'
import type { TemporalServer } from './temporal-server.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** A Temporal to work with. */
export interface TemporalAddress extends TemporalServer {
  /** Web UI, or null if the user's server did not tell (TEMPORAL_UI_URL). */
  uiUrl: string | null
}

/** A Temporal that was found or brought up. */
export interface Temporal extends TemporalAddress {
  /** False if it is the user's own server: then `stop` does nothing. */
  owned: boolean
  /** True if it was running already. */
  found: boolean
  /** Ends the server and returns when nothing of it is left. */
  stop: () => Promise<void>
}

export interface TemporalOptions {
  home: string
  /** Default: {@link honeCache}. */
  cache?: string
  progress?: Progress
  env?: Environment
  /** Takes any free ports instead of the remembered ports. For tests. */
  anyPort?: boolean
  /** Further namespaces that the dev server is to have. */
  namespaces?: readonly string[]
  /** Keeps no file, which is about five times as fast. For tests. */
  inMemory?: boolean
  /** Ends what is under way; a server that was being started is stopped. */
  signal?: AbortSignal | undefined
}

// grpc.health.v1.HealthCheckResponse.ServingStatus.SERVING.
const serving = 1

// Numbers of temporal.api.enums.v1.IndexedValueType, and the words that the CLI has for them.
const indexedValueTypes = { KEYWORD: 2, INT: 3, DOUBLE: 4 } as const
const typeWords = { KEYWORD: 'Keyword', INT: 'Int', DOUBLE: 'Double' } as const

/**
 * Finds or starts Temporal: the user's server if the environment names one (temporal-server.ts),
 * else a dev server with its Web UI that keeps its state in `<home>/temporal.db`. A server that a
 * crashed run left behind is adopted. Throws EndpointRefused if the user's server does not let us
 * in; InvalidInput if a setting cannot be used; PortInUse; StorageFull; MissingDependency; the
 * signal's reason.
 */
export async function bringUpTemporal(options: TemporalOptions): Promise<Temporal> {
  const env = options.env ?? process.env
  const progress = options.progress ?? quietProgress
  progress.start('Temporal')
  try {
    const users = usersServer(env)
    if (users) {
      await checkUsersServer(users)
      progress.done(`yours, at ${users.address}`)
      return { ...users, owned: false, found: true, stop: async () => {} }
    }
    ensureFolder(homePaths(options.home).services)
    const lock = join(homePaths(options.home).services, 'temporal.lock')
    const waiting = (): void => options.signal?.throwIfAborted()
    return await withLock(lock, 'Temporal', () => devServer(options, env, progress), waiting)
  } catch (error) {
    progress.fail()
    throw error
  }
}

/**
 * Where this home's Temporal (or the user's own) is, or null if it does not run. Starts nothing.
 * Throws InvalidInput if a setting cannot be used.
 */
export function findTemporal(home: string, env: Environment = process.env): TemporalAddress | null {
  const users = usersServer(env)
  if (users) return users
  const details = findService(home, 'temporal')?.details
  return details ? addressOf(Number(details['port']), Number(details['uiPort'])) : null
}

async function devServer(options: TemporalOptions, env: Environment, progress: Progress): Promise<Temporal> {
  const { home, signal } = options
  const record = findService(home, 'temporal')
  if (record) {
    const service = adoptService(home, record)
    const where = addressOf(Number(record.details['port']), Number(record.details['uiPort']))
    progress.update('found a running server')
    if (await healthyWithin(where, 10, () => identify(record.identity.pid) !== null)) {
      progress.done(`already running, Web UI ${where.uiUrl}`)
      return { ...where, owned: true, found: true, stop: service.stop }
    }
    await service.stop()
  }
  await stopUnrecorded(homePaths(home).temporalDb)
  const binary = await obtainTemporalBinary({ cache: options.cache ?? honeCache(env), progress, env, signal })
  const port = options.anyPort ? await freePort() : await choosePort(home, 'temporal', env)
  const uiPort = options.anyPort ? await freePort() : await choosePort(home, 'temporal-ui', env)
  const where = addressOf(port, uiPort)
  progress.update('starting')
  const service: Service = await startService({
    home,
    name: 'temporal',
    command: binary,
    args: serverArguments(options, port, uiPort),
    details: { port, uiPort },
    ready: () => isHealthy(where),
    deadlineSeconds: 60,
    signal,
  })
  await keepHistory(where)
  progress.done(`Web UI ${where.uiUrl}`)
  return { ...where, owned: true, found: false, stop: service.stop }
}

function serverArguments(options: TemporalOptions, port: number, uiPort: number): string[] {
  const attributes = Object.entries(searchAttributeTypes)
  return [
    'server',
    'start-dev',
    '--ip=127.0.0.1',
    `--port=${port}`,
    `--ui-port=${uiPort}`,
    '--log-level=warn',
    ...(options.inMemory ? [] : ['--db-filename', homePaths(options.home).temporalDb]),
    ...attributes.map(([name, type]) => `--search-attribute=${name}=${typeWords[type]}`),
    ...(options.namespaces ?? []).map((name) => `--namespace=${name}`),
  ]
}

/**
 * Stops a server of this file whose record was never written, because its owner died in that very
 * moment.
 */
async function stopUnrecorded(dbFile: string): Promise<void> {
  for (const identity of processesNaming(dbFile)) {
    if (commandLine(identity.pid).includes('start-dev')) await stopGroup(identity)
  }
}

/**
 * The dev server forgets closed workflows after a day, and people look at a campaign for longer. An
 * older CLI may refuse the change.
 */
async function keepHistory(server: TemporalAddress): Promise<void> {
  const { namespace } = server
  const connection = await connectTemporal(server)
  try {
    const workflowExecutionRetentionTtl = msToTs('90 days')
    await connection.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl } })
  } catch {
    // A refusal only means that the Web UI shows ended workflows for a shorter time.
  } finally {
    await connection.close()
  }
}

function addressOf(port: number, uiPort: number): TemporalAddress {
  return { address: `127.0.0.1:${port}`, uiUrl: `http://127.0.0.1:${uiPort}`, namespace: 'default' }
}

async function healthyWithin(server: TemporalServer, seconds: number, alive: () => boolean): Promise<boolean> {
  const deadline = Date.now() + seconds * 1000
  while (Date.now() < deadline && alive()) {
    if (await isHealthy(server).catch(() => false)) return true
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return false
}

/** Whether the front end answers gRPC's health question with SERVING. Throws if nobody answers. */
async function isHealthy(server: TemporalServer): Promise<boolean> {
  const connection = await Connection.connect({ ...clientOptions(server), connectTimeout: 2000 })
  try {
    const { status } = await connection.healthService.check({
      service: 'temporal.api.workflowservice.v1.WorkflowService',
    })
    if (status.valueOf() !== serving) return false
    // The namespace cache lags behind the front end by a moment.
    await connection.workflowService.describeNamespace({ namespace: 'default' })
    return true
  } finally {
    await connection.close()
  }
}

function usersServer(env: Environment): TemporalAddress | null {
  const server = usersTemporal(env)
  return server && { ...server, uiUrl: env['TEMPORAL_UI_URL'] || null }
}

/**
 * Checks that the user's server answers and knows the search attributes; adds the missing
 * attributes.
 */
async function checkUsersServer(server: TemporalAddress): Promise<void> {
  const connection = await connectTemporal(server, 5000)
  try {
    await connection.workflowService
      .describeNamespace({ namespace: server.namespace })
      .catch(async (error: unknown) => {
        throw await connectionProblem(server, error)
      })
    await addSearchAttributes(connection, server.namespace)
  } finally {
    await connection.close()
  }
}

async function addSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const names = Object.entries(searchAttributeTypes)
  try {
    const known = await connection.operatorService.listSearchAttributes({ namespace })
    const missing = names.filter(([name]) => !(name in (known.customAttributes ?? {})))
    if (missing.length === 0) return
    const searchAttributes = Object.fromEntries(missing.map(([name, type]) => [name, indexedValueTypes[type]]))
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes })
  } catch (error) {
    // A cloud, or a key with few rights, has no operator service. A search shows whether the
    // attributes are there.
    if (await canSearchBy(connection, namespace)) return
    const flags = names.map(([name, type]) => `--name ${name} --type ${typeWords[type]}`).join(' ')
    throw new HoneError({
      type: 'MissingDependency',
      message: `Namespace ${namespace} lacks Hone's search attributes, and they could not be added: ${messageOf(error)}.`,
      nextStep: `Let an operator run: temporal operator search-attribute create --namespace ${namespace} ${flags}`,
      cause: error,
    })
  }
}

/**
 * Whether the namespace takes a search by all of Hone's attributes: it refuses a search by an
 * attribute that it does not know.
 */
async function canSearchBy(connection: Connection, namespace: string): Promise<boolean> {
  const query = Object.keys(searchAttributeTypes)
    .map((name) => `${name} IS NULL`)
    .join(' AND ')
  return await connection.workflowService.countWorkflowExecutions({ namespace, query }).then(
    () => true,
    () => false,
  )
}
