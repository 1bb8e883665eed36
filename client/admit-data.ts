import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { ArtifactStore } from '../artifacts/store.ts'
import { didYouMean } from '../recipes/did-you-mean.ts'
import { readSource, sourceHash } from '../data/source.ts'
import type { SourceItem } from '../data/source.ts'
import type { Database } from '../db/database.ts'
import { listSources } from '../db/datasets.ts'
import { datasetFigures, failureCounts, findImport, listImports } from '../db/imports.ts'
import { sampleRows } from '../db/rows.ts'
import { importSource } from '../db/sources.ts'
import type { SourceRow } from '../db/sources.ts'
import { HoneError } from '../domain/errors.ts'
import { importPrefix } from '../domain/ids.ts'
import type { StartOptions } from './start-campaign.ts'
import { hasPictures } from './stored-pictures.ts'

/** A line of a source or benchmark that cannot be used. */
export interface BadLine {
  /** Name in the recipe. */
  data: string
  line: number | null
  reason: string
  detail: string
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
 * Imports one source or benchmark, unless the same data was imported before. Pictures go to the store by content. `import:NAME`
 * stands for data that `hone import` brought in. Throws InvalidSource.
 */
export async function admitData(options: StartOptions, data: Data): Promise<Admitted> {
  return data.path.startsWith(importPrefix) ? admitImport(options, data) : admitFile(options, data)
}

async function admitFile(
  { db, store, recipe, folder, demo, onProgress }: StartOptions,
  { role, name, path, maxRows }: Data,
): Promise<Admitted> {
  const place = placeOf(path, folder, demo)
  const reading = { ...(maxRows !== undefined && { maxRows }), needsQuestion: role === 'benchmark' }
  onProgress(`${role} ${name}: looking`)
  const hash = await sourceHash(place, reading)
  const key = maxRows === undefined ? hash : `${hash.slice(0, 56)}${maxRows.toString(16).padStart(8, '0')}`
  const counts = { read: 0 }
  const imported = await importSource(
    db,
    { name, path: place, hash: key },
    storedRows(readSource(place, reading), store, () => {
      counts.read += 1
      if (counts.read % 100 === 0) onProgress(`${role} ${name}: ${counts.read} rows`)
    }),
  )
  if (imported.reused && !(await hasPictures(db, store, imported.datasetId))) {
    onProgress(`${role} ${name}: imported before, its pictures not in this home`)
    for await (const item of readSource(place, reading)) if (item.ok) await storePictures(item, store)
  }
  const total = imported.failed + imported.rows
  const badLines = imported.failed === 0 ? [] : await badLinesOf(db, name, imported.datasetId)
  if (imported.rows === 0 || (100 * imported.failed) / total > recipe.limits.failedRowsPercent)
    throw new HoneError({
      type: 'InvalidSource',
      message: [
        total === 0
          ? `${role} "${name}" (${place}) has no rows`
          : `${role} "${name}" (${place}): ${imported.failed} of ${total} rows cannot be used; the limit is ${recipe.limits.failedRowsPercent} %`,
        ...badLines.map((bad) => `  ${badLineText(bad)}`),
        ...(imported.failed > badLines.length ? [`  … and ${imported.failed - badLines.length} more`] : []),
      ].join('\n'),
      nextStep: 'mend them and start again, or raise limits.failedRowsPercent; no campaign was created',
    })
  onProgress(`${role} ${name}: ${imported.rows} rows${imported.reused ? ', imported before' : ''}`)
  return { role, name, datasetId: imported.datasetId, failed: imported.failed, badLines }
}

/**
 * Data that was imported under a name, taken whole. A campaign that has it goes on with the rows that it started with, whatever the name stands
 * for by now. How many of its rows may have failed was said at the import.
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
  return { role, name, datasetId, failed, badLines: failed === 0 ? [] : await badLinesOf(db, name, datasetId) }
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

const badLinesShown = 5

async function badLinesOf(db: Database, data: string, datasetId: string): Promise<BadLine[]> {
  const failed = await sampleRows(db, datasetId, badLinesShown, 'failed')
  return failed
    .map(({ metadata: { line }, reason, detail }) => ({
      data,
      line: typeof line === 'number' ? line : null,
      reason: reason ?? '',
      detail: detail ?? '',
    }))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
}

/** `line 3: image-broken, the picture cannot be decoded: …` */
export const badLineText = ({ line, reason, detail }: BadLine): string => `line ${line ?? '?'}: ${reason}, ${detail}`

async function* storedRows(
  items: AsyncIterable<SourceItem>,
  store: ArtifactStore,
  onRow: () => void,
): AsyncGenerator<SourceRow> {
  for await (const item of items) {
    onRow()
    yield item.ok ? await goodRow(item, store) : badRow(item)
  }
}

const storePictures = (item: Extract<SourceItem, { ok: true }>, store: ArtifactStore) =>
  Promise.all(
    item.images.map(async ({ path, width, height, bytes, mediaType, fingerprint }) => {
      const { hash } = await store.putImage(await readFile(path))
      return { hash, width, height, bytes, mediaType, fingerprint }
    }),
  )

async function goodRow(item: Extract<SourceItem, { ok: true }>, store: ArtifactStore): Promise<SourceRow> {
  const { id, question, answer, kind, choices, precision, policy, metadata } = item.value
  const images = await storePictures(item, store)
  return {
    sourceId: id,
    images,
    question: question ?? '',
    answer: answer ?? null,
    kind,
    choices: choices ?? null,
    precision: precision ?? null,
    policy: policy ?? null,
    metadata: metadata ?? {},
  }
}

/** A line that cannot be used stays, as a failed row with its reason. */
function badRow(item: Extract<SourceItem, { ok: false }>): SourceRow {
  return {
    // Two bad lines may claim one id; the line number tells them apart.
    sourceId: `line ${item.line}${item.id === null ? '' : ` (${item.id})`}`,
    images: [],
    question: item.value?.question ?? '',
    answer: item.value?.answer ?? null,
    kind: item.value?.kind ?? 'auto',
    choices: item.value?.choices ?? null,
    precision: item.value?.precision ?? null,
    policy: item.value?.policy ?? null,
    metadata: { line: item.line },
    failure: { reason: item.reason, detail: item.detail },
  }
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
