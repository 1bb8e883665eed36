import { failureCounts, findImport, nameImport, requireFreeName } from '../db/imports.ts'
import type { Prepared } from './prepare-import.ts'
import { writeSource } from './write-source.ts'
import type { WriteOptions, Written } from './write-source.ts'

export interface ImportOptions extends Omit<WriteOptions, 'label' | 'nextStep' | 'beforeWriting'> {
  /** Whether the name may go from other data to this. */
  replace: boolean
}

/** What an import came to. */
export interface Imported extends Written {
  name: string
  pictures: number
  failures: { reason: string; rows: number }[]
}

/**
 * Imports a prepared source and names it. Throws what {@link writeSource} throws, and InvalidInput
 * when the name belongs to other data.
 */
export async function runImport(prepared: Prepared, options: ImportOptions): Promise<Imported> {
  const { db, name, replace, path, maxRows } = options
  const { source, mapping, places } = prepared
  const written = await writeSource(prepared, {
    ...options,
    label: path,
    nextStep: 'mend the source or its mapping (see --dry-run), or raise --max-failed; the name was not given',
    beforeWriting: async (datasetId) => {
      if (!replace) await requireFreeName(db, name, datasetId)
    },
  })
  const { datasetId, failed } = written
  const settings = {
    format: source.found.format,
    mapping,
    maxRows: maxRows ?? null,
    allowUrls: places.allowUrls !== false,
  }
  await nameImport(db, { name, datasetId, mapping: settings, replace })
  const { pictures = 0 } = (await findImport(db, name)) ?? {}
  return { ...written, name, pictures, failures: failed === 0 ? [] : await failureCounts(db, datasetId) }
}
