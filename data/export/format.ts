import type { Row } from '../../domain/rows.ts'
import type { ExportColumns } from './parquet-columns.ts'

/** Rows to imitate, rows to practise on, or rows as they are. */
export type ExportKind = 'sft' | 'rl' | 'rows'

/**
 * Pictures as files beside the rows (copied, or hard links to the store's), or inside the Parquet
 * files.
 */
export const imageModes = ['copy', 'link', 'embed'] as const
export type ImageMode = (typeof imageModes)[number]

/**
 * Form of a reference answer where a trainer gives its reward only one text: everything that a
 * check needs, or the bare answer.
 */
export const answerForms = ['packed', 'plain'] as const
export type AnswerForm = (typeof answerForms)[number]

/** A row with its status in the step that wrote it. */
export type ExportRow = Row & { status: string; reason: string | null }

/** A row in another form, or a short code that says why the row has no such form. */
export type Recorded<Value> = { row: Value } | { refused: string }

/** What a format knows besides the row. */
export interface RecordContext {
  kind: ExportKind
  promptSuffix: string
  answers: AnswerForm
  /** Names the dataset, e.g. `demo/1/reason`. */
  dataset: string
  /** Place of the row among the rows that were read, from 0. */
  index: number
}

/** A row as a format writes it. The pictures go last, under `images`, in the chosen mode. */
export interface ExportRecord {
  fields: Readonly<Record<string, unknown>>
  /** SHA-256 of each picture, in order. */
  images: readonly string[]
}

/** What is known after the rows are written. */
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
  /** Whether dropped and failed rows may be exported, with their status. */
  takesDropped: boolean
  /**
   * `pixels`: other programs open the pictures, so a file holds the pixels that models see
   * (docs/pictures.md). `files`: the stored files as they are.
   */
  shows: 'pixels' | 'files'
  /** Why the trainer would fail on a picture, as a short code; null when it takes the picture. */
  pictureProblem?: (size: { width: number; height: number }) => string | null
  record: (row: ExportRow, context: RecordContext) => Recorded<ExportRecord>
  /** Columns of Parquet files without `images`; null for JSON lines. */
  columns: (kind: ExportKind) => ExportColumns | null
  /** Members of the struct of an embedded picture. */
  pictureFields: 'bytes' | 'bytes-path'
  /**
   * Whether the metadata of Parquet files says that `images` holds pictures, so that `datasets`
   * decodes them.
   */
  saysFeatures: boolean
  /** Small files beside the rows, by path. */
  extras: (written: Written) => Readonly<Record<string, string>>
  /** Lines that say how the trainer reads the folder. */
  usage: (written: Written, folder: string) => readonly string[]
}
