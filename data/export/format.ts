import type { Row } from '../../domain/rows.ts'
import type { Converted } from '../../trainers/training-rows.ts'
import type { ExportColumns } from './parquet-columns.ts'

/** Formats that a dataset can be written in, each one that a trainer or `hone import` reads. */
export const exportFormats = ['llamafactory', 'easyr1', 'verl', 'trl', 'swift', 'hf-parquet', 'jsonl'] as const
export type ExportFormatName = (typeof exportFormats)[number]

/** Rows to imitate, rows to practise on, or rows as they are. */
export type ExportKind = 'sft' | 'rl' | 'rows'

/** Pictures as files beside the rows (copied, or hard links to the store's), or inside the Parquet files. */
export const imageModes = ['copy', 'link', 'embed'] as const
export type ImageMode = (typeof imageModes)[number]

/** What a reference answer is written as where a trainer hands its reward one text: all that a check needs, or the bare answer. */
export const answerForms = ['packed', 'plain'] as const
export type AnswerForm = (typeof answerForms)[number]

/** A row with what became of it in the step that wrote it. */
export type ExportRow = Row & { status: string; reason: string | null }

/** What a format may know besides the row. */
export interface RecordContext {
  kind: ExportKind
  promptSuffix: string
  answers: AnswerForm
  /** Names the dataset, e.g. `demo/1/reason`. */
  dataset: string
  /** Place of the row among those that were looked at, from 0. */
  index: number
}

/** A row as a format writes it. The pictures go under `images`, last, as the chosen mode has them. */
export interface ExportRecord {
  fields: Readonly<Record<string, unknown>>
  /** SHA-256 of each picture, in order. */
  images: readonly string[]
}

/** What is known when the files are written. */
export interface Written {
  kind: ExportKind
  images: ImageMode
  /** Names the data set in the trainer's own lists: letters, digits, `-` and `_`. */
  name: string
  dataset: string
  rows: number
  /** Files of rows, relative to the folder. */
  files: readonly { path: string; bytes: number }[]
}

/** One format: which rows it takes, and how it writes them. Pure. */
export interface ExportFormat {
  /** The first one is the default. */
  kinds: readonly ExportKind[]
  /** The first one is the default. */
  images: readonly ImageMode[]
  /** Whether a row that was dropped or failed may go in, marked as such. */
  takesDropped: boolean
  record: (row: ExportRow, context: RecordContext) => Converted<ExportRecord>
  /** Columns of Parquet files without `images`; null for JSON lines. */
  columns: (kind: ExportKind) => ExportColumns | null
  /** Members of the struct of an embedded picture. */
  pictureFields: 'bytes' | 'bytes-path'
  /** Whether Parquet files say in their metadata that `images` holds pictures, so that `datasets` decodes them. */
  saysFeatures: boolean
  /** Small files beside the rows, by path. */
  extras: (written: Written) => Readonly<Record<string, string>>
  /** Lines that tell how the trainer reads the folder. */
  usage: (written: Written, folder: string) => readonly string[]
}
