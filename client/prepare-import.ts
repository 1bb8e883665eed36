import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { stampFiles, unchanging } from '../data/import/file-stamps.ts'
import type { LookOptions } from '../data/import/first-look.ts'
import { guessMapping } from '../data/import/guess.ts'
import type { FetchedUrls } from '../data/import/fetch-picture.ts'
import { pictureFolders } from '../data/import/load-pictures.ts'
import type { PicturePlaces } from '../data/import/load-pictures.ts'
import { parseMapping } from '../data/import/mapping.ts'
import type { Mapping } from '../data/import/mapping.ts'
import { openSource } from '../data/import/open.ts'
import type { OpenOptions, OpenSource } from '../data/import/open.ts'
import { ownLinesMapping, ownLinesRules } from '../data/import/own-mapping.ts'
import { findOwnLines, readOwnLines } from '../data/import/read-own-lines.ts'
import { readSample, requireColumns, sampleRecords } from '../data/import/sample.ts'
import { importHash, limitedHash, ownLinesHash } from '../data/import/source-hash.ts'
import { rowMaker } from '../data/import/to-row.ts'
import type { RowRules } from '../data/import/to-row.ts'
import { HoneError } from '../domain/errors.ts'

export interface PrepareOptions extends OpenOptions {
  sources: readonly string[]
  /** File of the mapping; guessed when absent. */
  mappingFile?: string | undefined
  /** Folders of pictures, instead of the source's own. */
  images: readonly string[]
  allowUrls: FetchedUrls
}

/**
 * A source that is ready to be imported: found, opened, its mapping known. The caller closes it.
 */
export interface Prepared {
  source: OpenSource
  mapping: Mapping
  rules: RowRules
  /** What was chosen where there was a choice. */
  notes: string[]
  places: PicturePlaces
  /**
   * Whether its hash takes a look at the pictures that its rows name by path; these are kept on the
   * way.
   */
  looksAtPictures: boolean
  /** Reads all of it once and returns its hash. */
  identify: (look: Omit<LookOptions, 'mapping' | 'places'>) => Promise<string>
  close: () => Promise<void>
}

/**
 * Opens a source and finds its mapping. Throws InvalidSource, or InvalidInput for a mapping that
 * does not fit.
 */
export async function prepareImport(options: PrepareOptions): Promise<Prepared> {
  const { sources, mappingFile, images, allowUrls, signal } = options
  const stated = mappingFile === undefined ? null : parseMapping(await readMapping(mappingFile), mappingFile)
  const source = await openSource(sources, options)
  try {
    const { found, archive } = source
    const sample = await readSample(source.reader, signal)
    if (sample.length === 0)
      throw new HoneError({
        type: 'InvalidSource',
        message: `${sources.join(', ')}: not one of the first ${sampleRecords} records can be read as ${found.format}`,
        nextStep: 'see whether the file is what its name says, or name its format with --format',
      })
    const { mapping, notes } = stated ? { mapping: stated, notes: [] } : guessMapping(sample, found)
    requireColumns(mapping, sample)
    const makeRow = rowMaker(mapping)
    const refs = sample.flatMap((fields) => makeRow({ line: 1, fields }).pictures)
    // The pictures in an archive are part of its own hash.
    const looksAtPictures = (images.length > 0 || archive === null) && refs.some((ref) => 'path' in ref)
    const places = { folders: pictureFolders(images, found.files, found.root), isAbsoluteFree: false, allowUrls }
    return {
      source,
      mapping,
      rules: {},
      notes,
      places,
      looksAtPictures,
      identify: (look) => importHash(source, looksAtPictures, { ...look, mapping, places }),
      close: source.close,
    }
  } catch (error) {
    await source.close()
    throw error
  }
}

/**
 * Opens what a recipe's `path:` names: a file of Hone's own lines, with their fixed mapping. Throws
 * InvalidSource as {@link findOwnLines} does.
 */
export async function prepareOwnLines(path: string, { needsQuestion }: { needsQuestion: boolean }): Promise<Prepared> {
  const file = await findOwnLines(path)
  const stamps = await stampFiles([file])
  const reader = unchanging(readOwnLines(file), stamps)
  const folder = dirname(file)
  const found = { format: 'jsonl' as const, files: [file], root: folder, listed: null }
  const mapping = ownLinesMapping
  const places: PicturePlaces = { folders: [folder], isAbsoluteFree: true, allowUrls: false }
  const close = async (): Promise<void> => {}
  return {
    source: { found, archive: null, reader, stamps, close },
    mapping,
    rules: ownLinesRules(needsQuestion),
    notes: [],
    places,
    looksAtPictures: true,
    identify: async (look) =>
      limitedHash(await ownLinesHash(reader, { needsQuestion }, { ...look, mapping, places }), look.maxRows),
    close,
  }
}

const readMapping = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((cause: unknown) => {
    throw new HoneError({
      type: 'InvalidInput',
      message: `cannot read the mapping ${file}`,
      nextStep: 'name an existing YAML file; `hone import SOURCE --dry-run` prints one to start from',
      cause,
    })
  })
