import type { Reply } from './ask.ts'

/** A paid reply as it is kept. `request` is what was sent with image hashes in the place of pixels. */
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
  /** Of the attempt that succeeded, in milliseconds. */
  latencyMs: number
  /** HTTP calls it took, refused ones included. */
  attempts: number
}

/** Where finished replies live. `save` resolves when they are durable; a key that is already there stays as it is. */
export interface ReplyStore {
  /** What stores over one place share (a database); the store itself where absent. Calls in flight are shared by it. */
  readonly place?: object
  find(keys: readonly string[]): Promise<Map<string, StoredReply>>
  save(replies: readonly StoredReply[]): Promise<void>
}
