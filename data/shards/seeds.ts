import { contentHash } from '../../artifacts/hash.ts'
import type { Row } from '../../domain/rows.ts'

/**
 * Seed of one sample: the same for the same seed, subject and index, unrelated otherwise. It has 31
 * bits, because servers read it as a signed 32-bit number. `subject` is what a row asks
 * ({@link subjectOf}), or its pictures where only they matter.
 */
export function sampleSeed(seed: number, subject: string, sampleIndex: number): number {
  return Number.parseInt(contentHash([seed, subject, sampleIndex]).slice(0, 8), 16) >>> 1
}

/**
 * The text that decides a seed: pictures, question and choices, but never an id. Ids change with
 * every change of their source, and then each of its rows would be paid again. So rows that ask the
 * same share their replies, also in other sources and campaigns.
 */
export const subjectOf = ({ images, question, choices }: Pick<Row, 'images' | 'question' | 'choices'>): string =>
  JSON.stringify([images, question, choices])
