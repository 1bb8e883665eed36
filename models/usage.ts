import { costOf } from '../domain/prices.ts'
import type { AskRequest, Reply } from './ask.ts'
import type { ResolvedEndpoint } from './endpoint.ts'
import type { Estimate } from './rate-limit.ts'

/** What one answered request used. Tokens of a reused reply were paid earlier. */
export interface Usage {
  endpoint: string
  promptTokens: number
  completionTokens: number
  /** Of the prompt tokens, those that the server had in its cache; 0 when it does not say. */
  cachedTokens: number
  reused: boolean
  /** What the reply cost; absent for a reused one, and where the endpoint states no prices. */
  cost?: { amount: number; currency: string }
}

/** What a request is to its asker: named as asked, at the endpoint's prices; a reply that was paid before costs nothing. */
export function usageOf(
  { name, prices }: Pick<ResolvedEndpoint, 'name' | 'prices'>,
  { promptTokens, completionTokens, reused }: Reply,
  cachedTokens: number,
): Usage {
  const usage = { endpoint: name, promptTokens, completionTokens, cachedTokens: reused ? 0 : cachedTokens, reused }
  if (!prices || reused) return usage
  return { ...usage, cost: { amount: costOf(usage, prices), currency: prices.currency } }
}

// Characters of a token in English, and pixels of a picture's token in Qwen2.5-VL: first guesses that replies correct.
const charactersPerToken = 4
const pixelsPerToken = 784

/** What a request will take, as far as its own size tells. */
export function estimateOf(
  { imageMaxPixels }: Pick<ResolvedEndpoint, 'imageMaxPixels'>,
  { messages, sampling }: Pick<AskRequest, 'messages' | 'sampling'>,
): Estimate {
  let promptTokens = 0
  for (const { text, images = [] } of messages)
    promptTokens += text.length / charactersPerToken + (images.length * imageMaxPixels) / pixelsPerToken
  return { promptTokens, maxTokens: sampling.maxTokens }
}
