import type { TrainingStage } from './stage.ts'
import type { StageEstimate, StageFacts } from './trainer.ts'

// Weights and two moments of AdamW in 32 bits.
const checkpointBytesAParameter = 12

/**
 * The largest divisor of a batch up to `wanted`: what a device takes at once
 * (trainer/hone_trainer/training.py).
 */
export function microBatch(batch: number, wanted: number | undefined): number {
  let micro = Math.min(batch, wanted ?? batch)
  while (batch % micro !== 0) micro -= 1
  return micro
}

/** Rows (SFT) or completions (GRPO) of one optimizer step. */
export const stepBatch = (stage: TrainingStage): number =>
  stage.kind === 'sft' ? stage.settings.batchSize : stage.settings.promptsPerStep * stage.settings.generations

/** Rows that one optimizer step takes. */
const rowsAStep = (stage: TrainingStage): number =>
  stage.kind === 'sft' ? stage.settings.batchSize : stage.settings.promptsPerStep

/**
 * Steps of a stage. transformers' Trainer counts the last, smaller batch of a pass as a step. Null
 * while the number of rows is not known and the stage counts in epochs.
 */
export function plannedSteps(stage: TrainingStage, rows: number | null): number | null {
  if (stage.kind === 'rl') return stage.settings.steps
  const { maxSteps, epochs = 1, batchSize } = stage.settings
  if (maxSteps !== undefined) return maxSteps
  return rows === null ? null : Math.ceil(epochs * Math.ceil(rows / batchSize))
}

/**
 * What a stage comes to under a trainer built on transformers' Trainer that keeps the newest `kept`
 * checkpoints.
 */
export function estimateStage(stage: TrainingStage, facts: StageFacts, kept: number): StageEstimate {
  const steps = plannedSteps(stage, facts.rows)
  const { saveEverySteps } = stage.settings
  const parameters = facts.model?.parameters ?? null
  const written = steps === null ? null : saveEverySteps === null ? 0 : Math.ceil(steps / saveEverySteps)
  return {
    steps,
    passes: passes(stage, facts.rows),
    checkpointBytes:
      written === null || parameters === null ? null : Math.min(kept, written) * parameters * checkpointBytesAParameter,
    microBatch: microBatch(stepBatch(stage), stage.settings.microBatchSize),
  }
}

function passes(stage: TrainingStage, rows: number | null): number | null {
  if (stage.kind === 'sft' && stage.settings.maxSteps === undefined) return stage.settings.epochs ?? 1
  const steps = plannedSteps(stage, rows)
  if (rows === null || steps === null) return null
  return rows === 0 ? 0 : (steps * rowsAStep(stage)) / rows
}
