import { canonicalJson } from '../../domain/canonical.ts'
import { HoneError } from '../../domain/errors.ts'
import { microBatch, plannedSteps } from '../estimate.ts'
import type { SftSettings, TrainingStage } from '../stage.ts'
import type { StageRun } from '../trainer.ts'
import type { PlanFile } from './files.ts'
import { datasetName } from './rows.ts'

// The checkpoint's own image processor sets the size of pictures, as in serving. Without these two
// limits LLaMA-Factory would first shrink pictures to 768 × 768.
const anyPixels = { most: 1_000_000_000, least: 1 }

// Longer than any model's context. LLaMA-Factory silently cuts rows at this length (2,048 by
// default), and a cut between picture tokens ends the training.
const uncutTokens = 1_000_000

/** Processes that share a batch: one for each GPU. */
export const processes = ({ resources }: TrainingStage): number => Math.max(1, resources.gpus ?? 1)

/**
 * The settings of an SFT stage. Throws HoneError (InvalidInput) for reinforcement learning, which
 * `check` refuses.
 */
export function sftOf(stage: TrainingStage): SftSettings {
  if (stage.kind === 'sft') return stage.settings
  throw new HoneError({
    type: 'InvalidInput',
    message: `LLaMA-Factory cannot train ${stage.key}: it has no GRPO.`,
    nextStep: 'Give the rl step another trainer, e.g. `trainer: trl`.',
  })
}

/** Keys that options may change: Hone's defaults. */
const defaults = {
  cutoff_len: uncutTokens,
  disable_tqdm: true,
  report_to: 'none',
} as const

function batchKeys(stage: TrainingStage, { batchSize, microBatchSize }: SftSettings): Record<string, number> {
  const share = Math.max(1, Math.floor(batchSize / processes(stage)))
  const micro = microBatch(share, microBatchSize)
  return { per_device_train_batch_size: micro, gradient_accumulation_steps: share / micro }
}

function tuningKeys({ lora, freezeVision }: SftSettings): Record<string, unknown> {
  const frozen = freezeVision || lora?.excludeVision === true
  return {
    finetuning_type: lora === undefined ? 'full' : 'lora',
    // LLaMA-Factory's default for both is true. With adapters they also decide which parts get no
    // adapters.
    freeze_vision_tower: frozen,
    freeze_multi_modal_projector: frozen,
    ...(lora !== undefined && {
      lora_rank: lora.rank,
      lora_alpha: lora.alpha,
      lora_dropout: lora.dropout,
      lora_target: lora.targetModules?.join(',') ?? 'all',
    }),
  }
}

/**
 * Where the job starts. After a resume the weights are read from the checkpoint as a model;
 * `resume_here` in run.py says why.
 */
function startKeys(stage: TrainingStage, run: StageRun): Record<string, unknown> {
  const start = run.see(run.weights.startFrom)
  if (run.resume === null) return { model_name_or_path: start }
  const checkpoint = run.see(run.resume.path)
  return {
    model_name_or_path: sftOf(stage).lora === undefined ? checkpoint : start,
    resume_from_checkpoint: checkpoint,
  }
}

/**
 * The keys that Hone sets and options may not name. Paths are relative to the job's folder, where
 * the job runs.
 */
function ownKeys(stage: TrainingStage, run: StageRun): Record<string, unknown> {
  const settings = sftOf(stage)
  const { scheduler, saveEverySteps } = settings
  return {
    stage: 'sft',
    do_train: true,
    dataset_dir: '.',
    dataset: datasetName,
    output_dir: 'train',
    ...startKeys(stage, run),
    ...tuningKeys(settings),
    ...batchKeys(stage, settings),
    ...(settings.maxSteps === undefined ? { num_train_epochs: settings.epochs } : { max_steps: settings.maxSteps }),
    learning_rate: settings.learningRate,
    lr_scheduler_type: scheduler === 'constant' ? 'constant_with_warmup' : scheduler,
    warmup_steps: settings.warmupRatio, // a value below 1 is a share of the steps
    weight_decay: settings.weightDecay,
    seed: stage.seed,
    logging_steps: settings.logEverySteps,
    logging_first_step: true,
    logging_nan_inf_filter: false, // a NaN loss must be visible
    save_strategy: saveEverySteps === null ? 'no' : 'steps',
    ...(saveEverySteps !== null && { save_steps: saveEverySteps, save_total_limit: checkpointsKept }),
    image_max_pixels: settings.imageMaxPixels ?? anyPixels.most,
    image_min_pixels: settings.imageMinPixels ?? anyPixels.least,
    // Only the last answer is learnt, as in the other trainers.
    mask_history: true,
  }
}

/** Number of checkpoints on disk at once. */
export const checkpointsKept = 2

/**
 * The text of `config.yaml`: one key in each line, with values as JSON, which is also YAML. The
 * same stage gives the same bytes.
 */
export function configText(stage: TrainingStage, run: StageRun): string {
  const config: Record<string, unknown> = { ...defaults, ...stage.options, ...ownKeys(stage, run) }
  return Object.keys(config)
    .sort()
    .map((key) => `${key}: ${canonicalJson(config[key])}\n`)
    .join('')
}

/** The content of `plan.json`. */
export function planOf(stage: TrainingStage, run: StageRun, rows: number): PlanFile {
  const settings = sftOf(stage)
  return {
    rows,
    steps: plannedSteps(stage, null),
    resumedFrom: run.resume?.step ?? null,
    model: run.see(run.weights.startFrom),
    lora: settings.lora !== undefined,
    gpus: processes(stage),
    precision: settings.precision,
    ownImageLimits: settings.imageMaxPixels !== null || settings.imageMinPixels !== null,
  }
}
