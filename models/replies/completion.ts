import type { Reply } from '../ask.ts'

/** A chat completion in our words. */
export interface Completion {
  /** Thinking in front as `<think>\n…\n</think>\n\n`, then the answer. */
  text: string
  finishReason: Reply['finishReason']
  /** The server's counts. Estimates from the lengths of texts where it gives none. */
  promptTokens: number
  completionTokens: number
  /** Whether one of the counts is an estimate. */
  isEstimated: boolean
  /** Name of the model that answered, as the server says it. Null where it says none. */
  servedModel: string | null
}
