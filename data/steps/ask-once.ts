import type { AskMessage, Reply, Sampling } from '../../models/ask.ts'
import { sampleSeed } from '../shards/seeds.ts'
import type { StepContext } from './step.ts'

/** One call of a step, one sample of it. */
interface Call {
  endpoint: string
  text: string
  /** Sent along where the model is to see them. */
  images?: readonly string[]
  /** What the seed follows: what the row asks, or its pictures where rows that share them share the reply. */
  subject: string
  /** Which of several calls about one subject this is. */
  turn?: number
}

/** Asks for one reply to one user turn. At temperature 0 the round makes no difference, so a later round pays nothing. */
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
