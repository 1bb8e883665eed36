import { contentHash } from '../../artifacts/hash.ts'
import type { Row } from '../../domain/rows.ts'

/**
 * Seed of one sample: the same for the same (seed, subject, index), unrelated otherwise. 31 bits, because servers
 * read it as a signed 32-bit number. `subject` is what a row asks ({@link subjectOf}), or its pictures where only they matter.
 */
export function sampleSeed(seed: number, subject: string, sampleIndex: number): number {
  return Number.parseInt(contentHash([seed, subject, sampleIndex]).slice(0, 8), 16) >>> 1
}

/**
 * What a seed follows: pictures, question and choices, never an id. Ids change with every change of their source, and each row
 * of it would be paid for again; so, rows that ask the same share their replies, in another source and another campaign too.
 */
export const subjectOf = ({ images, question, choices }: Pick<Row, 'images' | 'question' | 'choices'>): string =>
  JSON.stringify([images, question, choices])
