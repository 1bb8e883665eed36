import { join } from 'node:path'
import { z } from 'zod'

/** Names of the files in a job's folder; scripts/run.py uses the same ones. */
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
  /** What the export of adapters leaves before its weights are put out. */
  merged: join(folder, 'merged'),
  output: join(folder, 'output'),
})

/** What only the job's machine can settle, and what the verdict compares with. */
export const planFile = z.object({
  rows: z.int(),
  /** Null where the steps follow from epochs: the product says how many it planned. */
  steps: z.int().nullable(),
  /** Step of the checkpoint that the job goes on from. */
  resumedFrom: z.int().nullable(),
  /** Folder of the weights that the stage starts from, as the job sees it. */
  model: z.string(),
  lora: z.boolean(),
  gpus: z.int().positive(),
  precision: z.enum(['auto', 'fp32', 'bf16']),
  /**
   * The job has limits of its own for the size of pictures: a prompt may have other numbers of
   * picture tokens.
   */
  ownImageLimits: z.boolean(),
})
export type PlanFile = z.infer<typeof planFile>

/** Number of rows that the product says it trains on. */
export const rowsFile = z.object({ rows: z.int() })

/** transformers' `trainer_state.json`. A value that was NaN reads as null. */
export const stateFile = z.object({
  global_step: z.int(),
  max_steps: z.int(),
  log_history: z.array(z.looseObject({ step: z.number(), loss: z.number().nullish() })),
})

export const resultsFile = z.object({ train_runtime: z.number() })
