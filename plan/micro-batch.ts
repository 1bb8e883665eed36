import type { JobPlan } from './campaign-plan.ts'

/** Sequences that a device takes at once: the trainer's own cut of a batch (trainer/hone_trainer/training.py, micro_batch). */
export function microBatch(batch: number, wanted: number | undefined): number {
  let micro = Math.min(batch, wanted ?? batch)
  while (batch % micro !== 0) micro -= 1
  return micro
}

/** Parameters from which on a model is trained on a GPU; the demo's own has some hundred thousand. */
const gpuSizedParameters = 1e9

// Qwen2.5-VL's 152,064 logits of a token take 0.6 MB in 32 bits, so 20 GB at this limit, and their gradient as much again:
// with weights and optimizer of some billion parameters beside them no GPU of today holds more.
const mostTokensAtOnce = 32_768

/** The job of a step whose batch lies on a device whole and is too large for it; null when none is. */
export function tooLargeAtOnce(
  batches: readonly { batch: number; job: Pick<JobPlan, 'sequenceTokens'> }[],
  parameters: number | undefined,
): { batch: number; tokens: number; limit: number; advised: number } | null {
  if ((parameters ?? 0) < gpuSizedParameters) return null
  const [largest] = batches
    .map(({ batch, job: { sequenceTokens } }) => ({ batch, sequenceTokens, tokens: batch * sequenceTokens }))
    .sort((a, b) => b.tokens - a.tokens)
  if (!largest || largest.tokens <= mostTokensAtOnce) return null
  const { batch, tokens, sequenceTokens } = largest
  const advised = microBatch(batch, Math.max(1, Math.floor(mostTokensAtOnce / sequenceTokens)))
  return { batch, tokens, limit: mostTokensAtOnce, advised }
}
