import { join, resolve } from 'node:path'
import { importIt } from '../data/import/read-own-lines.ts'
import type { Database } from '../db/database.ts'
import { listSources } from '../db/datasets.ts'
import { datasetFigures, failureCounts, findImport, listImports } from '../db/imports.ts'
import { HoneError } from '../domain/errors.ts'
import { importPrefix } from '../domain/ids.ts'
import { didYouMean } from '../domain/did-you-mean.ts'
import { failedLines } from './failed-lines.ts'
import type { FailedLine } from './failed-lines.ts'
import { prepareOwnLines } from './prepare-import.ts'
import type { StartOptions } from './start-options.ts'
import { hasPictures } from './stored-pictures.ts'
import { writeSource } from './write-source.ts'
import type { ImportProgress } from './write-source.ts'

/** A line of a source or benchmark that cannot be used. */
export interface BadLine extends FailedLine {
  /** Name in the recipe. */
  data: string
}

/** A source or benchmark that a campaign may use. */
export interface Admitted {
  role: 'source' | 'benchmark'
  name: string
  datasetId: string
  failed: number
  badLines: BadLine[]
}

type Data = Pick<Admitted, 'role' | 'name'> & { path: string; maxRows: number | undefined }

/**
 * Brings one source or benchmark into the database, unless the same data is there. A path leads to
 * Hone's own lines, which are imported with their fixed mapping; `import:NAME` is data that `hone
 * import` brought in. Throws InvalidSource.
 */
export async function admitData(options: StartOptions, data: Data): Promise<Admitted> {
  return data.path.startsWith(importPrefix) ? admitImport(options, data) : admitPath(options, data)
}

async function admitPath(
  { db, store, recipe, folder, demo, onProgress }: StartOptions,
  { role, name, path, maxRows }: Data,
): Promise<Admitted> {
  const place = placeOf(path, folder, demo)
  const prepared = await prepareOwnLines(place, { needsQuestion: role === 'benchmark' })
  const { datasetId, rows, failed, importedBefore } = await writeSource(prepared, {
    db,
    store,
    name,
    path: place,
    label: `${role} "${name}" (${place})`,
    maxRows,
    maxFailed: { share: recipe.limits.failedRowsPercent / 100 },
    nextStep:
      'mend them and start again, or raise limits.failedRowsPercent; no campaign was created. ' +
      `If the file has another format: ${importIt(place)}`,
    skipUnreachable: true,
    onProgress: (progress) => onProgress(`${role} ${name}: ${progressText(progress)}`),
  })
  onProgress(`${role} ${name}: ${rows} rows${importedBefore ? ', imported before' : ''}`)
  return { role, name, datasetId, failed, badLines: await badLinesOf(db, name, { datasetId, failed }) }
}

function progressText({ state, rows, pictures }: ImportProgress): string {
  if (state === 'importing') return `${rows} rows`
  return state === 'looking' && pictures > 0 ? `looking, ${pictures} pictures` : state
}

const badLinesOf = async (
  db: Database,
  data: string,
  { datasetId, failed }: Pick<Admitted, 'datasetId' | 'failed'>,
): Promise<BadLine[]> => (failed === 0 ? [] : (await failedLines(db, datasetId)).map((line) => ({ data, ...line })))

/**
 * Data that was imported under a name, taken whole. A campaign that has it goes on with the rows
 * that it started with, whatever data has the name by now. How many rows may fail was decided at
 * the import.
 */
async function admitImport({ db, store, recipe, onProgress }: StartOptions, data: Data): Promise<Admitted> {
  const { role, name, path, maxRows } = data
  const refuse = (message: string, nextStep: string): HoneError =>
    new HoneError({ type: 'InvalidSource', message: `${role} "${name}" (${path}): ${message}`, nextStep })
  const linked = (await listSources(db, recipe.campaign)).find((one) => one.role === role && one.name === name)
  const datasetId = linked?.dataset.id ?? (await datasetOfImport(db, path.slice(importPrefix.length), refuse))
  const { rows, withoutQuestion } = await datasetFigures(db, datasetId)
  const again = 'import its source again: `hone import SOURCE --as'
  if (maxRows !== undefined && maxRows < rows)
    throw refuse(
      `an import is taken whole, and it has ${rows} rows where ${role === 'source' ? 'maxRows' : 'maxItems'} is ${maxRows}`,
      `${again} OTHER-NAME --max-rows ${maxRows}\`, or leave the limit out`,
    )
  if (role === 'benchmark' && withoutQuestion > 0)
    throw refuse(
      `${withoutQuestion} of ${rows} rows have no question: a benchmark asks something of every one`,
      `${again} OTHER-NAME\` with a mapping that names the column of the question`,
    )
  if (!(await hasPictures(db, store, datasetId)))
    throw refuse(
      'not all of its pictures are in this home',
      `${again} ${path.slice(importPrefix.length)}\` puts them there`,
    )
  const failures = await failureCounts(db, datasetId)
  const failed = failures.reduce((sum, one) => sum + one.rows, 0)
  onProgress(`${role} ${name}: ${rows} rows, imported before`)
  return { role, name, datasetId, failed, badLines: await badLinesOf(db, name, { datasetId, failed }) }
}

async function datasetOfImport(
  db: Database,
  name: string,
  refuse: (message: string, nextStep: string) => HoneError,
): Promise<string> {
  const found = await findImport(db, name)
  if (found) return found.datasetId
  const known = (await listImports(db)).map((one) => one.name)
  const guess = didYouMean(name, known)
  throw refuse(
    `nothing was imported under the name "${name}"`,
    guess === null
      ? `bring it in: hone import SOURCE --as ${name}; what there is: hone import --list`
      : `did you mean "import:${guess}"? What there is: hone import --list`,
  )
}

function placeOf(path: string, folder: string, demo: StartOptions['demo']): string {
  if (!path.startsWith('demo:')) return resolve(folder, path)
  if (demo) return join(demo.world, `${path.slice('demo:'.length)}.jsonl`)
  throw new HoneError({
    type: 'InvalidSource',
    message: `"${path}" is part of the demo world, which this home does not have`,
    nextStep: 'run `hone demo` or `hone dev --demo`, or name a folder of your own',
  })
}
