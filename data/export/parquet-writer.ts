import { readFileSync } from 'node:fs'
import { mkdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance, DuckDBTableFunction } from '@duckdb/node-api'
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import { messageOf } from '../../domain/errors.ts'
import { duckType, duckValue, featureOf } from './parquet-columns.ts'
import type { ColumnType, ExportColumns } from './parquet-columns.ts'
import type { Picture } from './pictures.ts'

/**
 * A row for a file: its cells in the order of the columns, and its pictures as paths or to be
 * embedded.
 */
export interface ParquetRow {
  cells: readonly unknown[]
  images: readonly Picture[] | readonly string[]
}

export interface ParquetOptions {
  folder: string
  /** Columns before `images`. */
  columns: ExportColumns
  /** Form of a picture: its path, or a struct with its bytes. */
  pictures: 'paths' | 'bytes' | 'bytes-path'
  /** Whether the metadata names the features for `datasets`. */
  saysFeatures: boolean
  /** A file ends when it holds this many bytes before compression. */
  shardBytes: number
}

/** A file of rows, path relative to the folder. */
export interface ShardFile {
  path: string
  bytes: number
  rows: number
}

/**
 * Limit for the text of one file's rows: it waits in memory until the file is full. Pictures do not
 * wait in memory.
 */
const maxTextBytes = 48 * 1024 * 1024
/**
 * Limits of a row group, which every reader reads whole: bytes, or rows (100 is the number that
 * `datasets` takes for pictures).
 */
const groupBytes = 16 * 1024 * 1024
const groupRows = 100
const groupTextRows = 2000

/**
 * One thread, so that the same rows give the same bytes. DuckDB spills nothing into the user's
 * current folder.
 */
const settings = { threads: '1', memory_limit: '1GB', temp_directory: '' }

const pictureTypes: Readonly<Record<ParquetOptions['pictures'], ColumnType>> = {
  paths: 'string',
  bytes: { struct: { bytes: 'binary' } },
  'bytes-path': { struct: { bytes: 'binary', path: 'string' } },
}

interface Waiting extends ParquetRow {
  bytes: number
}

/**
 * Writes rows to Parquet files of bounded size: `data/train-00000-of-00003.parquet` and so on.
 * DuckDB asks for one row group at a time, and pictures are read only then: no table and no second
 * copy is made, and memory holds the pictures of one row group. The same rows give the same bytes
 * (one thread).
 */
export class ParquetWriter {
  readonly #options: ParquetOptions
  readonly #types: readonly (readonly [string, ColumnType])[]
  readonly #shards: ShardFile[] = []
  #waiting: Waiting[] = []
  #bytes = 0
  #textBytes = 0
  /** Next row of `#waiting` to be written. */
  #next = 0
  #failure: unknown = null

  constructor(options: ParquetOptions) {
    this.#options = options
    this.#types = [...Object.entries(options.columns), ['images', { list: pictureTypes[options.pictures] }]]
  }

  async add(row: ParquetRow): Promise<void> {
    const text = 64 + JSON.stringify(row.cells).length
    const bytes = row.images.reduce(
      (sum, image) => sum + (typeof image === 'string' ? image.length : image.bytes),
      text,
    )
    this.#waiting.push({ ...row, bytes })
    this.#bytes += bytes
    this.#textBytes += text
    if (this.#bytes >= this.#options.shardBytes || this.#textBytes >= maxTextBytes) await this.#writeShard()
  }

  /** Writes the rest, numbers the files and returns them. */
  async close(): Promise<ShardFile[]> {
    if (this.#waiting.length > 0) await this.#writeShard()
    const count = String(this.#shards.length).padStart(5, '0')
    const named: ShardFile[] = []
    for (const [index, shard] of this.#shards.entries()) {
      const path = `data/train-${String(index).padStart(5, '0')}-of-${count}.parquet`
      await rename(join(this.#options.folder, shard.path), join(this.#options.folder, path))
      named.push({ ...shard, path })
    }
    return named
  }

  async #writeShard(): Promise<void> {
    const { folder } = this.#options
    await mkdir(join(folder, 'data'), { recursive: true })
    const path = `data/part-${this.#shards.length}.parquet`
    const instance = await DuckDBInstance.create(':memory:', settings)
    const connection = await instance.connect()
    try {
      await this.#copy(connection, join(folder, path))
    } finally {
      connection.closeSync()
      instance.closeSync()
    }
    const { size } = await stat(join(folder, path))
    this.#shards.push({ path, bytes: size, rows: this.#waiting.length })
    this.#waiting = []
    this.#bytes = 0
    this.#textBytes = 0
    this.#next = 0
  }

  async #copy(connection: DuckDBConnection, file: string): Promise<void> {
    connection.registerTableFunction(
      DuckDBTableFunction.create({
        name: 'export_rows',
        bindFunction: (info) => {
          for (const [name, type] of this.#types) info.addResultColumn(name, duckType(type))
        },
        initFunction: () => {
          this.#next = 0
        },
        mainFunction: (info, chunk) => {
          try {
            this.#fill(chunk)
          } catch (error) {
            this.#failure = error
            chunk.rowCount = 0
            info.setError(messageOf(error))
          }
        },
      }),
    )
    // Every chunk becomes a row group: DuckDB ends a row group at the first chunk that fills it.
    const written = ['format parquet', 'compression snappy', 'row_group_size 1', ...this.#metadata()]
    try {
      await connection.run(`copy (select * from export_rows()) to ${quoted(file)} (${written.join(', ')})`)
    } catch (error) {
      throw this.#failure ?? error
    }
  }

  #metadata(): string[] {
    if (!this.#options.saysFeatures) return []
    const features = {
      ...Object.fromEntries(Object.entries(this.#options.columns).map(([name, type]) => [name, featureOf(type)])),
      images: [{ _type: 'Image' }],
    }
    return [`kv_metadata {huggingface: ${quoted(JSON.stringify({ info: { features } }))}}`]
  }

  /** The next row group: as many rows as the limits allow, at least one. */
  #fill(chunk: DuckDBDataChunk): void {
    const embeds = this.#options.pictures !== 'paths'
    const first = this.#next
    let bytes = 0
    while (this.#next < this.#waiting.length && this.#next - first < (embeds ? groupRows : groupTextRows)) {
      const row = this.#waiting[this.#next]
      if (!row || (bytes > 0 && bytes + row.bytes > groupBytes)) break
      bytes += row.bytes
      this.#next += 1
    }
    const rows = this.#waiting.slice(first, this.#next)
    chunk.rowCount = rows.length
    if (rows.length === 0) return
    for (const [column, [, type]] of this.#types.entries()) {
      const vector = chunk.getColumnVector(column)
      const isLast = column === this.#types.length - 1
      for (const [index, row] of rows.entries())
        vector.setItem(index, duckValue(isLast ? row.images.map(pictureCell) : row.cells[column], type))
      vector.flush()
    }
  }
}

/** Read only here, so that memory holds the pictures of one row group. */
const pictureCell = (image: Picture | string): unknown =>
  typeof image === 'string' ? image : { bytes: readFileSync(image.path), path: `${image.hash}.${image.extension}` }

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`
