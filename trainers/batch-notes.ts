import { note } from '../jobs/finding.ts'
import type { Finding } from '../jobs/finding.ts'
import { microBatch, stepBatch } from './estimate.ts'
import type { TrainingStage } from './stage.ts'
import type { StageFacts } from './trainer.ts'

/**
 * Parameters from which on a model is trained on a GPU; the demo's own has some hundred thousand.
 */
const gpuSizedParameters = 1e9

// Qwen2.5-VL's 152,064 logits of a token take 0.6 MB in 32 bits, so 20 GB at this limit, and their
// gradient as much again: with weights and optimizer of some billion parameters beside them no GPU
// of today holds more.
const mostTokensAtOnce = 32_768

const counted = (value: number): string => value.toLocaleString('en-US')

const batchName = (stage: TrainingStage): string =>
  stage.kind === 'sft'
    ? 'batchSize'
    : `promptsPerStep × generations = ${stage.settings.promptsPerStep} × ${stage.settings.generations}`

/**
 * How the trainer cuts a batch, where that is not what the recipe says or would not fit on a
 * device.
 */
export function batchNotes(stage: TrainingStage, facts: StageFacts): Finding[] {
  const batch = stepBatch(stage)
  const micro = stage.settings.microBatchSize
  if (micro !== undefined)
    return micro > batch || batch % micro === 0
      ? []
      : [
          note(
            `microBatchSize ${micro} does not divide ${batchName(stage)} = ${counted(batch)}: ` +
              `the trainer takes ${microBatch(batch, micro)} instead`,
          ),
        ]
  const tokens = batch * facts.sequenceTokens
  if ((facts.model?.parameters ?? 0) < gpuSizedParameters || tokens <= mostTokensAtOnce) return []
  const advised = microBatch(batch, Math.max(1, Math.floor(mostTokensAtOnce / facts.sequenceTokens)))
  return [
    note(
      `without microBatchSize a device takes the whole batch of ${counted(batch)} at once, up to ` +
        `${counted(tokens)} tokens: above ${counted(mostTokensAtOnce)} expect it to run out of memory; ` +
        `set microBatchSize, e.g. ${advised}`,
    ),
  ]
}

/** Processes share a batch in equal parts. */
export function sharedBatch(stage: TrainingStage): Finding[] {
  const { gpus = 1 } = stage.resources
  const batch = stepBatch(stage)
  if (gpus <= 1 || batch % gpus === 0) return []
  return [
    {
      level: 'refusal',
      text: `${batchName(stage)} = ${counted(batch)} cannot be shared by ${gpus} GPUs in equal parts`,
      fix: `make it a multiple of ${gpus}`,
    },
  ]
}
