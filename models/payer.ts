import { randomUUID } from 'node:crypto'
import { sha256Hex } from '../artifacts/hash.ts'
import { prefixOf } from './affinity.ts'
import type { AskRequest } from './ask.ts'
import { callUntilAnswered } from './attempts.ts'
import type { Paid } from './attempts.ts'
import type { Attempts, Target } from './target.ts'
import type { Batcher } from './batcher.ts'
import type { PaidFor } from './call-result.ts'
import type { RequestImages } from './endpoint.ts'
import type { StoredReply, UnusableReply } from './reply-store.ts'
import { requestBody } from './request-body.ts'
import type { Scope } from './scope.ts'
import type { Turnstile } from './turnstile.ts'
import { estimateOf } from './usage.ts'

/** An endpoint as an engine asks it. */
export interface OpenTarget extends Target {
  /** Bounds the bodies that wait for a slot, because their pictures are in memory. */
  turnstile: Turnstile
}

export interface PayerOptions extends Pick<Attempts, 'retries' | 'clock' | 'random' | 'onWarning'> {
  images: RequestImages
  saves: Batcher<StoredReply | UnusableReply, void>
  slot: { owner: object; priority: number }
  /** Called for each reply that was paid for and cannot be used. It is on its way to the store. */
  onUnusable: (reply: UnusableReply) => void
}

/** Brings a request to its reply, and resolves when the reply is durable. */
export type Pay = (target: OpenTarget, key: string, request: AskRequest, scope: Scope) => Promise<StoredReply>

/** A {@link Pay} that calls the endpoint's servers. */
export function createPayer({ images, saves, slot, onUnusable, ...how }: PayerOptions): Pay {
  return async (target, key, request, scope) => {
    const { endpoint } = target
    const { messages, sampling, sampleIndex } = request
    const about = { endpoint: endpoint.name, model: endpoint.model, request: { messages, sampling, sampleIndex } }
    const unusable: Promise<void>[] = []
    const onPaid = (paid: PaidFor) => {
      const reply = { ...about, ...unusableReply(key, paid, unusable.length + 1) }
      const saved = saves.add(reply)
      // It may fail long before it is awaited.
      saved.catch(() => undefined)
      unusable.push(saved)
      onUnusable(reply)
    }
    const leave = await target.turnstile.enter(scope)
    let paid: Paid
    try {
      const body = await scope.race(requestBody(endpoint, request, images))
      const estimate = estimateOf(endpoint, request)
      const asks = { target, body, estimate, slot: { ...slot, prefix: prefixOf(request) }, scope }
      paid = await callUntilAnswered({ ...asks, ...how, onBegun: leave, onPaid })
    } finally {
      leave()
      await Promise.all(unusable)
    }
    const stored = { key, ...about, ...paid }
    await saves.add(stored).finally(() => target.limiter.saved())
    return stored
  }
}

/**
 * A reply that cannot be used, under a key of its own: a second unusable reply to one request was
 * paid for too.
 */
const unusableReply = (key: string, paid: PaidFor, attempts: number) => ({
  ...paid,
  key: sha256Hex(`${key} ${randomUUID()}`),
  finishReason: 'unusable' as const,
  latencyMs: 0,
  attempts,
})
