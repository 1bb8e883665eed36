import { stat } from 'node:fs/promises'
import { HoneError } from '../../domain/errors.ts'
import type { RecordReader, SourceRecord } from './record.ts'

/** Files as they were when a source was opened. */
export interface FileStamps {
  /** Throws InvalidSource when a file has changed since. */
  requireSame(): Promise<void>
}

/**
 * Notes what files are like. A source is read twice, for its hash and for its rows; without this,
 * rows of a file that changes meanwhile would be kept under the hash of other rows.
 */
export async function stampFiles(files: readonly string[]): Promise<FileStamps> {
  const stamps = await stampsOf(files)
  return {
    async requireSame() {
      const now = await stampsOf(files)
      const changed = files.find((_, at) => now[at] !== stamps[at])
      if (changed !== undefined) throw sourceChanged(changed)
    },
  }
}

/** A file of a source that is no longer what it was when the reading began. */
export const sourceChanged = (file: string): HoneError =>
  new HoneError({
    type: 'InvalidSource',
    message: `${file} changed while it was read`,
    nextStep: 'wait until nothing writes to it any more, and run the command again',
  })

const stampsOf = (files: readonly string[]): Promise<string[]> =>
  Promise.all(
    files.map(async (file) => {
      const found = await stat(file, { bigint: true }).catch(() => null)
      return found ? `${found.ino} ${found.size} ${found.mtimeNs}` : 'missing'
    }),
  )

/** A reader that gives a batch only after it has seen that the files are as they were. */
export const unchanging = <One extends SourceRecord>(
  { read, ...reader }: RecordReader<One>,
  stamps: FileStamps,
): RecordReader<One> => ({
  ...reader,
  async *read() {
    for await (const batch of read()) {
      await stamps.requireSame()
      yield batch
    }
  },
})
