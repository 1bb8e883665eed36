import { createHash, timingSafeEqual } from 'node:crypto'
import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import type { Context } from 'hono'
import type { LimitFunction } from 'p-limit'
import { HoneError, messageOf } from '../../domain/errors.ts'
import { countJudged } from '../judge/judge.ts'
import type { Judge } from '../judge/judge.ts'
import type { RewardName } from '../reward.ts'
import { verifierVersion } from '../verdict.ts'
import type { BodyRoom } from './body-room.ts'
import { judgeOpen } from './judge-open.ts'
import type { NamedJudges } from './named-judges.ts'
import type { ScoredBatch, VerifierPool } from './pool.ts'
import { refusalOf } from './refusal.ts'
import type { Refusal } from './refusal.ts'
import { announcedLength, discard, maxBody, readBody } from './request-body.ts'
import type { RewardMetrics } from './reward-metrics.ts'

/** What the app serves with. */
export interface Served {
  pool: VerifierPool
  metrics: RewardMetrics
  room: BodyRoom
  pace: LimitFunction
  token: string | undefined
  judge: Judge | undefined
  judges: Pick<NamedJudges, 'find'> | undefined
}

interface Env {
  Bindings: HttpBindings
}

const json = { 'content-type': 'application/json' }

/** The routes of the reward server. Its failures are answers, and are counted. */
export function rewardApp(served: Served): Hono<Env> {
  const { metrics } = served
  const app = new Hono<Env>()
  app.get('/healthz', (context) => context.json({ ok: true, version: verifierVersion }))
  app.get('/metrics', async (context) =>
    context.body(await metrics.registry.metrics(), 200, { 'content-type': metrics.registry.contentType }),
  )
  app.post('/v1/score', async (context) => {
    const countSeconds = metrics.seconds.startTimer()
    metrics.inFlight.inc()
    try {
      const response = await answerScore(served, context)
      countSeconds()
      return response
    } finally {
      metrics.inFlight.dec()
    }
  })
  app.notFound(async (context) => {
    await discard(context.env.incoming)
    const message = 'Unknown path. There are POST /v1/score, GET /healthz and GET /metrics.'
    return refuse(metrics, context, { status: 404, message })
  })
  return app
}

async function answerScore(served: Served, context: Context<Env>): Promise<Response> {
  const { metrics, token, room, pace } = served
  const { incoming } = context.env
  metrics.requests.inc()
  if (token !== undefined && !isSecret(context.req.header('authorization') ?? '', `Bearer ${token}`)) {
    await discard(incoming)
    const message =
      'The bearer token is missing or wrong. Send the value of HONE_REWARD_TOKEN as "Authorization: Bearer …".'
    return refuse(metrics, context, { status: 401, message })
  }
  // A client that gave up waiting will ask again: what it no longer wants is not worth a thread.
  const gone = context.req.raw.signal
  const leave = await room.enter(announcedLength(incoming) ?? maxBody)
  if (leave === null) {
    await discard(incoming)
    const message = 'Too many requests wait already. Send the request again in a second.'
    return refuse(metrics, context, { status: 503, message })
  }
  try {
    gone.throwIfAborted()
    const batch = await score(served, await readBody(incoming, pace), gone)
    // The body is gone by now: a request that waits for a judge keeps no other request out.
    leave()
    const scores = await withJudge(metrics, batch, gone)
    const text = `{"version":${JSON.stringify(verifierVersion)},"scores":[${scores.join(',')}]}`
    return context.body(text, 200, json)
  } catch (error) {
    if (gone.aborted) {
      metrics.errors.inc({ reason: 'client-gone' })
      // Hono wants an answer, though nobody reads this one.
      return context.body(null)
    }
    const refusal = refusalOf(error)
    if (refusal) return refuse(metrics, context, refusal)
    metrics.errors.inc({ reason: 'internal' })
    return context.json({ error: `Scoring failed: ${messageOf(error)}` }, 500)
  } finally {
    leave()
  }
}

type RewardedBatch = ScoredBatch & { reward: RewardName; judge: Judge | undefined }

/** Reads a body, and verifies and rewards its rows by rules. */
async function score(served: Served, body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<RewardedBatch> {
  const { pool, metrics } = served
  const { reward, judge: id, chunks } = await pool.read(body, signal)
  // Before the work, and whether or not a row needs the judge: a missing judge shows in the first
  // batch.
  const judge = id === null ? served.judge : await namedJudge(served, id)
  const batch = await pool.score(reward, chunks, signal)
  metrics.scored(batch.verdicts)
  return { ...batch, reward, judge }
}

/** The score texts of a batch. A judge has its say in the rows that rules left open. */
async function withJudge(metrics: RewardMetrics, batch: RewardedBatch, signal: AbortSignal): Promise<string[]> {
  const { judge } = batch
  if (judge === undefined || batch.open.length === 0) return batch.scores
  const { scores, judgements } = await judgeOpen(judge, batch.reward, batch, signal)
  metrics.judged(countJudged(judgements))
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

function refuse(metrics: RewardMetrics, context: Context<Env>, { status, message, code }: Refusal): Response {
  metrics.errors.inc({ reason: status })
  if (status === 503) context.header('retry-after', '1')
  return context.json({ error: message, code }, status)
}

/**
 * Compares digests, so that neither the length nor a common beginning shows in the time. (Hono's
 * bearerAuth was rejected: it takes only tokens of letters, digits and `-._~+/`, and a token of
 * HONE_REWARD_TOKEN may have other characters.)
 */
function isSecret(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}
