import { createHash, timingSafeEqual } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import type { ServerType } from '@hono/node-server'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import { describeError, HoneError } from '../domain/errors.ts'
import { rewardNames } from '../domain/recipe-steps.ts'
import { countError, newRewardMetrics, renderMetrics } from './reward-metrics.ts'
import type { RewardMetrics } from './reward-metrics.ts'
import { rewardCase } from './reward.ts'
import { checkKind, VERIFIER_VERSION, verifyCaseSchema } from './verdict.ts'

/** Largest request body, in bytes. 1,024 completions of 16K tokens fit. */
const MAX_BODY = 64 * 1024 * 1024
/** Most completions in one request. */
const MAX_ITEMS = 4096
/** Time that one request scores before others get their turn. Milliseconds. */
const SLICE_MS = 2

/** Body of `POST /v1/score`. `stage` and `step` are the trainer's own marks; they do not change a score. */
const scoreRequestSchema = z.object({
  reward: z.object({ name: z.enum(rewardNames) }),
  stage: z.union([z.string(), z.number()]).nullish(),
  step: z.number().nullish(),
  items: z.array(verifyCaseSchema).max(MAX_ITEMS),
})
type ScoreRequest = z.infer<typeof scoreRequestSchema>

type Score = {
  id: string
  overall: number
  parts: { accuracy: number; format: number }
  verdict: string
  reason: string
  extracted: string | null
  rule: string
}
type ScoreResponse = { version: string; scores: Score[] }

export type RewardServerOptions = {
  /** Default 127.0.0.1. */
  host?: string
  /** 0 (the default) takes a free port. */
  port?: number
  /** When set, every score request needs `Authorization: Bearer <token>`. */
  token?: string | undefined
}
export type RewardServer = { url: string; close: () => Promise<void> }

/** Scores a request. Stateless, so the same request gives the same scores however often it comes. */
async function score(request: ScoreRequest, metrics: RewardMetrics): Promise<ScoreResponse> {
  const cases = request.items.map(checkKind)
  const scores: Score[] = []
  let since = performance.now()
  for (const row of cases) {
    if (performance.now() - since > SLICE_MS) {
      await new Promise(setImmediate)
      since = performance.now()
    }
    const { overall, parts, result } = rewardCase(request.reward.name, row)
    const { id, verdict, reason, extracted, rule } = result
    scores.push({ id, overall, parts, verdict, reason, extracted, rule })
    metrics.verdicts[verdict] += 1
  }
  metrics.items += scores.length
  return { version: VERIFIER_VERSION, scores }
}

/** Compares digests, so that neither the length nor a common beginning shows in the time. */
function sameSecret(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}

/** The server's routes without a socket: `POST /v1/score`, `GET /healthz`, `GET /metrics`. */
function createRewardApp(token?: string): Hono {
  const metrics = newRewardMetrics()
  const app = new Hono()
  const refuse = (status: 400 | 401 | 404 | 413, message: string): Response => {
    countError(metrics, String(status))
    return Response.json({ error: message }, { status })
  }
  app.get('/healthz', (c) => c.json({ ok: true, version: VERIFIER_VERSION }))
  app.get('/metrics', (c) =>
    c.text(renderMetrics(metrics, VERIFIER_VERSION), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    }),
  )
  app.use('/v1/*', async (c, next) => {
    metrics.requests += 1
    if (token === undefined || sameSecret(c.req.header('authorization') ?? '', `Bearer ${token}`)) return next()
    return refuse(
      401,
      'The bearer token is missing or wrong. Send the value of HONE_REWARD_TOKEN as "Authorization: Bearer …".',
    )
  })
  const tooLarge = `The body is over ${MAX_BODY} bytes. Send fewer completions in one request.`
  app.use('/v1/*', bodyLimit({ maxSize: MAX_BODY, onError: () => refuse(413, tooLarge) }))
  app.post('/v1/score', async (c) => {
    const body: unknown = await c.req.json().catch(() => undefined)
    if (body === undefined) return refuse(400, 'The body is not JSON. Send {"reward":{"name":…},"items":[…]}.')
    const parsed = scoreRequestSchema.safeParse(body)
    if (!parsed.success) return refuse(400, z.prettifyError(parsed.error))
    try {
      return c.json(await score(parsed.data, metrics))
    } catch (error) {
      if (error instanceof HoneError) return refuse(400, describeError(error))
      throw error
    }
  })
  app.notFound(() => refuse(404, 'Unknown path. There are POST /v1/score, GET /healthz and GET /metrics.'))
  app.onError((error) => {
    countError(metrics, 'internal')
    return Response.json({ error: `Scoring failed: ${error.message}` }, { status: 500 })
  })
  return app
}

/**
 * Starts the reward server and resolves when it accepts connections.
 * @throws HoneError (PortInUse) when the port is taken.
 */
export async function startRewardServer(options: RewardServerOptions = {}): Promise<RewardServer> {
  const { host = '127.0.0.1', port = 0, token } = options
  const app = createRewardApp(token === '' ? undefined : token)
  const { server, address } = await new Promise<{ server: ServerType; address: AddressInfo }>((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: host, port }, (address) => resolve({ server, address }))
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? portInUse(host, port, error) : error),
    )
  })
  const shown = address.family === 'IPv6' ? `[${host}]` : host
  return { url: `http://${shown}:${address.port}`, close: () => closeServer(server) }
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
    if ('closeIdleConnections' in server) server.closeIdleConnections()
    // Requests in progress get a moment; a client that never ends must not hold the process.
    setTimeout(() => {
      if ('closeAllConnections' in server) server.closeAllConnections()
    }, 500).unref()
  })
}
