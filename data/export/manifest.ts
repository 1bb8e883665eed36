import type { AnswerForm, ExportKind, ImageMode } from './format.ts'

/** A dataset on the way from the sources to the exported one. */
export interface LineageDataset {
  id: string
  name: string
  /** SHA-256 over the kept rows in order; null while the dataset is not complete. */
  contentHash: string | null
  kept: number
  dropped: number
  failed: number
  /** The step that wrote it; null for a source. */
  step: { campaign: string; round: number; name: string; kind: string } | null
  /** Hash of a source's files. The path is left out: an export is for other people's eyes. */
  sourceHash: string | null
  /** Ids of the datasets that it was made from, and of the datasets that were weighed for it. */
  inputs: readonly string[]
  evidence: readonly string[]
  /** Who wrote its replies. */
  models: readonly { endpoint: string; model: string; replies: number }[]
  /** The models among them that are checkpoints of Hone. */
  checkpoints: readonly string[]
}

/** A checkpoint that wrote replies in the lineage, and its training data. */
export interface LineageCheckpoint {
  id: string
  trainedOn: readonly string[]
  startedFrom: string | null
}

/** Where a dataset comes from. */
export interface DatasetLineage {
  datasets: readonly LineageDataset[]
  checkpoints: readonly LineageCheckpoint[]
}

/** What is exported. */
export interface ExportSource {
  id: string
  name: string
  contentHash: string | null
  rows: number
  campaign: string | null
  round: number | null
  step: string | null
  recipeHash: string | null
  lineage: DatasetLineage
}

/** Choices for an export that decide what is written. */
export interface ExportChoices {
  /** Name of the format. */
  to: string
  kind: ExportKind
  images: ImageMode
  status: 'kept' | 'all'
  maxRows: number | null
  answers: AnswerForm
  promptSuffix: string
}

/**
 * `hone-manifest.json`. It holds no time and no path of this machine: the same dataset and options
 * give the same bytes.
 */
export interface Manifest {
  format: 1
  dataset: Omit<ExportSource, 'lineage'>
  export: ExportChoices
  counts: { read: number; exported: number; refused: Readonly<Record<string, number>> }
  /** Versions of the verifier whose verdicts the exported rows carry. */
  verifierVersions: readonly string[]
  files: readonly { path: string; bytes: number; rows: number | null; sha256: string }[]
  /** Pictures beside the rows. The name of each is its SHA-256. */
  pictures: { folder: string; count: number; bytes: number } | null
  lineage: DatasetLineage
}
