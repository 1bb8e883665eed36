import { z } from 'zod'
import { checkFields, rewardFields } from '../domain/answer-check.ts'

const message = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })
const images = z.array(z.string().startsWith('/', 'must be an absolute path'))

/**
 * A conversation to imitate. `<image>` in a turn marks where each image belongs; images are
 * absolute paths of ours.
 */
export const sftRowSchema = z.object({ id: z.string(), images, messages: z.array(message).min(2) })
export type SftRow = z.infer<typeof sftRowSchema>

/** A question to practise on, with what the verifier compares answers with. */
export const rlRowSchema = z.object({
  id: z.string(),
  images,
  prompt: z.array(message).min(1),
  answer: z.string(),
  ...rewardFields.omit({ question: true }).partial().shape,
  kind: checkFields.shape.kind,
  choices: checkFields.shape.choices,
})
export type RlRow = z.infer<typeof rlRowSchema>
