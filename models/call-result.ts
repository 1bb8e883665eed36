import type { HoneError } from '../domain/errors.ts'
import type { AskFailure } from './ask.ts'
import type { Completion } from './replies/completion.ts'
import type { Counted } from './rate-limit.ts'

/** What a reply cost that cannot be used, and what came of it. */
export interface PaidFor extends Counted, Pick<Completion, 'isEstimated' | 'servedModel'> {
  text: string
}

/**
 * How one HTTP call ended:
 *
 * - `ok`: a whole reply, a reply cut by its token limit, or a refusal of the model.
 * - `overloaded`: the server takes fewer calls at a time than it got.
 * - `limited`: the server keeps to a rate, and says when it takes calls again.
 * - `away`: the server does not work now (nobody listens, it loads a model, its gateway finds it
 *   down). The outage is waited for; no row is at fault.
 * - `silent`: no whole reply came in time. The row or the server may be at fault.
 * - `failed`: the call ended badly. It is tried again, and counts against the row.
 * - `refused`: the server refuses this row alone.
 * - `doubtful`: it refuses this row or every row, and other calls must tell which. Then `error` is
 *   the row's and `fatal` the server's. Equal `words` mean equal refusals.
 * - `fatal`: it refuses every row.
 *
 * `paid` is what a reply cost that cannot be used.
 */
export type CallResult =
  | { kind: 'ok'; completion: Completion; latencyMs: number }
  | { kind: 'overloaded'; status: number; retryAfterMs: number | undefined; detail: string }
  | { kind: 'limited'; status: number; retryAfterMs: number; detail: string }
  | { kind: 'away'; reason: string; retryAfterMs: number | undefined; detail: string }
  | { kind: 'silent'; reason: string; detail: string }
  | {
      kind: 'failed'
      reason: string
      retryAfterMs: number | undefined
      detail: string
      paid: PaidFor | undefined
    }
  | { kind: 'refused'; error: AskFailure }
  | { kind: 'doubtful'; error: AskFailure; fatal: HoneError; words: string }
  | { kind: 'fatal'; error: HoneError }
