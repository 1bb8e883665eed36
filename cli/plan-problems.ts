import type { CountOptions } from '../data/import/count-rows.ts'
import { pictureSizes } from '../data/import/picture-sizes.ts'
import { sourceProblem } from '../trainers/source-problem.ts'
import type { TrainingLimits } from '../trainers/source-problem.ts'

/** Pictures of a file whose headers a plan reads; a picture takes up to a millisecond. */
const mostLookedAt = 20_000

export interface RowLooker {
  problem: NonNullable<CountOptions['problem']>
  /** Pictures that were not looked at. */
  unseen(): number
}

/**
 * Finds the rows of a file that training would leave out. Pictures after the first 20,000 are only
 * counted, because a plan should take seconds. An import has looked at all of them.
 */
export function rowLooker(limits: TrainingLimits): RowLooker {
  const sizesOf = pictureSizes()
  let looked = 0
  let unseen = 0
  return {
    unseen: () => unseen,
    async problem({ pictures, ...row }, folder) {
      const isLooked = limits.family.maxRatio !== null && looked < mostLookedAt
      if (isLooked) looked += pictures.length
      else if (limits.family.maxRatio !== null) unseen += pictures.length
      const sizes = isLooked ? await sizesOf(pictures, folder) : []
      return sourceProblem({ ...row, pictures: pictures.length }, sizes, limits)
    },
  }
}
