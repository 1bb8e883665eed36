import { join } from 'node:path'
import { z } from 'zod'
import { verdictFile } from '../../jobs/servers/verdict.ts'
import type { TrainingStage } from '../stage.ts'

/** What `hone_trainer` calls a stage: on its command line and as the `kind` of its config. */
export const jobWord = ({ kind }: Pick<TrainingStage, 'kind'>): 'sft' | 'grpo' => (kind === 'rl' ? 'grpo' : kind)

/**
 * Names of the files in a job's folder. Its config tells them to trainer/hone_trainer/config.py.
 */
export const files = (folder: string) => ({
  data: join(folder, 'train.jsonl'),
  config: join(folder, 'config.json'),
  plan: join(folder, 'plan.json'),
  metrics: join(folder, 'metrics.jsonl'),
  result: join(folder, 'result.json'),
  checkpoints: join(folder, 'checkpoints'),
  snapshots: join(folder, 'snapshots'),
  output: join(folder, 'output'),
})

/** Number of rows and steps that `materialize` wrote down: the trainer must read as many rows. */
export const planFile = z.object({ rows: z.int(), steps: z.int().nullable() })

/** The file that `hone_trainer` writes last. */
export const resultFile = z.object({
  stepsPlanned: z.int(),
  stepsDone: z.int(),
  rowsRead: z.int(),
  seconds: z.number(),
  verified: verdictFile,
})
