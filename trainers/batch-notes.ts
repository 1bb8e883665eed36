import { note } from '../jobs/finding.ts'
import type { Finding } from '../jobs/finding.ts'
import { microBatch, stepBatch } from './estimate.ts'
import type { TrainingStage } from './stage.ts'
import type { StageFacts } from './trainer.ts'

/**
 * Models with this many parameters or more are trained on a GPU. The demo's model has some hundred
 * thousand.
 */
const gpuSizedParameters = 1e9

// A token has 152,064 logits in Qwen2.5-VL, which take 0.6 MB in 32 bits. At this limit they take
// 20 GB, and their gradient takes 20 GB too. Beside the weights and the optimizer of some billion
// parameters, no GPU of today holds more.
const mostTokensAtOnce = 32_768

const counted = (value: number): string => value.toLocaleString('en-US')

const batchName = (stage: TrainingStage): string =>
  stage.kind === 'sft'
    ? 'batchSize'
    : `promptsPerStep × generations = ${stage.settings.promptsPerStep} × ${stage.settings.generations}`

/**
 * Notes about a batch that the trainer splits in another way than the recipe says, or that would
 * not fit on a device.
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

/** Refuses a batch that the processes cannot share in equal parts. */
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
