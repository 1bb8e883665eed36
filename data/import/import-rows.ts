import { RowProblem } from '../../domain/row-problem.ts'
import { inOrder } from './in-order.ts'
import { namedRows } from './named-rows.ts'
import type { NamedRow, NamingOptions } from './named-rows.ts'
import type { RecordReader } from './record.ts'
import type { RowPictures } from './row-pictures.ts'

/** A row with its pictures. */
export interface ReadyRow<Picture> extends NamedRow {
  pictures: Picture[]
  /**
   * Whether it was skipped: {@link RowsOptions.there} has it, so its pictures were not looked at.
   */
  isThere: boolean
}

export interface RowsOptions<Picture> extends NamingOptions {
  pictures: RowPictures<Picture>
  /** Which of some rows an earlier run has imported. Their pictures are not loaded. */
  there?: ((sourceIds: readonly string[]) => Promise<ReadonlySet<string>>) | undefined
}

/** Rows whose pictures are under way at one time: enough to keep the decoder's threads busy. */
const ahead = 8

/**
 * Rows of a source in its order, with their pictures. A record that cannot be used comes as a row
 * with its `failure`. Memory holds a batch of records and the pictures of eight rows. Throws what
 * the reader throws, or what `signal` was aborted with.
 */
export async function* readyRows<Picture>(
  reader: RecordReader,
  options: RowsOptions<Picture>,
): AsyncGenerator<ReadyRow<Picture>> {
  const { signal } = options
  yield* inOrder(withReaders(reader, options), ahead, ({ named, load, isThere }) => {
    signal?.throwIfAborted()
    const { row, sourceId } = named
    // The bytes of its pictures are no longer needed.
    const ready = { row: { ...row, pictures: [] }, sourceId, pictures: [], isThere }
    return isThere || row.failure || row.pictures.length === 0 ? ready : withPictures(ready, load)
  })
}

interface Waiting<Picture> {
  named: NamedRow
  load: () => Promise<Picture[]>
  isThere: boolean
}

async function* withReaders<Picture>(
  reader: RecordReader,
  options: RowsOptions<Picture>,
): AsyncGenerator<Waiting<Picture>[]> {
  for await (const batch of namedRows(reader, options)) {
    const before = await options.there?.(batch.map(({ sourceId }) => sourceId))
    yield batch.map((named) => ({
      named,
      load: options.pictures.next(named.row.pictures),
      isThere: before?.has(named.sourceId) === true,
    }))
  }
}

async function withPictures<Picture>(
  ready: ReadyRow<Picture>,
  load: () => Promise<Picture[]>,
): Promise<ReadyRow<Picture>> {
  try {
    return { ...ready, pictures: await load() }
  } catch (error) {
    if (!(error instanceof RowProblem)) throw error
    const failure = { reason: error.reason, detail: error.message.slice(0, 500) }
    return { ...ready, row: { ...ready.row, failure } }
  }
}
