import type { AskRequest, Reply } from './ask.ts'
import type { ResolvedEndpoint } from './endpoint.ts'
import type { Estimate } from './rate-limit.ts'

/** What one reply cost. */
export type TokensUsed = Omit<Usage, 'servedModel' | 'isEstimated'>

/**
 * What one reply used, also a reply that was paid for and cannot be used. The tokens of a reused
 * reply were paid earlier.
 */
export interface Usage extends Pick<Reply, 'promptTokens' | 'completionTokens' | 'reused'> {
  endpoint: string
  model: string
  /** Model that answered, as the server said it; null where it said none. */
  servedModel: string | null
  /** Whether the tokens are estimates, because the server did not count. */
  isEstimated: boolean
}

// Characters of an English token, and pixels of a picture's token in Qwen2.5-VL: first guesses that
// replies correct.
export const charactersPerToken = 4
const pixelsPerToken = 784

/** Estimates what a request will take from its own size. */
export function estimateOf(
  { imageMaxPixels }: Pick<ResolvedEndpoint, 'imageMaxPixels'>,
  { messages, sampling }: Pick<AskRequest, 'messages' | 'sampling'>,
): Estimate {
  let promptTokens = 0
  for (const { text, images = [] } of messages)
    promptTokens += text.length / charactersPerToken + (images.length * imageMaxPixels) / pixelsPerToken
  return { promptTokens, maxTokens: sampling.maxTokens }
}
