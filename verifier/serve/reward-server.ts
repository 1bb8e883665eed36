import { serve } from '@hono/node-server'
import type { ServerType } from '@hono/node-server'
import { HoneError } from '../../domain/errors.ts'
import type { Judge } from '../judge/judge.ts'
import { verifierVersion } from '../verdict.ts'
import { createBodyRoom } from './body-room.ts'
import type { NamedJudges } from './named-judges.ts'
import { createVerifierPool } from './pool.ts'
import type { VerifierPoolOptions } from './pool.ts'
import { createBodyPace } from './request-body.ts'
import { rewardApp } from './reward-app.ts'
import { createRewardMetrics } from './reward-metrics.ts'

/** Bodies held at a time, in bytes. */
const roomBytes = 256 * 1024 * 1024
/** Requests that may wait for room. The next one is told to come again. */
const maxWaiting = 1024
/**
 * Longer than trainers idle between two steps, so that a kept connection is not closed when a
 * client is about to use it. Milliseconds.
 */
const keepAliveMs = 75_000
/**
 * Requests in progress at the end get this long. A client that never ends must not hold the
 * process.
 */
const closeMs = 500

export interface RewardServerOptions {
  /** Default 127.0.0.1. */
  host?: string
  /** 0 (the default) takes a free port. */
  port?: number
  /** When set, every score request needs `Authorization: Bearer <token>`. */
  token?: string | undefined
  /**
   * Asked about rows that have a question and that no rule could decide; its score is their
   * accuracy. The caller closes it. Default: such rows have accuracy 0.
   */
  judge?: Judge | undefined
  /**
   * The judges that requests name by id (`reward.judge`) instead of `judge`. Default: such requests
   * are refused.
   */
  judges?: Pick<NamedJudges, 'find'> | undefined
  /** Threads that verify. */
  pool?: VerifierPoolOptions
}

export interface RewardServer {
  url: string
  close: () => Promise<void>
}

/**
 * Starts the reward server and resolves when it accepts connections and a thread can verify:
 * `POST /v1/score`, `GET /healthz`, `GET /metrics`. The event loop only moves bytes; bodies are
 * parsed, verified and written in the pool's threads. The server keeps no state: the same request
 * gives the same scores however often it comes, except where a judge is asked and abstains for lack
 * of time. Throws HoneError (PortInUse) when the port is taken.
 */
export async function startRewardServer(options: RewardServerOptions = {}): Promise<RewardServer> {
  const { host = '127.0.0.1', port = 0, token, judge, judges } = options
  const pool = createVerifierPool(options.pool)
  const room = createBodyRoom(roomBytes, maxWaiting)
  const metrics = createRewardMetrics({ version: verifierVersion, pool: pool.stats, heldBytes: room.heldBytes })
  const app = rewardApp({
    pool,
    metrics,
    room,
    pace: createBodyPace(),
    token,
    judge,
    judges,
  })
  const stopPool = async (): Promise<void> => {
    metrics.close()
    await pool.close()
  }
  try {
    await pool.ready()
    const { server, port: taken } = await listen(app.fetch, host, port)
    const shown = host.includes(':') ? `[${host}]` : host
    return { url: `http://${shown}:${taken}`, close: () => closeServer(server).finally(stopPool) }
  } catch (error) {
    await stopPool()
    throw error
  }
}

/** Resolves with the server and the port that it took. */
function listen(
  fetch: ReturnType<typeof rewardApp>['fetch'],
  hostname: string,
  port: number,
): Promise<{ server: ServerType; port: number }> {
  return new Promise((resolve, reject) => {
    const serverOptions = { keepAliveTimeout: keepAliveMs }
    const server = serve({ fetch, hostname, port, serverOptions }, (address) => {
      resolve({ server, port: address.port })
    })
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? portInUse(hostname, port, error) : error),
    )
  })
}

function portInUse(host: string, port: number, cause: Error): HoneError {
  return new HoneError({
    type: 'PortInUse',
    message: `The reward server cannot listen on ${host}:${port}: the port is in use.`,
    nextStep: 'Stop the program that holds it, or give another port; 0 takes a free one.',
    cause,
  })
}

function closeServer(server: ServerType): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()))
    if (!('closeIdleConnections' in server)) return
    server.closeIdleConnections()
    setTimeout(() => server.closeAllConnections(), closeMs).unref()
  })
}
