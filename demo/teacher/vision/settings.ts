import type { Grid } from '../../scene.ts'

/** How the roles that look at pictures see and err. All rates and shares are from 0 to 1. */
export interface VisionSettings {
  /** The teacher's own seed. */
  seed: number
  /** How many cells they look for. */
  grid: Grid
  /**
   * Share of descriptions, and of explanations to a given answer, with one wrong or missing thing.
   */
  captionErrorRate: number
  /** The same for descriptions that are written for one question. */
  questionCaptionErrorRate: number
  /** Share of things that a glance leaves out, or names without their place. */
  glanceLossShare: number
  /**
   * Share of wrong answers from the picture, and of whole descriptions with one wrong or missing
   * thing.
   */
  answererErrorRate: number
  /** Share of arbitrations that end at a wrong answer. */
  arbiterErrorRate: number
  /** Share of rewritten traces that end elsewhere or come out longer. */
  rewriterErrorRate: number
  /** By how many points a rating is off at most, up or down. */
  ratingNoise: number
}

/**
 * The rates of the roles that came after the captioner: small enough to teach, large enough that
 * checks have work.
 */
export const visionRates = {
  questionCaptionErrorRate: 0.04,
  glanceLossShare: 0.33,
  answererErrorRate: 0.06,
  arbiterErrorRate: 0.02,
  rewriterErrorRate: 0.05,
  ratingNoise: 1,
} as const satisfies Partial<VisionSettings>
