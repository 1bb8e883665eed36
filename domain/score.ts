import type { Verdict } from './rows.ts'

/** One item of a benchmark, answered and graded. */
export interface ScoreItem {
  /** Row of the benchmark's dataset. */
  itemId: string
  correct: boolean
  verdict: Verdict
  /** Reason code of the verifier; `judged-…` or `judge-…` where a judge was asked. */
  reason: string
  /** The answer as it was read from the reply; null where the reply has no answer. */
  extracted: string | null
  /** Content key of the reply; null where there is no reply. */
  requestKey: string | null
  /** The reply was cut at its length limit. */
  truncated: boolean
}
