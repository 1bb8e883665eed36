import type { Database } from '../db/database.ts'
import { datasetFigures, findImport, groupsOf } from '../db/imports.ts'

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
}

/** Figures of the import of a name; null when there is no import of this name. */
export async function importFigures(
  db: Database,
  name: string,
  fields: readonly string[],
): Promise<ImportFigures | null> {
  const found = await findImport(db, name)
  if (!found) return null
  const { rows, questionCharacters, images } = await datasetFigures(db, found.datasetId)
  const groups: Record<string, number> = {}
  for (const field of new Set(fields)) groups[field] = await groupsOf(db, found.datasetId, field)
  return { rows, questionCharacters, images, groups }
}
