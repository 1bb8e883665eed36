import type { StoredReply, UnusableReply } from '../reply-store.ts'
import type { BatchRequest, BatchStore } from './batch-store.ts'
import type { Writable } from './request-file.ts'

/** A request that waits for a batch, or for the reply from a batch. */
export interface BatchAsk extends Writable {
  request: BatchRequest
  store: BatchStore
  /** Times that a batch brought no reply to it. */
  failures: number
  /** Called for each stored reply that was paid for and cannot be used. */
  onUnusable(reply: UnusableReply): void
  resolve(reply: StoredReply): void
  reject(error: unknown): void
}
