import { join } from 'node:path'
import { z } from 'zod'

/** Names of the files in a job's folder. scripts/run.py uses the same names. */
export const files = (folder: string) => ({
  scripts: join(folder, 'scripts'),
  data: join(folder, 'train.jsonl'),
  datasetInfo: join(folder, 'dataset_info.json'),
  config: join(folder, 'config.yaml'),
  plan: join(folder, 'plan.json'),
  rows: join(folder, 'rows.json'),
  cache: join(folder, 'cache'),
  /** The product's own output folder: its log, checkpoints and results. */
  trained: join(folder, 'train'),
  log: join(folder, 'train', 'trainer_log.jsonl'),
  state: join(folder, 'train', 'trainer_state.json'),
  results: join(folder, 'train', 'all_results.json'),
  /** Merged adapters, before they become the plain folder of weights. */
  merged: join(folder, 'merged'),
  output: join(folder, 'output'),
})

/** Facts for the decisions that only the job's machine can make, and for the verdict. */
export const planFile = z.object({
  rows: z.int(),
  /** Null when the steps follow from epochs: then the product logs the planned number. */
  steps: z.int().nullable(),
  /** Step of the checkpoint from which the job resumes. */
  resumedFrom: z.int().nullable(),
  /** Folder of the stage's start weights, as the job sees it. */
  model: z.string(),
  lora: z.boolean(),
  gpus: z.int().positive(),
  precision: z.enum(['auto', 'fp32', 'bf16']),
  /**
   * Whether the job has its own limits for the size of pictures. Then a prompt may have another
   * number of picture tokens.
   */
  ownImageLimits: z.boolean(),
})
export type PlanFile = z.infer<typeof planFile>

/** Number of training rows, as the product logs it. */
export const rowsFile = z.object({ rows: z.int() })

/** transformers' `trainer_state.json`. A value that was NaN reads as null. */
export const stateFile = z.object({
  global_step: z.int(),
  max_steps: z.int(),
  log_history: z.array(z.looseObject({ step: z.number(), loss: z.number().nullish() })),
})

export const resultsFile = z.object({ train_runtime: z.number() })
