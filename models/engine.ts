import { setMaxListeners } from 'node:events'
import { HoneError } from '../domain/errors.ts'
import { type Ask, AskFailure, type AskRequest, type Reply } from './ask.ts'
import { createBatcher } from './batcher.ts'
import { abortReason, type Clock, sleep, systemClock } from './clock.ts'
import { contentKey } from './content-key.ts'
import {
  type CallResult,
  createEndpointClient,
  type EndpointClient,
  requestBody,
  type RequestImages,
  type ResolvedEndpoint,
} from './endpoint.ts'
import { Outage } from './failures.ts'
import { type Limiter, type Limiters, sharedLimiters } from './limiter.ts'
import type { ReplyStore, StoredReply } from './reply-store.ts'

/** What one answered request used. Tokens of a reused reply were paid earlier. */
export interface Usage {
  endpoint: string
  promptTokens: number
  completionTokens: number
  reused: boolean
}

export interface EngineOptions {
  /** Endpoints of the recipe that this engine may ask. */
  endpoints: Iterable<ResolvedEndpoint>
  replies: ReplyStore
  images: RequestImages
  signal: AbortSignal
  /** `attempts` counts calls that ended badly for this request alone; waiting for an overloaded server is free. */
  retries?: { attempts: number; baseMs: number }
  onUsage?: (usage: Usage) => void
  /** Nothing succeeded for so long: the shard is given up with an {@link Outage}. Milliseconds. */
  downLimitMs?: number
  limiters?: Limiters
  env?: Readonly<Record<string, string | undefined>>
  clock?: Clock
  random?: () => number
}

/** Runs model calls. One engine serves one shard; slots are shared by the process through {@link Limiters}. */
export interface Engine {
  /** Also throws {@link Outage} (endpoint or store away), {@link HoneError} (hits every row) and the signal's reason. */
  ask: Ask
  /** Cancels what still runs, saves what has come back and frees connections. */
  close(): Promise<void>
}

interface Target {
  endpoint: ResolvedEndpoint
  client: EndpointClient
  limiter: Limiter
}

// A request that alone is refused again and again while others pass would wait for ever; 64 refusals are hours.
const maxRejections = 64
const longestDelayMs = 30_000

/**
 * Looks a request up by its content key, else pays for it once and resolves after the reply is durable. Equal requests
 * in flight share one call. Retries wait outside the slots and go before new work.
 */
export function createEngine(options: EngineOptions): Engine {
  const { replies, images, onUsage, clock = systemClock, random = Math.random } = options
  const retries = options.retries ?? { attempts: 5, baseMs: 500 }
  const closing = new AbortController()
  const signal = AbortSignal.any([options.signal, closing.signal])
  // Every waiting call listens to it; the warning at eleven listeners is meant for leaks.
  setMaxListeners(0, signal)
  const targets = openTargets(options, clock, random)
  const inFlight = new Map<string, Promise<Reply>>()

  const lookups = createBatcher<string, Map<string, StoredReply>>({
    maxItems: 256,
    maxDelayMs: 2,
    clock,
    flush: (keys) => guardStore(() => replies.find([...new Set(keys)])),
  })
  const saves = createBatcher<StoredReply, void>({
    maxItems: 64,
    maxDelayMs: 20,
    clock,
    flush: (batch) => guardStore(() => replies.save(batch)),
  })

  const note = (request: AskRequest, reply: Reply): Reply => {
    const { promptTokens, completionTokens, reused } = reply
    onUsage?.({ endpoint: request.endpoint, promptTokens, completionTokens, reused })
    return reply
  }

  const pay = async ({ endpoint, client, limiter }: Target, key: string, request: AskRequest): Promise<Reply> => {
    const body = await requestBody(endpoint, request, images)
    const paid = await callUntilAnswered({ client, limiter, body, signal, retries, clock, random })
    await saves.add({
      key,
      endpoint: endpoint.name,
      model: endpoint.model,
      request: { messages: request.messages, sampling: request.sampling, sampleIndex: request.sampleIndex },
      ...paid,
    })
    return { key, ...replyFields(paid), reused: false }
  }

  return {
    async ask(request) {
      if (signal.aborted) throw abortReason(signal)
      const target = targets.get(request.endpoint)
      if (!target) throw unknownEndpoint(request.endpoint, targets.keys())
      const { identity, imageMaxPixels } = target.endpoint
      const key = contentKey({ ...request, identity, imageMaxPixels })
      const running = inFlight.get(key)
      if (running) return note(request, { ...(await running), reused: true })
      const answer = (async () => {
        const stored = (await lookups.add(key)).get(key)
        return stored ? { key, ...replyFields(stored), reused: true } : await pay(target, key, request)
      })()
      inFlight.set(key, answer)
      try {
        return note(request, await answer)
      } finally {
        inFlight.delete(key)
      }
    },
    async close() {
      closing.abort(new Error('the engine was closed'))
      await lookups.drain()
      await Promise.allSettled(inFlight.values())
      await saves.drain()
      for (const { client } of targets.values()) client.close()
    },
  }
}

function openTargets(options: EngineOptions, clock: Clock, random: () => number): Map<string, Target> {
  const limiters = options.limiters ?? sharedLimiters
  const limits = { clock, random, ...(options.downLimitMs === undefined ? {} : { downLimitMs: options.downLimitMs }) }
  const targets = new Map<string, Target>()
  for (const endpoint of options.endpoints) {
    const client = createEndpointClient(endpoint, options.env)
    targets.set(endpoint.name, { endpoint, client, limiter: limiters.for(endpoint, limits) })
  }
  return targets
}

interface Attempts {
  client: EndpointClient
  limiter: Limiter
  body: string
  signal: AbortSignal
  retries: { attempts: number; baseMs: number }
  clock: Clock
  random: () => number
}

type Paid = Pick<StoredReply, 'text' | 'finishReason' | 'promptTokens' | 'completionTokens' | 'latencyMs' | 'attempts'>

async function callUntilAnswered({ client, limiter, body, signal, retries, clock, random }: Attempts): Promise<Paid> {
  let failures = 0
  let rejections = 0
  for (let calls = 1; ; calls++) {
    const permit = await limiter.acquire(signal, calls > 1)
    let result: CallResult
    try {
      result = await client.call(body, signal)
    } catch (error) {
      permit.release('silent')
      throw error
    }
    const outage = permit.release(
      result.kind === 'refused' || result.kind === 'fatal' ? 'failed' : result.kind,
      result.kind === 'overloaded' ? result.retryAfterMs : undefined,
      'detail' in result ? result.detail : undefined,
    )
    if (outage) throw outage
    if (result.kind === 'ok') return { ...result.completion, latencyMs: Math.round(result.latencyMs), attempts: calls }
    if (result.kind === 'refused' || result.kind === 'fatal') throw result.error
    if (result.kind === 'unreachable') continue
    const again = result.kind === 'overloaded' ? ++rejections < maxRejections : ++failures < retries.attempts
    if (!again) {
      const reason = result.kind === 'overloaded' ? `http-${result.status}` : result.reason
      throw new AskFailure(reason, `${result.detail} (after ${calls} calls)`)
    }
    const backOff = Math.min(longestDelayMs, retries.baseMs * 2 ** (Math.max(failures, rejections) - 1))
    // Full jitter on the upper half: enough to spread a burst, never a retry at once.
    const delay = Math.max(
      backOff * (0.5 + random() / 2),
      result.kind === 'overloaded' ? (result.retryAfterMs ?? 0) : 0,
    )
    await sleep(clock, delay, signal)
  }
}

function replyFields({ text, finishReason, promptTokens, completionTokens }: Omit<Paid, 'latencyMs' | 'attempts'>) {
  return { text, finishReason, promptTokens, completionTokens }
}

async function guardStore<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof HoneError) throw error
    throw new Outage(
      `the reply store does not answer: ${error instanceof Error ? error.message : String(error)}`,
      error,
    )
  }
}

function unknownEndpoint(name: string, known: Iterable<string>): HoneError {
  return new HoneError({
    type: 'InvalidRecipe',
    message: `a step asks the endpoint "${name}", which the recipe does not have`,
    nextStep: `use one of ${[...known].join(', ') || '(none is defined)'}`,
  })
}
