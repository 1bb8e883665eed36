import { z } from 'zod'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import { withFingerprints } from '../similarity/batches.ts'
import { findDuplicates } from '../similarity/duplicates.ts'
import type { Duplicate } from '../similarity/duplicates.ts'
import { dropped, kept } from './outcome.ts'
import { likenessOptions } from './likeness-options.ts'
import type { RowStep } from './step.ts'

const options = z.strictObject({
  step: z.literal('dedupe'),
  ...dataStepBase,
  /**
   * What two rows must share to be duplicates. image+question: one picture with two questions is
   * two items. image: one question for each picture stays. question: the question alone.
   */
  by: z.enum(['image+question', 'image', 'question']).default('image+question'),
  /** Whether similar pictures and questions count as equal. */
  near: z.boolean().default(true),
  ...likenessOptions,
})

/**
 * Drops rows that repeat an earlier row. Rows of one question (samples of it) are one item: they
 * stay or go together. Of several duplicates the first in evidence order stays: by input in the
 * order of `from`, within an input by row id. Ids are hashes, so the choice is fixed, does not
 * depend on shards, and says nothing about quality. The metadata of a duplicate says, under
 * `dedupe`, which row it repeats (`of`) and how alike the two rows are.
 */
export const dedupe: RowStep<typeof options, ReadonlyMap<string, Duplicate> | undefined> = {
  per: 'row',
  options,
  summary: 'drop rows whose picture and question stand in an earlier row, exactly or nearly',
  estimate: () => ({ rowsOut: 1, calls: [] }),
  evidence: {
    of: 'inputs',
    reduce: (rows, settings, tools) => findDuplicates(withFingerprints(rows, tools?.fingerprintsOf), settings),
  },
  run(row, { options: { by }, overview }) {
    const duplicate = overview?.get(row.id)
    if (!duplicate) return Promise.resolve([kept(row)])
    const changes = { metadata: { ...row.metadata, dedupe: duplicate } }
    const ways =
      by === 'image'
        ? [duplicate.image]
        : by === 'question'
          ? [duplicate.question]
          : [duplicate.image, duplicate.question]
    const isExact = ways.every((way) => way === 'exact')
    return Promise.resolve([
      isExact ? dropped(row, 'duplicate', { changes }) : dropped(row, 'near-duplicate', { changes }),
    ])
  },
}
