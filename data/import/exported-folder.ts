import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { exists } from '../../artifacts/exists.ts'
import { HoneError } from '../../domain/errors.ts'
import { parseJson } from '../../domain/json-text.ts'
import { refusedFile } from '../export/row-sink.ts'
import { manifestFile } from '../export/write-export.ts'

/** The part of `hone-manifest.json` that says which files hold rows. */
const manifest = z.object({
  format: z.literal(1),
  files: z.array(z.object({ path: z.string(), rows: z.number().nullable() })),
})

/** A folder that `hone export` wrote. */
export interface ExportedFolder {
  folder: string
  /** Absolute paths of the files of rows, in order. */
  files: string[]
}

/**
 * What `hone export` wrote into a folder, by its manifest; null for other folders. The folder
 * `data` inside an export counts as the export. Throws InvalidSource when a file of rows is gone:
 * the rest would look like the whole.
 */
export async function findExported(folder: string): Promise<ExportedFolder | null> {
  const places = basename(folder) === 'data' ? [folder, dirname(folder)] : [folder]
  for (const place of places) {
    const text = await readFile(join(place, manifestFile), 'utf8').catch(() => null)
    const { data } = manifest.safeParse(text === null ? undefined : parseJson(text))
    if (!data) continue
    const rows = data.files.filter(({ path, rows: count }) => count !== null && path !== refusedFile)
    const files = rows.map(({ path }) => join(place, path))
    for (const file of files) if (!(await exists(file))) throw missing(file, place)
    return { folder: place, files }
  }
  return null
}

const missing = (file: string, folder: string): HoneError =>
  new HoneError({
    type: 'InvalidSource',
    message: `${file} is missing: ${manifestFile} lists it`,
    nextStep: `bring it back, export again, or remove ${join(folder, manifestFile)} and import the files that are there`,
  })
