import type { Database } from '../db/database.ts'
import { hasLines, storedLines } from '../db/sources.ts'
import type { StoredLine } from '../db/sources.ts'

/** The lines that earlier runs of an import have written, asked for a batch of rows at a time. */
export class EarlierLines {
  readonly #db: Database
  readonly #datasetId: string
  readonly #found = new Map<string, StoredLine>()
  /** Whether an earlier run wrote anything; null before the first look. */
  #hasAny: boolean | null = null
  /** How many were found so far. */
  count = 0

  constructor(db: Database, datasetId: string) {
    this.#db = db
    this.#datasetId = datasetId
  }

  /** Which of these ids are there. */
  async find(sourceIds: readonly string[]): Promise<ReadonlySet<string>> {
    // Most imports are the first of their source, and need no look at every batch.
    this.#hasAny ??= await hasLines(this.#db, this.#datasetId)
    if (!this.#hasAny) return new Set()
    const found = await storedLines(this.#db, this.#datasetId, sourceIds)
    // Rows of the batch before may still be on their way.
    for (const [id, line] of found) this.#found.set(id, line)
    this.count += found.size
    return new Set(found.keys())
  }

  /** A line that was found. It is forgotten here. */
  take(sourceId: string): StoredLine {
    const found = this.#found.get(sourceId)
    this.#found.delete(sourceId)
    return found ?? { position: null }
  }
}
