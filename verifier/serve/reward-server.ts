import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { describeError, HoneError } from '../../domain/errors.ts'
import { JudgeUnreadable } from '../judge/judge-file.ts'
import { countJudged } from '../judge/judge.ts'
import type { Judge } from '../judge/judge.ts'
import type { RewardName } from '../reward.ts'
import { verifierVersion } from '../verdict.ts'
import { JudgeFailed, judgeOpen } from './judge-open.ts'
import { watchLoopLag } from './loop-lag.ts'
import type { LoopLag } from './loop-lag.ts'
import type { NamedJudges } from './named-judges.ts'
import { createVerifierPool } from './pool.ts'
import type { ScoredBatch, VerifierPool, VerifierPoolOptions } from './pool.ts'
import { announcedLength, BodyPace, BodyRoom, BodyTooLarge, discard, MAX_BODY, readBody } from './request-body.ts'
import { addJudged, countError, countSeconds, newRewardMetrics, renderMetrics } from './reward-metrics.ts'
import type { RewardMetrics } from './reward-metrics.ts'

/** Bodies held at a time, in bytes. */
const BODY_ROOM = 256 * 1024 * 1024
/** Requests that may wait for room; one more is told to come again. */
const MAX_WAITING = 1024
/** In a refusal's `code`: the judge takes no case, and going on would train on zeros. By it a trainer tells this from a proxy's 502. */
const JUDGE_REFUSES = 'judge-refuses'
/** Longer than trainers idle between two steps, so that a kept connection is not closed in a client's face. Milliseconds. */
const KEEP_ALIVE_MS = 75_000

export type RewardServerOptions = {
  /** Default 127.0.0.1. */
  host?: string
  /** 0 (the default) takes a free port. */
  port?: number
  /** When set, every score request needs `Authorization: Bearer <token>`. */
  token?: string | undefined
  /**
   * Asked about rows that have a question and that no rule could decide; its score is their accuracy. The caller closes it.
   * Default: such rows have accuracy 0.
   */
  judge?: Judge | undefined
  /** The judges that requests name by id (`reward.judge`) in the place of `judge`. Default: such requests are refused. */
  judges?: Pick<NamedJudges, 'find'> | undefined
  /** Threads that judge. */
  pool?: VerifierPoolOptions
}
export type RewardServer = { url: string; close: () => Promise<void> }

type Served = {
  pool: VerifierPool
  metrics: RewardMetrics
  room: BodyRoom
  pace: BodyPace
  lag: () => LoopLag
  token: string | undefined
  judge: Judge | undefined
  judges: Pick<NamedJudges, 'find'> | undefined
  inFlight: number
}

/**
 * Starts the reward server and resolves when it accepts connections and a thread can judge: `POST /v1/score`, `GET /healthz`,
 * `GET /metrics`. The event loop only moves bytes; bodies are parsed, judged and written in the pool's threads. Stateless: the
 * same request gives the same scores however often it comes, save where a judge is asked and abstains for lack of time.
 * @throws HoneError (PortInUse) when the port is taken.
 */
export async function startRewardServer(options: RewardServerOptions = {}): Promise<RewardServer> {
  const { host = '127.0.0.1', port = 0, token } = options
  const lag = watchLoopLag()
  const pool = createVerifierPool(options.pool)
  const served: Served = {
    pool,
    metrics: newRewardMetrics(),
    room: new BodyRoom(BODY_ROOM, MAX_WAITING),
    pace: new BodyPace(),
    lag: lag.read,
    token: token === '' ? undefined : token,
    judge: options.judge,
    judges: options.judges,
    inFlight: 0,
  }
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    answer(served, request, response).catch(() => response.destroy())
  })
  const stopPool = async (): Promise<void> => {
    lag.stop()
    await pool.close()
  }
  try {
    await pool.ready()
    const shown = host.includes(':') ? `[${host}]` : host
    const url = `http://${shown}:${await listen(server, host, port)}`
    return { url, close: () => closeServer(server).finally(stopPool) }
  } catch (error) {
    await stopPool()
    throw error
  }
}

/** Answers one request. Rejects only when the client has gone. */
async function answer(served: Served, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0]
  const get = request.method === 'GET' || request.method === 'HEAD'
  if (path === '/healthz' && get) {
    sendJson(response, 200, { ok: true, version: verifierVersion })
  } else if (path === '/metrics' && get) {
    const { pool, metrics, room, lag, inFlight } = served
    const state = { version: verifierVersion, pool: pool.stats(), lag: lag(), inFlight, heldBytes: room.heldBytes }
    send(response, 200, 'text/plain; version=0.0.4; charset=utf-8', renderMetrics(metrics, state))
  } else if (path === '/v1/score' && request.method === 'POST') {
    served.inFlight += 1
    const began = performance.now()
    try {
      await answerScore(served, request, response)
      countSeconds(served.metrics, (performance.now() - began) / 1000)
    } finally {
      served.inFlight -= 1
    }
  } else {
    await discard(request)
    refuse(served, response, 404, 'Unknown path. There are POST /v1/score, GET /healthz and GET /metrics.')
  }
}

async function answerScore(served: Served, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { metrics, token, room } = served
  metrics.requests += 1
  if (token !== undefined && !sameSecret(request.headers.authorization ?? '', `Bearer ${token}`)) {
    await discard(request)
    const message =
      'The bearer token is missing or wrong. Send the value of HONE_REWARD_TOKEN as "Authorization: Bearer …".'
    refuse(served, response, 401, message)
    return
  }
  // A client that gave up waiting will ask again: what it no longer wants is not worth a thread.
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const leave = await room.enter(announcedLength(request) ?? MAX_BODY)
  if (leave === null) {
    await discard(request)
    refuse(served, response, 503, 'Too many requests wait already. Send the request again in a second.')
    return
  }
  try {
    gone.signal.throwIfAborted()
    const batch = await score(served, await readBody(request, served.pace), gone.signal)
    // The body is gone by now: who waits for a judge keeps no one else out.
    leave()
    const scores = await withJudge(served, batch, gone.signal)
    send(
      response,
      200,
      'application/json',
      `{"version":${JSON.stringify(verifierVersion)},"scores":[${scores.join(',')}]}`,
    )
  } catch (error) {
    refuseFor(error, served, response, gone.signal)
  } finally {
    leave()
  }
}

type RewardedBatch = ScoredBatch & { reward: RewardName; judge: Judge | undefined }

/** Reads a body, and judges and rewards its rows by rules. */
async function score(served: Served, body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<RewardedBatch> {
  const { pool, metrics } = served
  const { reward, judge: id, chunks } = await pool.read(body, signal)
  // Before the work, and whether or not a row needs it: a judge that is not there shows in the first batch.
  const judge = id === null ? served.judge : await namedJudge(served, id)
  const batch = await pool.score(reward, chunks, signal)
  for (const verdict of ['correct', 'incorrect', 'unverifiable'] as const) {
    metrics.verdicts[verdict] += batch.verdicts[verdict]
    metrics.items += batch.verdicts[verdict]
  }
  return { ...batch, reward, judge }
}

/** The score texts of a batch, with a judge's say in the rows that rules left open. */
async function withJudge({ metrics }: Served, batch: RewardedBatch, signal: AbortSignal): Promise<string[]> {
  const { judge } = batch
  if (judge === undefined || batch.open.length === 0) return batch.scores
  const { scores, judgements } = await judgeOpen(judge, batch.reward, batch, signal)
  addJudged(metrics, countJudged(judgements))
  return scores
}

async function namedJudge({ judges }: Served, id: string): Promise<Judge> {
  if (judges) return await judges.find(id)
  throw new HoneError({
    type: 'InvalidInput',
    message: `This reward server knows no judges by name, and the request names "${id}".`,
    nextStep: 'Start it with --judges on the folder that holds their files (services/judges of a home).',
  })
}

function refuseFor(error: unknown, served: Served, response: ServerResponse, gone: AbortSignal): void {
  if (gone.aborted) {
    countError(served.metrics, 'client-gone')
    return
  }
  if (error instanceof JudgeFailed) {
    refuse(served, response, 502, describeError(error.cause), JUDGE_REFUSES)
  } else if (error instanceof JudgeUnreadable) {
    refuse(served, response, 503, `${error.message} Send the request again in a second.`)
  } else if (error instanceof BodyTooLarge) {
    refuse(served, response, 413, `The body is over ${MAX_BODY} bytes. Send fewer completions in one request.`)
  } else if (error instanceof HoneError && error.type === 'InvalidInput') {
    refuse(served, response, 400, describeError(error))
  } else if (error instanceof HoneError && error.type === 'LimitExceeded') {
    refuse(served, response, 413, describeError(error))
  } else {
    countError(served.metrics, 'internal')
    sendJson(response, 500, { error: `Scoring failed: ${error instanceof Error ? error.message : String(error)}` })
  }
}

function refuse(
  served: Served,
  response: ServerResponse,
  status: 400 | 401 | 404 | 413 | 502 | 503,
  message: string,
  code?: string,
): void {
  countError(served.metrics, String(status))
  if (status === 503) response.setHeader('retry-after', '1')
  sendJson(response, status, { error: message, code })
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, 'application/json', JSON.stringify(body))
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  const bytes = Buffer.from(body)
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length }).end(bytes)
}

/** Compares digests, so that neither the length nor a common beginning shows in the time. */
function sameSecret(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}

/** Resolves with the port. */
function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? portInUse(host, port, error) : error),
    )
    server.listen(port, host, () => {
      const address = server.address()
      if (address === null || typeof address === 'string') reject(new Error('the server has no port'))
      else resolve(address.port)
    })
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

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()))
    server.closeIdleConnections()
    // Requests in progress get a moment; a client that never ends must not hold the process.
    setTimeout(() => server.closeAllConnections(), 500).unref()
  })
}
