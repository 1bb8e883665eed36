import { z } from 'zod'

/** What the server's owner asks for a million tokens. */
export const prices = z.strictObject({
  promptPerMillion: z.number().min(0),
  completionPerMillion: z.number().min(0),
  /** Of prompt tokens that the server had in its cache, where it says how many; `promptPerMillion` where absent. */
  cachedPromptPerMillion: z.number().min(0).optional(),
  currency: z.string().min(1).max(8).default('USD'),
})
export type Prices = z.infer<typeof prices>

/** What tokens cost, in the currency of the prices. `cachedTokens` are those of the prompt that the server had in its cache. */
export function costOf(
  { promptTokens, completionTokens, cachedTokens = 0 }: Tokens,
  { promptPerMillion, completionPerMillion, cachedPromptPerMillion = promptPerMillion }: Prices,
): number {
  const cached = Math.min(cachedTokens, promptTokens)
  const fresh = promptTokens - cached
  return (fresh * promptPerMillion + cached * cachedPromptPerMillion + completionTokens * completionPerMillion) / 1e6
}

interface Tokens {
  promptTokens: number
  completionTokens: number
  cachedTokens?: number
}
