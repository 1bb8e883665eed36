import type { AskMessage, Reply, Sampling } from '../../models/ask.ts'
import { sampleSeed } from '../shards/seeds.ts'
import type { StepContext } from './step.ts'

/** One request of a step. */
interface Call {
  endpoint: string
  text: string
  /** Sent with the text when the model has to see them. */
  images?: readonly string[]
  /**
   * The seed follows the subject: what the row asks, or only its pictures where the rows of the
   * same pictures share the reply.
   */
  subject: string
  /** Number of this call among the calls about one subject, from 0. */
  turn?: number
}

/**
 * Asks for one reply to one user turn. At temperature 0 the seed is the same in every round, so a
 * later round finds the stored reply and pays nothing.
 */
export function askOnce(
  { ask, options, seed }: StepContext<Omit<Sampling, 'seed'>>,
  { endpoint, text, images, subject, turn = 0 }: Call,
): Promise<Reply> {
  const { temperature, topP, maxTokens } = options
  const message: AskMessage = images ? { role: 'user', text, images } : { role: 'user', text }
  const roundSeed = temperature === 0 ? 0 : seed
  return ask({
    endpoint,
    messages: [message],
    sampling: { temperature, topP, maxTokens, seed: sampleSeed(roundSeed, subject, turn) },
    sampleIndex: 0,
  })
}
