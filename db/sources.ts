import { eq } from 'drizzle-orm'
import { HoneError } from '../domain/errors.ts'
import type { AnswerKind, AnswerPolicy } from '../domain/answer-check.ts'
import type { Fingerprint } from '../domain/rows.ts'
import type { Database } from './database.ts'
import { getDataset, linkSource, sealDataset } from './datasets.ts'
import { sourceRowId } from './row-ids.ts'
import { datasets, type SourceRole } from './schema/datasets.ts'
import { images, rowImages, rows } from './schema/rows.ts'
import { storableJson, storableOrNull, storableText } from './storable.ts'

/** A picture as the artifact store keeps it. */
export interface SourceImage {
  /** SHA-256 of the stored bytes. */
  hash: string
  width: number
  height: number
  bytes: number
  mediaType: string
  fingerprint?: Fingerprint | null
}

/** One line of a source. A line that cannot be used has a `failure` and is kept with its reason. */
export interface SourceRow {
  /** Id in the source's file, unique in it. */
  sourceId: string
  images: readonly SourceImage[]
  question: string
  answer: string | null
  kind: AnswerKind
  choices: readonly string[] | null
  precision: number | null
  policy: AnswerPolicy | null
  metadata: Readonly<Record<string, unknown>>
  failure?: { reason: string; detail: string } | null
}

/** A source to import. `hash` (hex) identifies the data and how much of it is taken (`maxRows`). */
export interface SourceInput {
  name: string
  path: string
  hash: string
  /** Links the source under `name` in this campaign when it is complete. */
  campaign?: string
  /** What the campaign uses it for (default `source`). */
  role?: SourceRole
}

/** An imported source. `reused`: it was there, and the rows were not asked for. */
export interface ImportedSource {
  datasetId: string
  rows: number
  failed: number
  contentHash: string
  reused: boolean
}

/** Dataset of a source: the same data is imported once for all campaigns. */
export const sourceDatasetId = (hash: string): string => `source/${hash.slice(0, 16)}`

const rowsPerBatch = 500

/**
 * Imports a source once. Rows are written in batches of 500 as they come, so memory stays flat; after a crash the import
 * is simply run again and writes what is missing; a complete one returns without reading `lines`. Throws InvalidSource
 * when two lines have the same id.
 */
export async function importSource(
  db: Database,
  input: SourceInput,
  lines: AsyncIterable<SourceRow> | Iterable<SourceRow>,
): Promise<ImportedSource> {
  const datasetId = sourceDatasetId(input.hash)
  await db
    .insert(datasets)
    .values({ id: datasetId, name: input.name, sourcePath: input.path, sourceHash: input.hash })
    .onConflictDoNothing()
  const before = await getDataset(db, datasetId)
  const reused = before.sealedAt !== null
  if (!reused) await writeLines(db, datasetId, input.path, lines)
  const sealed = await sealDataset(db, datasetId)
  if (input.campaign !== undefined)
    await linkSource(db, { campaign: input.campaign, role: input.role ?? 'source', name: input.name, datasetId })
  const total = await db.$count(rows, eq(rows.datasetId, datasetId))
  return { datasetId, ...sealed, failed: total - sealed.rows, reused }
}

async function writeLines(
  db: Database,
  datasetId: string,
  path: string,
  lines: AsyncIterable<SourceRow> | Iterable<SourceRow>,
): Promise<void> {
  const seen = new Set<string>()
  let position = 0
  let batch: { line: SourceRow; position: number | null }[] = []
  for await (const line of lines) {
    if (seen.has(line.sourceId)) throw duplicate(path, line.sourceId)
    seen.add(line.sourceId)
    batch.push({ line, position: line.failure ? null : position++ })
    if (batch.length === rowsPerBatch) {
      await writeBatch(db, datasetId, batch)
      batch = []
    }
  }
  await writeBatch(db, datasetId, batch)
}

/** One transaction: a source row never stands without its pictures. */
async function writeBatch(
  db: Database,
  datasetId: string,
  batch: readonly { line: SourceRow; position: number | null }[],
): Promise<void> {
  if (batch.length === 0) return
  const pictures = new Map(batch.flatMap(({ line }) => line.images.map((image) => [image.hash, imageRow(image)])))
  const written = batch.map(({ line, position }) => {
    const id = sourceRowId(datasetId, line.sourceId)
    return {
      id,
      datasetId,
      originRowId: id,
      position,
      status: line.failure ? ('failed' as const) : ('kept' as const),
      reason: line.failure?.reason ?? null,
      detail: storableOrNull(line.failure?.detail.slice(0, 500)),
      sourceId: storableText(line.sourceId),
      question: storableText(line.question),
      answer: storableOrNull(line.answer),
      kind: line.kind,
      choices: storableJson(line.choices),
      precision: line.precision,
      policy: line.policy,
      metadata: storableJson(line.metadata),
    }
  })
  const shown = batch.flatMap(({ line }) =>
    line.images.map((image, ordinal) => ({
      rowId: sourceRowId(datasetId, line.sourceId),
      ordinal,
      imageHash: image.hash,
    })),
  )
  await db.transaction(async (tx) => {
    // In the order of their hashes, so that two imports that share pictures cannot block each other for good.
    const inOrder = [...pictures.values()].sort((a, b) => (a.hash < b.hash ? -1 : 1))
    if (inOrder.length > 0) await tx.insert(images).values(inOrder).onConflictDoNothing()
    await tx.insert(rows).values(written).onConflictDoNothing()
    if (shown.length > 0) await tx.insert(rowImages).values(shown).onConflictDoNothing()
  })
}

const imageRow = ({ fingerprint, ...image }: SourceImage) => ({ ...image, ...fingerprint })

const duplicate = (path: string, sourceId: string): HoneError =>
  new HoneError({
    type: 'InvalidSource',
    message: `${path}: the id "${sourceId}" stands on two lines`,
    nextStep: 'give every line an id of its own',
  })
