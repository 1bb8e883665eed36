import { verifyCheckpointFiles } from '../../artifacts/verify.ts'
import { readJsonFile } from '../../jobs/launchers/files.ts'
import { weightsProblem } from '../../jobs/servers/verdict.ts'
import type { TrainerVerdict } from '../trainer.ts'
import { fatal, filesProblem, rowsProblem, stepsProblem } from '../training-problems.ts'
import { files, planFile, resultFile } from './files.ts'

/** The verdict on an attempt that ended with exit code 0, by its result file and its weights. */
export async function resultVerdict(folder: string): Promise<TrainerVerdict> {
  const { plan, result, output } = files(folder)
  const planned = await readJsonFile(plan, planFile)
  const done = await readJsonFile(result, resultFile)
  if (done === null || planned === null) {
    return { outcome: 'retryable', reason: 'it ended with exit code 0 and wrote no result' }
  }
  const counts =
    stepsProblem(done.stepsDone, { plan: planned.steps, product: done.stepsPlanned }) ??
    rowsProblem(done.rowsRead, planned.rows)
  if (counts !== null) return counts
  const problem = weightsProblem(done.verified)
  if (problem !== null)
    return fatal(problem, 'If weights do not differ, look at learning rate and rewards; else at the trainer’s log.')
  const broken = filesProblem((await verifyCheckpointFiles(output)).problems)
  if (broken !== null) return broken
  const { stepsDone, rowsRead, seconds, verified } = done
  return { outcome: 'ok', output, stepsDone, rowsRead, seconds, verified }
}
