import { HoneError } from '../../domain/errors.ts'
import { didYouMean } from '../../domain/did-you-mean.ts'
import { columnsOf } from './look.ts'
import { namedColumns } from './mapping.ts'
import type { Mapping } from './mapping.ts'
import { fieldOf, weightOf } from './record.ts'
import type { Fields, RecordReader } from './record.ts'
import { parseWhere } from './where.ts'

/** Rows that a mapping is guessed from, and that a dry run looks at. */
export const sampleRecords = 1000

/**
 * The first records of a source that can be read. They may hold pictures, so at most 64 MB are
 * looked at.
 */
export async function readSample(reader: RecordReader, signal?: AbortSignal): Promise<Fields[]> {
  const sample: Fields[] = []
  let seen = 0
  let bytes = 0
  for await (const batch of reader.read()) {
    for (const record of batch) {
      signal?.throwIfAborted()
      if (++seen > sampleRecords || bytes > 64 * 1024 * 1024) return sample
      if (!('fields' in record)) continue
      bytes += weightOf(record.fields)
      sample.push(record.fields)
    }
  }
  return sample
}

/** Throws InvalidInput for a mapping that names columns which the source does not have. */
export function requireColumns(mapping: Mapping, sample: readonly Fields[]): void {
  if (sample.length === 0) return
  const columns = columnsOf(sample)
  const asked = (mapping.where === undefined ? [] : parseWhere(mapping.where).columns).map((column) => ({
    where: 'where',
    column,
  }))
  const missing = [...namedColumns(mapping), ...asked].filter(
    ({ column }) => !columns.includes(column) && sample.every((row) => fieldOf(row, column) === undefined),
  )
  if (missing.length === 0) return
  const told = missing.map(({ where, column }) => {
    const guess = didYouMean(column, columns)
    return `  ${where}: there is no column "${column}"${guess === null ? '' : `: did you mean "${guess}"?`}`
  })
  throw new HoneError({
    type: 'InvalidInput',
    message: `the mapping does not fit the source\n${told.join('\n')}`,
    nextStep: `its columns are ${columns.slice(0, 50).join(', ')}${columns.length > 50 ? ', …' : ''}`,
  })
}
