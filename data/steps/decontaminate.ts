import { z } from 'zod'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import { withFingerprints } from '../similarity/batches.ts'
import { answerStandsInDescription, findContamination, indexBenchmarks } from '../similarity/contamination.ts'
import type { BenchmarkIndex } from '../similarity/contamination.ts'
import { likenessOptions } from './likeness-options.ts'
import { dropped, kept } from './outcome.ts'
import type { RowStep } from './step.ts'

const fate = z.enum(['drop', 'keep'])

const options = z.strictObject({
  step: z.literal('decontaminate'),
  ...dataStepBase,
  /** What happens to rows with the picture and the question of a benchmark item. */
  leaks: fate.default('drop'),
  /**
   * Rows with the picture of an item and another question. A lost row costs less than a score that
   * nobody believes.
   */
  imageOverlaps: fate.default('drop'),
  /** Rows with the question of an item and another picture. Often both only share a template. */
  textOverlaps: fate.default('keep'),
  ...likenessOptions,
  /** Whether to note that the right answer occurs in the row's description. */
  answers: z.boolean().default(true),
})

/**
 * Compares the pictures and the question of every row with all items of all benchmarks of the
 * campaign. Drops the rows that would let a model answer a benchmark from memory. Every row, also a
 * clean row, gets the verdict and its evidence in its metadata, under `contamination`. No row is
 * dropped for its answer alone.
 */
export const decontaminate: RowStep<typeof options, BenchmarkIndex | undefined> = {
  per: 'row',
  options,
  summary: 'drop rows whose picture or question stands in a benchmark of the campaign',
  estimate: () => ({ rowsOut: 1, calls: [] }),
  evidence: {
    of: 'benchmarks',
    reduce: (rows, settings, tools) => indexBenchmarks(withFingerprints(rows, tools?.fingerprintsOf), settings),
  },
  async run(row, { options: settings, overview, fingerprintsOf }) {
    const fingerprints = overview && fingerprintsOf ? await fingerprintsOf(row.images) : new Map()
    const found = findContamination(row, overview, fingerprints, settings)
    const stands = settings.answers ? answerStandsInDescription(row) : null
    const contamination = { ...found, ...(stands !== null && { answerInDescription: stands }) }
    const made = { changes: { metadata: { ...row.metadata, contamination } } }
    if (found.verdict === 'leak' && settings.leaks === 'drop') return [dropped(row, 'leak', made)]
    if (found.verdict === 'image_overlap' && settings.imageOverlaps === 'drop')
      return [dropped(row, 'image-overlap', made)]
    if (found.verdict === 'text_overlap' && settings.textOverlaps === 'drop')
      return [dropped(row, 'text-overlap', made)]
    return [kept(row, made)]
  },
}
