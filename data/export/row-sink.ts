import type { AnswerForm, ExportFormat, ExportKind, ExportRow, ImageMode } from './format.ts'
import { LinesWriter } from './lines-writer.ts'
import type { LinesFile } from './lines-writer.ts'
import { ParquetWriter } from './parquet-writer.ts'
import type { ShardFile } from './parquet-writer.ts'
import { PictureLookup, PicturePlacer, pictureFolder } from './pictures.ts'
import type { Picture } from './pictures.ts'
import { wholeRowCell, withWholeRow } from './whole-row.ts'
import type { SeenStore } from '../pictures/seen-files.ts'

export interface SinkOptions {
  kind: ExportKind
  images: ImageMode
  answers: AnswerForm
  promptSuffix: string
  shardBytes: number
  dataset: string
}

/** File of the rows that were left out, each with a reason. */
export const refusedFile = 'hone-refused.jsonl'
const rowsFile = 'train.jsonl'
const maxListed = 1000

/**
 * Takes rows one by one, writes the rows that the format accepts, and counts the others by reason.
 */
export class RowSink {
  readonly #format: ExportFormat
  readonly #options: SinkOptions
  readonly #lookup: PictureLookup
  readonly #placer: PicturePlacer | null
  readonly #columns: readonly string[]
  readonly #parquet: ParquetWriter | null
  readonly #lines: LinesWriter | null
  readonly #refused: LinesWriter
  readonly #versions = new Set<string>()
  readonly #reasons = new Map<string, number>()
  readonly refused: { id: string; reason: string }[] = []
  refusedFile: LinesFile | null = null
  read = 0
  exported = 0
  bytes = 0

  constructor(folder: string, format: ExportFormat, store: SeenStore, options: SinkOptions) {
    this.#format = format
    this.#options = options
    this.#lookup = new PictureLookup(store, format.shows)
    this.#placer = options.images === 'embed' ? null : new PicturePlacer(folder, options.images)
    const own = format.columns(options.kind)
    const columns = own && withWholeRow(own, options.kind)
    this.#columns = Object.keys(columns ?? {})
    const { shardBytes } = options
    const pictures = options.images === 'embed' ? format.pictureFields : 'paths'
    this.#parquet =
      columns && new ParquetWriter({ folder, columns, pictures, saysFeatures: format.saysFeatures, shardBytes })
    this.#lines = columns ? null : new LinesWriter(folder, rowsFile)
    this.#refused = new LinesWriter(folder, refusedFile)
  }

  get copiedInstead(): number {
    return this.#placer?.copiedInstead ?? 0
  }

  /** How many rows were left out, by reason. */
  get reasons(): Record<string, number> {
    return Object.fromEntries([...this.#reasons].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  get verifierVersions(): string[] {
    return [...this.#versions].sort()
  }

  get pictures(): { folder: string; count: number; bytes: number } | null {
    return this.#placer && { folder: pictureFolder, count: this.#placer.count, bytes: this.#placer.bytes }
  }

  async take(row: ExportRow): Promise<void> {
    const index = this.read++
    const converted = this.#format.record(row, { ...this.#options, index })
    if ('refused' in converted) return await this.#refuse(row.id, converted.refused)
    const { images } = converted.row
    const fields = { ...converted.row.fields, ...wholeRowCell(row, this.#options.kind) }
    const pictures: Picture[] = []
    for (const hash of images) {
      const found = await this.#lookup.find(hash)
      if ('refused' in found) return await this.#refuse(row.id, found.refused)
      const { size } = found.picture
      const problem = size && this.#format.pictureProblem?.(size)
      if (problem) return await this.#refuse(row.id, problem)
      pictures.push(found.picture)
    }
    const shown = this.#placer ? await this.#place(this.#placer, pictures) : pictures
    if (this.#parquet) await this.#parquet.add({ cells: this.#columns.map((name) => fields[name]), images: shown })
    else await this.#lines?.add({ ...fields, images: shown })
    this.exported += 1
    this.bytes += pictures.reduce((sum, picture) => sum + picture.bytes, 0)
    if (row.verdict) this.#versions.add(row.verdict.verifierVersion)
  }

  /** Ends the files of rows and returns them. */
  async close(): Promise<readonly (ShardFile | LinesFile)[]> {
    this.refusedFile = await this.#refused.close()
    if (this.#parquet) return await this.#parquet.close()
    const lines = await this.#lines?.close()
    return lines ? [lines] : []
  }

  /** Closes files that an error or Ctrl-C left open. After {@link close} it does nothing. */
  async letGo(): Promise<void> {
    await this.#lines?.letGo()
    await this.#refused.letGo()
  }

  async #place(placer: PicturePlacer, pictures: readonly Picture[]): Promise<string[]> {
    const paths: string[] = []
    for (const picture of pictures) paths.push(await placer.place(picture))
    return paths
  }

  async #refuse(id: string, reason: string): Promise<void> {
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1)
    if (this.refused.length < maxListed) this.refused.push({ id, reason })
    await this.#refused.add({ id, reason })
  }
}
