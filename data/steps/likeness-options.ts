import { z } from 'zod'
import { farthest } from '../similarity/hamming-index.ts'

/** When pictures and questions count as alike, for steps that compare them. Distances are bits of 64-bit hashes. */
export const likenessOptions = {
  /** Bits in which the perceptual hashes of two pictures of one look may differ, where their difference hashes are close (2 bits), too. */
  maxDistance: z.int().min(0).max(farthest).default(8),
  /** Bits that need no second hash. */
  sureDistance: z.int().min(0).max(farthest).default(4),
  /**
   * Standard deviation of the greys below which a picture is blank: only equal pixels make two blank ones alike. Of 1,500
   * drawings in thin lines on white none had less than 7; an empty page with the noise of a scanner has about 1.
   */
  minSpread: z.number().min(0).max(128).default(4),
  /** Share of the runs of words that two similar questions have in common: runs of 13 words, or 8 in short ones. */
  jaccard: z.number().positive().max(1).default(0.7),
}
