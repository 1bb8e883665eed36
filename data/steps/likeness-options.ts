import { z } from 'zod'
import { farthest } from '../similarity/hamming-index.ts'

/**
 * When pictures and questions count as alike, for steps that compare them. Distances are numbers of
 * differing bits of 64-bit hashes.
 */
export const likenessOptions = {
  /**
   * Two pictures look alike when their perceptual hashes differ in at most this many bits and their
   * difference hashes are close too (2 bits).
   */
  maxDistance: z.int().min(0).max(farthest).default(8),
  /** Up to this distance the second hash is not needed. */
  sureDistance: z.int().min(0).max(farthest).default(4),
  /**
   * A picture is blank when the standard deviation of its greys is below this figure. Blank
   * pictures are alike only when their pixels are equal. Of 1,500 drawings in thin lines on white
   * all had at least 7. An empty page with the noise of a scanner has about 1.
   */
  minSpread: z.number().min(0).max(128).default(4),
  /**
   * Share of common runs of words from which two questions are similar. Runs have 13 words, in
   * short questions 8.
   */
  jaccard: z.number().positive().max(1).default(0.7),
}
