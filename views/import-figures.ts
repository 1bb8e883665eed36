import type { Database } from '../db/database.ts'
import { datasetFigures, findImport, groupsOf } from '../db/imports.ts'
import { trainingProblems } from '../db/training-problems.ts'
import type { UntrainableParts } from '../db/training-problems.ts'

/** An import in figures. */
export interface ImportFigures {
  /** Kept rows. */
  rows: number
  /** Mean characters of a question with its choices. */
  questionCharacters: number
  /** Mean pictures of a row. */
  images: number
  /** How many different values each wanted field of the metadata has. */
  groups: Record<string, number>
  /** Rows that training would leave out, by reason; absent without limits. */
  problems?: Record<string, number>
}

export interface FiguresWanted {
  /** Fields of the metadata whose values are counted. */
  fields: readonly string[]
  /** What the recipe's trainings cannot take; null for a recipe that trains nothing. */
  limits: UntrainableParts | null
}

/** Figures of the import of a name; null when there is no import of this name. */
export async function importFigures(
  db: Database,
  name: string,
  { fields, limits }: FiguresWanted,
): Promise<ImportFigures | null> {
  const found = await findImport(db, name)
  if (!found) return null
  const { rows, questionCharacters, images } = await datasetFigures(db, found.datasetId)
  const groups: Record<string, number> = {}
  for (const field of new Set(fields)) groups[field] = await groupsOf(db, found.datasetId, field)
  const problems = limits && (await trainingProblems(db, found.datasetId, limits))
  return { rows, questionCharacters, images, groups, ...(problems && { problems }) }
}
