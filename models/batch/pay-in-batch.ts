import type { RequestImages } from '../endpoint.ts'
import type { Pay } from '../payer.ts'
import type { UnusableReply } from '../reply-store.ts'
import { requestBody } from '../request-body.ts'
import type { BatchLine } from './batch-line.ts'
import type { BatchStore } from './batch-store.ts'

export interface BatchPayerOptions {
  images: RequestImages
  store: BatchStore
  /** Lines of the endpoints in `batch` mode, by name. */
  lines: ReadonlyMap<string, BatchLine>
  /** For all other endpoints. */
  live: Pay
  /** Called for each reply that was paid for and cannot be used. It is stored. */
  onUnusable(reply: UnusableReply): void
}

/** A {@link Pay} that waits for a batch. The batch itself stores the reply. */
export function createBatchPayer(options: BatchPayerOptions): Pay {
  const { images, store, lines, live } = options
  const onUnusable = (reply: UnusableReply) => options.onUnusable(reply)
  return async (target, key, asked, scope) => {
    const { endpoint } = target
    const line = lines.get(endpoint.name)
    if (!line) return await live(target, key, asked, scope)
    const { messages, sampling, sampleIndex } = asked
    const about = { key, endpoint: endpoint.name, model: endpoint.model, payer: store.payer }
    const request = { ...about, request: { messages, sampling, sampleIndex } }
    const build = () => requestBody(endpoint, asked, images)
    return await line.ask({ key, request, store, build, onUnusable }, scope)
  }
}
