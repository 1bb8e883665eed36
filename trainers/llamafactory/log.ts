import { z } from 'zod'
import type { LogSource } from '../../jobs/log-source.ts'
import { namedValues } from '../flat-log.ts'

// Keys of LogCallback in LLaMA-Factory 0.9.5, train/callbacks.py.
const canonicalNames: Readonly<Record<string, string>> = {
  loss: 'loss',
  lr: 'lr',
  epoch: 'epoch',
  total_steps: 'totalSteps',
  total_tokens: 'tokens',
}

const logLine = z.looseObject({ current_steps: z.number() })

/**
 * Reads a line of `trainer_log.jsonl`, e.g.
 * `{"current_steps":5,"total_steps":40,"loss":3.34,"lr":0.0002,"epoch":1.0,"percentage":12.5}`.
 * The last line is a summary without a loss. Lines hold no time of day.
 */
export const readLogLine: LogSource['read'] = (line) => {
  const parsed = logLine.safeParse(line)
  if (!parsed.success) return null
  const { current_steps: step, ...rest } = parsed.data
  if (!('loss' in rest) && !('eval_loss' in rest)) return 'skip'
  return { step, time: null, ...namedValues(rest, (name) => canonicalNames[name] ?? null) }
}
