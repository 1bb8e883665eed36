import { contentHash } from '../artifacts/hash.ts'

/**
 * Seed of one sample: the same for the same (seed, subject, index), unrelated otherwise. 31 bits, because servers
 * read it as a signed 32-bit number. `subject` is the origin of a row, or the pictures where only they matter.
 */
export function sampleSeed(seed: number, subject: string, sampleIndex: number): number {
  return Number.parseInt(contentHash([seed, subject, sampleIndex]).slice(0, 8), 16) >>> 1
}
