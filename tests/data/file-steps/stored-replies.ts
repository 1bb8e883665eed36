import { sha256Hex } from '../../../artifacts/hash.ts'
import type { FileReplies } from '../../../data/file-steps/file-replies.ts'
import type { StoredReply } from '../../../models/reply-store.ts'

/** The content key of the reply that tests call `name`. */
export const keyOf = (name: string): string => sha256Hex(name)

/** A reply whose text has characters that a log of lines could break at. */
export const reply = (name: string, changes: Partial<StoredReply> = {}): StoredReply => ({
  key: sha256Hex(name),
  endpoint: 'endpoint',
  model: 'm',
  request: { messages: [{ role: 'user', text: `what is ${name}?` }] },
  text: `${name} is “fine” \u2028\n\u0000 ${'ä'.repeat(5)}`,
  finishReason: 'stop',
  promptTokens: 10,
  completionTokens: 5,
  latencyMs: 12,
  attempts: 1,
  servedModel: null,
  isEstimated: false,
  ...changes,
})

/** The paid requests of an endpoint. */
export const requestsOf = (replies: FileReplies, endpoint = 'endpoint') =>
  replies.paid().find((spent) => spent.endpoint === endpoint)?.requests
