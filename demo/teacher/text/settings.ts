import type { Grid } from '../../scene.ts'

/** How the roles that read text, other than the reasoner, err. All rates are from 0 to 1. */
export interface TextSettings {
  /** The teacher's own seed. */
  seed: number
  /** The places that a picture has. */
  grid: Grid
  /** Share of turns in which the asker misses a gap, or asks about nothing that is missing. */
  askerErrorRate: number
  /** Share of written questions that can not be used. */
  writerErrorRate: number
  /** Share of screenings that say the opposite. */
  screenerErrorRate: number
  /** Share of judgements with another tier. */
  judgeErrorRate: number
  /** Share of judgements in prose, without a tier. */
  judgeProseRate: number
}

/** Small enough to teach, large enough that the checks behind each role have work. */
export const textRates = {
  askerErrorRate: 0.05,
  writerErrorRate: 0.1,
  screenerErrorRate: 0.03,
  judgeErrorRate: 0.03,
  judgeProseRate: 0.01,
} as const satisfies Partial<TextSettings>
