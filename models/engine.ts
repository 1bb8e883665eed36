import { HoneError, messageOf } from '../domain/errors.ts'
import type { Ask, AskRequest, Reply } from './ask.ts'
import { batchLineOf } from './batch/batch-lines.ts'
import type { BatchLine } from './batch/batch-line.ts'
import type { BatchStore } from './batch/batch-store.ts'
import { createBatchPayer } from './batch/pay-in-batch.ts'
import { createBatcher } from './batcher.ts'
import { systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import { sharedConnections } from './http/connections.ts'
import type { Connections } from './http/connections.ts'
import { contentKey } from './content-key.ts'
import { callsAtOnce } from './endpoint.ts'
import type { RequestImages, ResolvedEndpoint } from './endpoint.ts'
import { Outage } from './failures.ts'
import { createTurnstile } from './turnstile.ts'
import { sharedLimiters } from './limiters.ts'
import type { Limiters } from './limiters.ts'
import { createPayer } from './payer.ts'
import type { OpenTarget } from './payer.ts'
import type { ReplyStore, StoredReply, UnusableReply } from './reply-store.ts'
import { createServedModels } from './served-models.ts'
import { Scope } from './scope.ts'
import { createReplicaClient } from './replica-client.ts'
import type { ReplicaClient } from './replica-client.ts'
import { sharedCallsOf } from './shared-calls.ts'
import type { Usage } from './usage.ts'
import type { Wait } from './wait.ts'

export type { Usage }

export interface EngineOptions {
  /** Endpoints of the recipe that this engine may ask. */
  endpoints: Iterable<ResolvedEndpoint>
  replies: ReplyStore
  /** Where batches are kept. Needed where an endpoint has mode `batch`. */
  batches?: BatchStore | undefined
  images: RequestImages
  signal: AbortSignal
  /**
   * Requests of an engine with a higher priority go first where both ask the same endpoint. 0 where
   * absent.
   */
  priority?: number
  /**
   * `attempts` counts calls that ended badly for this request alone. Waiting for an overloaded
   * server is free.
   */
  retries?: { attempts: number; baseMs: number }
  onUsage?: (usage: Usage) => void
  /**
   * Called with a warning for a person while the work goes on, such as that one of several servers
   * was taken out.
   */
  onWarning?: (message: string) => void
  /**
   * Milliseconds without any success after which the shard ends with an {@link Outage}, for
   * endpoints that name no limit of their own. A minute where absent.
   */
  downLimitMs?: number
  limiters?: Limiters
  connections?: Connections
  env?: Readonly<Record<string, string | undefined>>
  clock?: Clock
  random?: () => number
}

/** Runs model calls. One engine serves one shard; the process shares slots and connections. */
export interface Engine {
  /**
   * Also throws {@link Outage} (the endpoint or the store is away), {@link HoneError} (the error
   * hits every row) and the signal's reason.
   */
  ask: Ask
  /** What requests wait for: servers that are all away, or batches. Null otherwise. */
  waiting(): Wait | null
  /**
   * Resolves when every request that was asked so far has ended. Requests under way are paid for
   * anyway, so a run that ends early waits for them before it closes the engine.
   */
  settled(): Promise<void>
  /** Cancels calls that nobody else waits for, and saves the replies that have come back. */
  close(): Promise<void>
}

/**
 * Finds a reply by its content key, or pays for it once and resolves after it is durable. Equal
 * requests in flight share one call, over all engines of the process. Retries wait outside the
 * slots and go before new work.
 */
export function createEngine(options: EngineOptions): Engine {
  const { replies, images, onUsage, priority = 0, clock = systemClock, random = Math.random } = options
  const retries = options.retries ?? { attempts: 5, baseMs: 500 }
  const onWarning = options.onWarning ?? ((message) => process.emitWarning(message))
  const life = Scope.of(options.signal)
  const targets = openTargets(options, clock, random)
  const calls = sharedCallsOf<Answered>(replies.place ?? replies)
  const asked = new Set<Promise<unknown>>()
  const paying = new Map<Scope, Promise<unknown>>()

  const lookups = createBatcher<string, Map<string, StoredReply>>({
    maxItems: 256,
    maxDelayMs: 2,
    clock,
    flush: (keys) => guardStore(() => replies.find([...new Set(keys)])),
  })
  const saves = createBatcher<StoredReply | UnusableReply, void>({
    maxItems: 256,
    // A kill loses replies that are not saved yet. This is the shortest wait that still takes a
    // burst in one statement.
    maxDelayMs: 2,
    clock,
    flush: (batch) => guardStore(() => replies.save(batch)),
  })

  const onUnusable = (reply: UnusableReply) => onUsage?.(usageOf(reply, reply, false))
  const payLive = createPayer({
    images,
    saves,
    slot: { owner: {}, priority },
    retries,
    clock,
    random,
    onWarning,
    onUnusable,
  })
  const { batches: store } = options
  const lines = openLines(options, { attempts: retries.attempts, clock, onWarning })
  const pay = store ? createBatchPayer({ images, store, lines, live: payLive, onUnusable }) : payLive
  const servedModels = createServedModels(onWarning)

  const answer = async (target: OpenTarget, request: AskRequest): Promise<Reply> => {
    const key = contentKey({ ...request, ...target.endpoint })
    const { result, isJoined } = await calls.ask(key, life, async (scope) => {
      const stored = (await lookups.add(key)).get(key)
      if (stored) return { ...answerOf(stored), reused: true }
      scope.check()
      const paid = pay(target, key, request, scope)
      paying.set(scope, paid)
      return { ...answerOf(await paid.finally(() => paying.delete(scope))), reused: false }
    })
    const { servedModel, isEstimated: _, ...answered } = result
    const reply = isJoined ? { ...answered, reused: true } : answered
    const { name, model } = target.endpoint
    onUsage?.(usageOf({ endpoint: name, model }, result, reply.reused))
    servedModels.note(target.endpoint, servedModel)
    return reply
  }

  return {
    async ask(request) {
      life.check()
      const target = targets.get(request.endpoint)
      if (!target) throw unknownEndpoint(request.endpoint, targets.keys())
      const answering = answer(target, request)
      asked.add(answering)
      try {
        return await answering
      } finally {
        asked.delete(answering)
      }
    },
    waiting: () => waitOf(targets, lines),
    settled: async () => void (await Promise.allSettled(asked)),
    async close() {
      life.cancel(new Error('the engine was closed'))
      await Promise.allSettled(asked)
      await lookups.drain()
      // Calls that another engine still wants run on, and are saved when they end.
      await Promise.allSettled([...paying].flatMap(([scope, paid]) => (scope.reason ? [paid] : [])))
      await saves.drain()
    },
  }
}

function usageOf(
  { endpoint, model }: Pick<Usage, 'endpoint' | 'model'>,
  { promptTokens, completionTokens, servedModel, isEstimated }: Omit<Usage, 'endpoint' | 'model' | 'reused'>,
  reused: boolean,
): Usage {
  return { endpoint, model, promptTokens, completionTokens, reused, servedModel, isEstimated }
}

function waitOf(targets: ReadonlyMap<string, OpenTarget>, lines: ReadonlyMap<string, BatchLine>): Wait | null {
  for (const { limiter } of targets.values()) if (limiter.waiting) return { kind: 'outage', ...limiter.waiting }
  const batches = [...lines.values()].flatMap(({ states }) => states)
  const trouble = batches.find((batch) => batch.trouble !== null)?.trouble
  if (trouble) return { kind: 'outage', ...trouble }
  return batches.length > 0 ? { kind: 'batches', batches } : null
}

/** A reply with what the engine tells of it. */
type Answered = Reply & Pick<StoredReply, 'servedModel' | 'isEstimated'>

function answerOf(stored: StoredReply): Omit<Answered, 'reused'> {
  const { key, text, finishReason, promptTokens, completionTokens, servedModel, isEstimated } = stored
  return { key, text, finishReason, promptTokens, completionTokens, servedModel, isEstimated }
}

function openTargets(options: EngineOptions, clock: Clock, random: () => number): Map<string, OpenTarget> {
  const { limiters = sharedLimiters, connections = sharedConnections, env = process.env, downLimitMs } = options
  const targets = new Map<string, OpenTarget>()
  for (const endpoint of options.endpoints) {
    const clients = new Map<string, ReplicaClient>()
    const clientOf = ({ url: baseUrl }: { url: string }): ReplicaClient => {
      let client = clients.get(baseUrl)
      if (!client) clients.set(baseUrl, (client = createReplicaClient({ endpoint, baseUrl, env, connections })))
      return client
    }
    // Some more than can run, so that a slot never waits for a picture that is not ready.
    const turnstile = createTurnstile(callsAtOnce(endpoint) + 64)
    const downMs = endpoint.outageSeconds === undefined ? downLimitMs : endpoint.outageSeconds * 1000
    const limits = { clock, random, ...(downMs === undefined ? {} : { downLimitMs: downMs }) }
    targets.set(endpoint.name, { endpoint, limiter: limiters.for(endpoint, limits), clientOf, turnstile })
  }
  return targets
}

/** The lines of the endpoints in `batch` mode, by name. */
function openLines(
  { endpoints, batches, env = process.env, connections = sharedConnections, downLimitMs = 60_000 }: EngineOptions,
  how: { attempts: number; clock: Clock; onWarning: (message: string) => void },
): Map<string, BatchLine> {
  const lines = new Map<string, BatchLine>()
  for (const endpoint of endpoints) {
    if (endpoint.mode !== 'batch') continue
    // Not asked one by one in silence: a batch costs half, and its user counts on that.
    if (!batches)
      throw new HoneError({
        type: 'InvalidRecipe',
        message: `endpoint "${endpoint.name}" has mode: batch, and what asks it here cannot wait for a batch`,
        nextStep: 'leave mode out, or name another endpoint here',
      })
    const outageMs = endpoint.outageSeconds === undefined ? downLimitMs : endpoint.outageSeconds * 1000
    lines.set(endpoint.name, batchLineOf(batches.place, endpoint, { ...how, env, connections, outageMs }))
  }
  return lines
}

async function guardStore<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof HoneError) throw error
    throw new Outage(`the reply store does not answer: ${messageOf(error)}`, { cause: error })
  }
}

function unknownEndpoint(name: string, known: Iterable<string>): HoneError {
  return new HoneError({
    type: 'InvalidRecipe',
    message: `a step asks the endpoint "${name}", which the recipe does not have`,
    nextStep: `use one of ${[...known].join(', ') || '(none is defined)'}`,
  })
}
