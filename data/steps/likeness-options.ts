import { z } from 'zod'
import { farthest } from '../similarity/hamming-index.ts'

/**
 * When pictures and questions count as alike, for steps that compare them. Distances are bits of 64-bit hashes; the demo world's
 * scenes, and a hundred thousand drawings of it, set `minSpread`.
 */
export const likenessOptions = {
  /** Bits in which the perceptual hashes of two pictures of one look may differ, where their difference hashes are close, too. */
  maxDistance: z.int().min(0).max(farthest).default(8),
  /** Bits that need no second hash; also how far the difference hashes may lie for `maxDistance`. */
  sureDistance: z.int().min(0).max(farthest).default(4),
  /** Standard deviation of the greys below which a picture is blank: only equal pixels make two blank ones alike. */
  minSpread: z.number().min(0).max(128).default(4),
  /** Share of the runs of words that two similar questions have in common: runs of 13 words, or 8 in short ones. */
  jaccard: z.number().positive().max(1).default(0.7),
}
