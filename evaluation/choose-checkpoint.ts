import { percent } from '../domain/percent.ts'

/** A checkpoint that a selection measured. */
export interface MeasuredCheckpoint {
  checkpoint: string
  /** Optimizer step whose weights were kept; null for the training's end. */
  trainStep: number | null
  /** Fraction of 1. */
  accuracy: number
}

/**
 * The checkpoint with the best score, among equals the checkpoint that was trained longest.
 * `measured` is in the order of training. Null without any.
 */
export function bestOf(measured: readonly MeasuredCheckpoint[]): MeasuredCheckpoint | null {
  const [best] = measured.toReversed().toSorted((a, b) => b.accuracy - a.accuracy)
  return best ?? null
}

/** `step 10: dev 75.0 %, best of 3 (end 50.0 %)`. */
export function choiceText(
  chosen: MeasuredCheckpoint,
  measured: readonly MeasuredCheckpoint[],
  benchmark: string,
): string {
  const which = chosen.trainStep === null ? 'the end' : `step ${chosen.trainStep}`
  const score = `${benchmark} ${percent(chosen.accuracy)}, best of ${measured.length}`
  return `${which}: ${score} (end ${percent(measured.at(-1)?.accuracy ?? 0)})`
}
