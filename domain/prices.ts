import { z } from 'zod'

/** Price of a million tokens, set by the owner of the server. */
export const prices = z.strictObject({
  promptPerMillion: z.number().min(0),
  completionPerMillion: z.number().min(0),
  currency: z.string().min(1).max(8).default('USD'),
})
export type Prices = z.infer<typeof prices>

/** Cost of tokens, in the currency of the prices. */
export const costOf = (
  { promptTokens, completionTokens }: { promptTokens: number; completionTokens: number },
  { promptPerMillion, completionPerMillion }: Prices,
): number => (promptTokens * promptPerMillion + completionTokens * completionPerMillion) / 1e6
