import { z } from 'zod'
import { checkFields, rewardFields } from '../domain/answer-check.ts'

const message = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })
const images = z.array(z.string().startsWith('/', 'must be an absolute path'))

/**
 * A conversation to imitate. An `<image>` mark in a turn is the place of an image. Images are
 * absolute paths on this machine.
 */
export const sftRowSchema = z.object({ id: z.string(), images, messages: z.array(message).min(2) })
export type SftRow = z.infer<typeof sftRowSchema>

/** A question to practise on, with everything that a check of its answers needs. */
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
