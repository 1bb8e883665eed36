import type { Reply } from './ask.ts'

/**
 * A paid reply in the form in which it is stored. `request` is the request that was sent, with the
 * hashes of pictures instead of pixels.
 */
export interface StoredReply {
  key: string
  /** Name of the endpoint in the recipe. */
  endpoint: string
  model: string
  request: Readonly<Record<string, unknown>>
  text: string
  finishReason: Reply['finishReason']
  promptTokens: number
  completionTokens: number
  /** Milliseconds of the attempt that succeeded. */
  latencyMs: number
  /** Number of HTTP calls, refused ones included. */
  attempts: number
  /** Model that answered, as the server said it. Null where it said none, and in older replies. */
  servedModel: string | null
  /**
   * Whether the tokens are estimated from the lengths of texts, because the server did not count.
   */
  isEstimated: boolean
}

/**
 * A reply that was paid for and cannot be used: broken off, empty, or with an unknown end. Its key
 * is its own, so that budgets count it and no row ever finds it. `text` is what came of it.
 */
export interface UnusableReply extends Omit<StoredReply, 'finishReason'> {
  finishReason: 'unusable'
}

/**
 * Keeps finished replies. `save` resolves when they are durable. A reply whose key is there already
 * stays as it is.
 */
export interface ReplyStore {
  /**
   * An object that all stores over one place share, such as a database; the store itself where
   * absent. Engines over one place share their calls in flight.
   */
  readonly place?: object
  find(keys: readonly string[]): Promise<Map<string, StoredReply>>
  save(replies: readonly (StoredReply | UnusableReply)[]): Promise<void>
}
