import { join } from 'node:path'
import { z } from 'zod'
import { verdictFile } from '../../jobs/servers/verdict.ts'

/** Names of the files in a job's folder; trainer/hone_trainer/config.py is told the paths. */
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

/** What materialize wrote, kept beside it: the trainer must read as many rows. */
export const planFile = z.object({ rows: z.int(), steps: z.int().nullable() })

/** What `hone_trainer` writes last. */
export const resultFile = z.object({
  stepsPlanned: z.int(),
  stepsDone: z.int(),
  rowsRead: z.int(),
  seconds: z.number(),
  verified: verdictFile,
})
