import { createReadStream } from 'node:fs'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { datasetStatistics } from '../../data/statistics/dataset-statistics.ts'
import type { DatasetStatistics } from '../../data/statistics/dataset-statistics.ts'
import { HoneError } from '../../domain/errors.ts'
import { readLines } from '../../data/lines/read-lines.ts'
import { readTrainingLine } from './training-line.ts'
import type { TrainingLine } from './training-line.ts'

/** Statistics of a file, with the number of lines that could not be read. */
export interface FileStatistics extends DatasetStatistics {
  unreadable: number
}

/**
 * Statistics of a JSONL file, or of `stdin` for `-`. Throws InvalidInput when the file cannot be
 * read.
 */
export async function fileStatistics(
  path: string,
  stdin: Readable,
  words?: readonly string[],
): Promise<FileStatistics> {
  const source = path === '-' ? stdin : createReadStream(path, { highWaterMark: 256 * 1024 })
  let unreadable = 0
  async function* rows(): AsyncGenerator<TrainingLine> {
    for await (const lines of readLines(source as AsyncIterable<string | Uint8Array>)) {
      for (const { text } of lines) {
        if (text?.trim() === '') continue
        const row = text === null ? null : readTrainingLine(text)
        if (row) yield row
        else unreadable += 1
      }
    }
  }
  try {
    if (path !== '-') await once(source, 'open')
    const statistics = await datasetStatistics(rows(), words)
    return { ...statistics, unreadable }
  } catch (error) {
    // Node's errors of files have a code; other errors are our own.
    if (!(error instanceof Error) || !('code' in error)) throw error
    throw new HoneError({
      type: 'InvalidInput',
      message: `Cannot read ${path}: ${error.message}.`,
      nextStep: 'Give a JSONL file: one JSON object a line. A campaign is named without a point or slash.',
      cause: error,
    })
  } finally {
    if (path !== '-') source.destroy()
  }
}
