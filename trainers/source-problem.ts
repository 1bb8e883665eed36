import { trainingJobOf } from '../domain/recipe/jobs.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { isTraining } from '../domain/recipe/step-kinds.ts'
import { questionText } from '../data/rows/question-text.ts'
import type { Row } from '../domain/rows.ts'
import { pictureProblem } from './model-family.ts'
import type { ModelFamily } from './model-family.ts'
import { trainers } from './registry.ts'
import { textProblem } from './training-rows.ts'

/** What the trainings of a recipe cannot take. */
export interface TrainingLimits {
  family: ModelFamily
  /** Texts that one of its products takes for a file of the row. */
  fileMarks: readonly string[]
}

/** The limits of a recipe's trainings; null for a recipe that trains nothing. */
export function limitsOf(recipe: Recipe, family: ModelFamily): TrainingLimits | null {
  const { first, next = [], at = {} } = recipe.rounds
  const trainings = [first, next, ...Object.values(at)].flat().filter(isTraining)
  if (trainings.length === 0) return null
  const products: Readonly<Record<string, { fileMarks?: readonly string[] } | undefined>> = trainers
  const marks = trainings.flatMap((step) => products[trainingJobOf(recipe, step).trainer]?.fileMarks ?? [])
  return { family, fileMarks: [...new Set(marks)] }
}

/**
 * Why training would leave a source's row out, as a code; null when it would not, as far as the row
 * shows it. `sizes` are the sizes of its pictures that are known. db/training-problems.ts counts
 * the same in a database, in the same order of reasons.
 */
export function sourceProblem(
  { question, choices, trace, pictures }: Pick<Row, 'question' | 'choices' | 'trace'> & { pictures: number },
  sizes: readonly { width: number; height: number }[],
  limits: TrainingLimits,
): string | null {
  if (pictures === 0) return 'no-image'
  const asked = textProblem(questionText({ question, choices }, ''), 'question', limits)
  if (asked !== null) return asked
  const shown = sizes.map((size) => pictureProblem(limits.family, size)).find((problem) => problem !== null)
  return shown ?? textProblem(trace ?? '', 'trace', limits)
}
