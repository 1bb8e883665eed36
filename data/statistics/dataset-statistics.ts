import type { Row } from '../../domain/rows.ts'
import { countDiversity } from './diversity.ts'
import type { Described, Diversity } from './diversity.ts'
import { countTraces, reflectionWords } from './reflections.ts'
import type { TraceStatistics } from './reflections.ts'

/** Figures of a dataset. */
export interface DatasetStatistics {
  rows: number
  diversity: Diversity
  traces: TraceStatistics
}

/**
 * Reads every row of a dataset once, whatever its size. `words` are the words that count as
 * reflection.
 */
export async function datasetStatistics(
  rows: AsyncIterable<Described & Pick<Row, 'trace'>>,
  words: readonly string[] = reflectionWords,
): Promise<DatasetStatistics> {
  const [diversity, traces] = [countDiversity(), countTraces(words)]
  let count = 0
  for await (const row of rows) {
    count += 1
    diversity.add(row)
    traces.add(row.trace)
  }
  return { rows: count, diversity: diversity.report(), traces: traces.report() }
}
