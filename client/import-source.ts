import { failureCounts, findImport, importNotes, nameImport, requireFreeName } from '../db/imports.ts'
import type { NoteCount } from '../data/import/row-notes.ts'
import { bytesOf } from './import-settings.ts'
import type { ImportSettings } from './import-settings.ts'
import type { Prepared } from './prepare-import.ts'
import { writeSource } from './write-source.ts'
import type { WriteOptions, Written } from './write-source.ts'

export interface ImportOptions extends Omit<WriteOptions, 'label' | 'nextStep' | 'beforeWriting'> {
  /** Whether the name may go from other data to this. */
  replace: boolean
}

/** What an import came to. */
export interface Imported extends Omit<Written, 'notes'> {
  name: string
  /** What was changed in rows or left out, over all rows; null when an older Hone imported them. */
  changed: NoteCount[] | null
  pictures: number
  failures: { reason: string; rows: number }[]
}

/**
 * Imports a prepared source and names it. Throws what {@link writeSource} throws, and InvalidInput
 * when the name belongs to other data.
 */
export async function runImport(prepared: Prepared, options: ImportOptions): Promise<Imported> {
  const { db, name, replace, path, maxRows } = options
  const { source, mapping, places, asked } = prepared
  const { notes, ...written } = await writeSource(prepared, {
    ...options,
    label: path,
    nextStep: 'mend the source or its mapping (see --dry-run), or raise --max-failed; the name was not given',
    beforeWriting: async (datasetId) => {
      if (!replace) await requireFreeName(db, name, datasetId)
    },
  })
  const { datasetId, failed } = written
  const changed = notes ?? (await importNotes(db, datasetId))
  const settings: ImportSettings & { changed: typeof changed } = {
    format: source.found.format,
    mapping,
    maxRows: maxRows ?? null,
    allowUrls: places.allowUrls !== false,
    origin: { ...asked, bytes: await bytesOf(source) },
    changed,
  }
  await nameImport(db, { name, datasetId, mapping: settings, replace })
  const { pictures = 0 } = (await findImport(db, name)) ?? {}
  return { ...written, name, changed, pictures, failures: failed === 0 ? [] : await failureCounts(db, datasetId) }
}
