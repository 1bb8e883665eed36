import { HoneError } from '../domain/errors.ts'
import type { KnownRows } from '../plan/known.ts'
import { importFigures } from '../views/import-figures.ts'
import type { FiguresWanted } from '../views/import-figures.ts'
import { withDatabase } from './connections.ts'
import type { Terminal } from './terminal.ts'

/**
 * Counts imports in this home's database. Null for an unknown name, and where no database runs: a
 * plan needs no database, and then says what it would need to know.
 */
export const importCounter =
  (terminal: Pick<Terminal, 'env'>) =>
  async (name: string, wanted: FiguresWanted): Promise<KnownRows | null> => {
    try {
      return await withDatabase(terminal, (db) => importFigures(db, name, wanted))
    } catch (error) {
      if (error instanceof HoneError && error.type === 'MissingDependency') return null
      throw error
    }
  }
