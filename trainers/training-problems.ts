import type { TrainerVerdict } from './trainer.ts'

/** A failure that another attempt cannot mend. */
export const fatal = (reason: string, nextStep: string): TrainerVerdict => ({ outcome: 'fatal', reason, nextStep })

/**
 * Why a training that ended with exit code 0 made too few steps. Null when it made its steps.
 * `planned` holds the number of steps in the plan (null: it followed from epochs) and in the
 * product's own files; the greater number counts.
 */
export function stepsProblem(
  stepsDone: number,
  planned: { plan: number | null; product: number },
): TrainerVerdict | null {
  const wanted = Math.max(planned.product, planned.plan ?? 0)
  if (stepsDone < wanted) return { outcome: 'retryable', reason: `it made ${stepsDone} of ${wanted} steps` }
  if (stepsDone > 0) return null
  return fatal('it ended with exit code 0 and made no step', 'Give the step rows, and a number of steps above 0.')
}

/**
 * The verdict when rows were dropped. Null when none were, or when `rowsRead` is unknown (null).
 */
export function rowsProblem(rowsRead: number | null, rows: number): TrainerVerdict | null {
  if (rowsRead === null || rowsRead === rows) return null
  const reason = `the trainer read ${rowsRead} rows of ${rows}`
  return fatal(reason, 'Rows were dropped silently: look at the start of its log for why.')
}

/** The verdict on trained weights with `broken` files. Null when no file is broken. */
export function filesProblem(broken: readonly string[]): TrainerVerdict | null {
  if (broken.length === 0) return null
  return fatal(`the trained weights are not whole: ${broken.join('; ')}`, 'Look for a full disk, then retry the step.')
}
