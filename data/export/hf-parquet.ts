import { canonicalJson } from '../../domain/canonical.ts'
import { cardFile, trainSplit } from './card.ts'
import { checkCells, checkColumns } from './check-columns.ts'
import type { ExportFormat } from './format.ts'
import type { ExportColumns } from './parquet-columns.ts'

const columns: ExportColumns = {
  id: 'string',
  origin: 'string',
  question: 'string',
  answer: 'string',
  ...checkColumns,
  description: 'string',
  trace: 'string',
  verdict: 'string',
  verdict_reason: 'string',
  extracted: 'string',
  verifier_version: 'string',
  status: 'string',
  status_reason: 'string',
  metadata: 'string',
}

/**
 * A data set with all fields of a row, with pictures that `datasets` decodes, and with a card.
 * `policy` and `metadata` are JSON.
 */
export const hfParquet: ExportFormat = {
  kinds: ['rows'],
  images: ['embed'],
  takesDropped: true,
  shows: 'pixels',
  record: (row) => {
    const { id, question, answer, description, trace, verdict, status } = row
    const fields = {
      id,
      origin: row.originId,
      question,
      answer,
      ...checkCells(row),
      description,
      trace,
      verdict: verdict?.verdict ?? null,
      verdict_reason: verdict?.reason ?? null,
      extracted: verdict?.extracted ?? null,
      verifier_version: verdict?.verifierVersion ?? null,
      status,
      status_reason: row.reason,
      metadata: canonicalJson(row.metadata),
    }
    return { row: { fields, images: row.images } }
  },
  columns: () => columns,
  pictureFields: 'bytes-path',
  saysFeatures: true,
  extras: (written) => cardFile(written, columns),
  usage: (_, folder) => [
    `load_dataset("${folder}", split="train")`,
    `load_dataset("parquet", data_files="${folder}/${trainSplit}", split="train")`,
  ],
}
