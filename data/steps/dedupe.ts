import { z } from 'zod'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import { withFingerprints } from '../similarity/batches.ts'
import { findDuplicates, type Duplicate } from '../similarity/duplicates.ts'
import { dropped, kept } from './outcome.ts'
import { likenessOptions } from './likeness-options.ts'
import type { RowStep } from './step.ts'

const options = z.strictObject({
  step: z.literal('dedupe'),
  ...dataStepBase,
  /**
   * What two rows have to share to be one: picture and question (one picture with two questions is two items), the picture
   * alone (one question a picture stays), or the question alone.
   */
  by: z.enum(['image+question', 'image', 'question']).default('image+question'),
  /** Whether pictures and questions that are only similar count, too. */
  near: z.boolean().default(true),
  ...likenessOptions,
})

/**
 * Drops rows that say again what an earlier row says. Rows of one question (samples of it) are one item and stay or go together.
 * Of duplicates the row stays that comes first as evidence is read: by input in the order of `from`, within an input
 * by row id. Ids are hashes, so that this is a fixed choice and no sign of quality; it does not depend on shards. A
 * duplicate has in its metadata, under `dedupe`, which row it repeats (`of`) and how alike they are.
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
