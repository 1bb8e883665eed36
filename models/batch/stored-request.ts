import { z } from 'zod'

const message = z.object({
  role: z.enum(['system', 'user', 'assistant']),
  text: z.string(),
  images: z.array(z.string()).exactOptional(),
})

/** A request as batches keep it. Pictures are hashes. */
export const storedRequest = z.object({
  messages: z.array(message),
  sampling: z.object({ temperature: z.number(), topP: z.number(), maxTokens: z.number(), seed: z.number() }),
  sampleIndex: z.number(),
})
