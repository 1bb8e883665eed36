import { datasetFigures, findImport, groupsOf } from '../db/imports.ts'
import { HoneError } from '../domain/errors.ts'
import type { KnownRows } from '../plan/known.ts'
import { withDatabase } from './connections.ts'
import type { Terminal } from './terminal.ts'

/**
 * Counts imports in this home's database. Null for a name that is not there, and where no database runs: a plan needs none, and then says
 * what it would need to know.
 */
export const importCounter =
  (terminal: Pick<Terminal, 'env'>) =>
  async (name: string, fields: readonly string[]): Promise<KnownRows | null> => {
    try {
      return await withDatabase(terminal, async (db) => {
        const found = await findImport(db, name)
        if (!found) return null
        const { rows, questionCharacters, images } = await datasetFigures(db, found.datasetId)
        const groups: Record<string, number> = {}
        for (const field of new Set(fields)) groups[field] = await groupsOf(db, found.datasetId, field)
        return { rows, questionCharacters, images, groups }
      })
    } catch (error) {
      if (error instanceof HoneError && error.type === 'MissingDependency') return null
      throw error
    }
  }
