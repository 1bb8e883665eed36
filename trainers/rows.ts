import { z } from 'zod'
import { answerPolicy, rewardKinds } from '../domain/answer-check.ts'

const message = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })
const images = z.array(z.string().startsWith('/', 'must be an absolute path'))

/**
 * A conversation to imitate. `<image>` in a turn marks where each image belongs; images are
 * absolute paths of ours.
 */
export const sftRow = z.object({ id: z.string(), images, messages: z.array(message).min(2) })
export type SftRow = z.infer<typeof sftRow>

/** A question to practise on, with what the verifier compares answers with. */
export const rlRow = z.object({
  id: z.string(),
  images,
  prompt: z.array(message).min(1),
  answer: z.string(),
  kind: z.string(),
  choices: z.array(z.string()).nullable(),
  precision: z.int().optional(),
  policy: answerPolicy.optional(),
  reward: z.enum(rewardKinds).optional(),
})
export type RlRow = z.infer<typeof rlRow>
