import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { writeWholeFileSync } from '../../artifacts/whole-file.ts'
import { leastTokenLength } from '../../domain/token.ts'
import { homePaths } from '../home.ts'
import { nodeEntry } from '../node-process.ts'
import { choosePort, freePort } from '../ports.ts'
import { adoptService, findService, startService } from '../processes.ts'
import type { Service } from '../processes.ts'
import { temporalVariables } from '../temporal-server.ts'
import type { JoinedParts } from './order.ts'

/** Everything that a worker must be told. */
export interface WorkerPlaces extends JoinedParts {
  home: string
  rewardToken: string
  /** Site file that the user named. */
  site: string | undefined
}

/** How to start a service of Hone's own. */
interface OwnService {
  home: string
  signal?: AbortSignal | undefined
}

/**
 * Variable that holds the reward server's token: in its own process, the worker's and the
 * trainers'.
 */
const rewardTokenEnv = 'HONE_REWARD_TOKEN'

const answers = async (url: string): Promise<boolean> => (await fetch(url, { signal: AbortSignal.timeout(1000) })).ok

/**
 * The home's token for the reward server. It is kept, because a trainer that outlives a restart
 * goes on with the token that it was started with. A file that is empty or cut, as a full disk or a
 * person leaves it, gets a new token: with an empty one the server would answer everybody.
 */
export function rewardToken(home: string): string {
  const path = join(homePaths(home).services, 'reward-token')
  const kept = existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
  if (kept.length >= leastTokenLength) return kept
  const token = randomBytes(24).toString('base64url')
  writeWholeFileSync(path, token, { mode: 0o600 })
  return token
}

/**
 * Starts the reward server on the port it had before, so that a trainer that outlived a restart
 * still finds it. A server that a killed `hone dev` left behind serves until it is replaced here.
 * The gap is shorter than the time that a trainer waits.
 */
export async function startRewardService({
  home,
  token,
  listen,
  signal,
}: OwnService & { token: string; listen: string }): Promise<Service & { url: string }> {
  const before = findService(home, 'reward')
  if (before) await adoptService(home, before).stop()
  const port = await choosePort(home, 'reward')
  // This machine reaches it by loopback, unless it listens on one other address alone.
  const url = `http://${['0.0.0.0', '::'].includes(listen) ? '127.0.0.1' : listen}:${port}`
  const { command, args } = nodeEntry('verifier/serve/reward-server-main')
  const service = await startService({
    home,
    name: 'reward',
    command,
    args: [...args, '--host', listen, '--port', String(port), '--judges', homePaths(home).judges],
    // Judges have keys.
    needsKeys: true,
    env: { [rewardTokenEnv]: token },
    details: { port },
    ready: () => answers(`${url}/healthz`),
    deadlineSeconds: 60,
    signal,
  })
  return { ...service, url }
}

/** Starts the demo's rule-based teacher on the port it had before. */
export async function startTeacherService({ home, signal }: OwnService): Promise<Service & { url: string }> {
  const port = await choosePort(home, 'teacher')
  const url = `http://127.0.0.1:${port}`
  const { command, args } = nodeEntry('demo/teacher-main')
  const service = await startService({
    home,
    name: 'teacher',
    command,
    args: [...args, '--port', String(port)],
    details: { port },
    ready: () => answers(`${url}/health`),
    deadlineSeconds: 60,
    signal,
  })
  return { ...service, url: `${url}/v1` }
}

/** Starts the worker and waits until it takes work. */
export async function startWorkerService(places: WorkerPlaces, signal?: AbortSignal): Promise<Service> {
  const { command, args } = nodeEntry('worker/main')
  const { demo, temporal, python, home } = places
  const port = await freePort()
  return await startService({
    home,
    name: 'worker',
    command,
    args,
    needsKeys: true,
    env: {
      DATABASE_URL: places.databaseUrl,
      ...temporalVariables(temporal, process.env),
      HONE_HOME: home,
      HONE_SITE: places.site,
      HONE_PYTHON: python.python,
      HONE_TRAINER_PATH: python.env['PYTHONPATH'],
      HONE_HEALTH_PORT: String(port),
      HONE_REWARD_URL: places.rewardUrl,
      HONE_REWARD_TOKEN_ENV: rewardTokenEnv,
      [rewardTokenEnv]: places.rewardToken,
      HONE_DEMO_TEACHER_URL: demo?.teacherUrl,
      HONE_DEMO_BASE_MODEL: demo?.baseModel,
      HONE_DEMO_WORLD: demo?.world,
      // Pictures are decoded in libuv's threads: Node starts four, whatever the machine has.
      UV_THREADPOOL_SIZE: process.env['UV_THREADPOOL_SIZE'] ?? String(Math.max(4, availableParallelism())),
    },
    ready: () => answers(`http://127.0.0.1:${port}/`),
    deadlineSeconds: 120,
    signal,
  })
}
