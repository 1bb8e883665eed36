import { verifyCheckpointFiles } from '../../artifacts/verify.ts'
import { readJsonFile } from '../../jobs/launchers/files.ts'
import { weightsProblem } from '../../jobs/servers/verdict.ts'
import type { TrainerVerdict } from '../trainer.ts'
import { files, planFile, resultFile } from './files.ts'

const fatal = (reason: string, nextStep: string): TrainerVerdict => ({ outcome: 'fatal', reason, nextStep })

/** Judges an attempt that ended with exit code 0 by its result file and its weights. */
export async function judgeResult(folder: string): Promise<TrainerVerdict> {
  const { plan, result, output } = files(folder)
  const planned = await readJsonFile(plan, planFile)
  const done = await readJsonFile(result, resultFile)
  if (done === null || planned === null) {
    return { outcome: 'retryable', reason: 'it ended with exit code 0 and wrote no result' }
  }
  const wanted = Math.max(done.stepsPlanned, planned.steps ?? 0)
  if (done.stepsDone < wanted) {
    return { outcome: 'retryable', reason: `it made ${done.stepsDone} of ${wanted} steps` }
  }
  if (done.stepsDone === 0) {
    return fatal('it ended with exit code 0 and made no step', 'Give the step rows, and a number of steps above 0.')
  }
  if (done.rowsRead !== planned.rows) {
    const reason = `the trainer read ${done.rowsRead} rows of ${planned.rows}`
    return fatal(reason, 'Rows were dropped silently: look at the start of its log for why.')
  }
  const problem = weightsProblem(done.verified)
  if (problem !== null)
    return fatal(problem, 'If weights do not differ, look at learning rate and rewards; else at the trainer’s log.')
  const { problems: broken } = await verifyCheckpointFiles(output)
  if (broken.length > 0) {
    return fatal(
      `the trained weights are not whole: ${broken.join('; ')}`,
      'Look for a full disk, then retry the step.',
    )
  }
  const { stepsDone, rowsRead, seconds, verified } = done
  return { outcome: 'ok', output, stepsDone, rowsRead, seconds, verified }
}
