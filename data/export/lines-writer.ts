import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

/** A file of lines: path relative to the folder, SHA-256 in hex. */
export interface LinesFile {
  path: string
  bytes: number
  rows: number
  sha256: string
}

const bufferBytes = 1024 * 1024

/**
 * Writes JSON objects, one on each line, and hashes what it writes. It writes a mebibyte at a time.
 * The first line creates the file.
 */
export class LinesWriter {
  readonly #folder: string
  readonly #path: string
  readonly #hash = createHash('sha256')
  #file: FileHandle | null = null
  #waiting: string[] = []
  #length = 0
  #bytes = 0
  #rows = 0

  constructor(folder: string, path: string) {
    this.#folder = folder
    this.#path = path
  }

  async add(value: unknown): Promise<void> {
    const line = `${JSON.stringify(value)}\n`
    this.#waiting.push(line)
    this.#length += line.length
    this.#rows += 1
    if (this.#length >= bufferBytes) await this.#flush()
  }

  /** Writes the rest and returns the file; null when there was no line. */
  async close(): Promise<LinesFile | null> {
    await this.#flush()
    if (this.#file === null) return null
    await this.letGo()
    return { path: this.#path, bytes: this.#bytes, rows: this.#rows, sha256: this.#hash.digest('hex') }
  }

  /** Closes the file without writing the rest. Works also after an error. */
  async letGo(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.close()
  }

  async #flush(): Promise<void> {
    if (this.#waiting.length === 0) return
    this.#file ??= await open(join(this.#folder, this.#path), 'wx')
    const bytes = Buffer.from(this.#waiting.join(''))
    this.#hash.update(bytes)
    this.#bytes += bytes.length
    await this.#file.writeFile(bytes)
    this.#waiting = []
    this.#length = 0
  }
}
