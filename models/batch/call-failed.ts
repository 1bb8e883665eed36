import { HoneError } from '../../domain/errors.ts'
import { redactedCut } from '../../domain/redact.ts'
import type { CallResult } from '../call-result.ts'
import { TimeOver } from '../http/call.ts'
import type { Asked } from '../replies/answer.ts'
import { meaningOf } from '../replies/meaning.ts'
import { meaningOfLoss } from '../replies/meaning-of-loss.ts'
import { everyonesError } from '../replies/refusal-errors.ts'

type BadResult = Exclude<CallResult, { kind: 'ok' }>

/** A call of the batch API that brought nothing. */
export class CallFailed extends Error {
  readonly result: BadResult
  /** HTTP status; undefined where no answer came. */
  readonly status: number | undefined

  constructor(result: BadResult, status: number | undefined) {
    super(detailOf(result))
    this.name = 'CallFailed'
    this.result = result
    this.status = status
  }

  /** Milliseconds for which the server asks for a pause. */
  get retryAfterMs(): number {
    return ('retryAfterMs' in this.result && this.result.retryAfterMs) || 0
  }

  /** Whether the server certainly did not do what it was asked. */
  get isCertain(): boolean {
    return this.status !== undefined && this.status >= 400 && this.status < 500 && this.status !== 408
  }

  /** The error when no repetition helps. */
  lasting(asked: Asked): HoneError | undefined {
    const { result } = this
    if (result.kind === 'fatal') return result.error
    if (result.kind === 'doubtful') return result.fatal
    if (result.kind !== 'refused') return undefined
    return everyonesError(asked, result.error.message, `look at the batch API of ${asked.baseUrl}, or set mode: live`)
  }
}

const detailOf = (result: BadResult): string =>
  result.kind === 'refused' || result.kind === 'doubtful' || result.kind === 'fatal'
    ? result.error.message
    : result.detail

/**
 * What a rejection of the `openai` client means. A HoneError stays itself. The package is loaded
 * here for the same reason as in http/openai-client.ts.
 */
export async function callFailure(error: unknown, asked: Asked): Promise<Error> {
  if (error instanceof HoneError) return error
  if (error instanceof CallFailed) {
    const { result, status } = error
    return 'detail' in result
      ? new CallFailed({ ...result, detail: redactedCut(result.detail, asked.secrets, '[key]') }, status)
      : error
  }
  const { APIConnectionError, APIError } = await import('openai')
  if (error instanceof APIError && error.status !== undefined) {
    const { status, headers, error: value } = error
    const text = value === undefined ? error.message : ''
    const answer = { status, headers: Object.fromEntries(headers ?? []), text, latencyMs: 0 }
    const result = meaningOf(value === undefined ? answer : { ...answer, value: { error: value } }, asked)
    if (result.kind !== 'ok') return new CallFailed(result, status)
  }
  const cause = error instanceof APIConnectionError && error.cause instanceof Error ? error.cause : error
  if (cause instanceof HoneError) return cause
  if (cause instanceof TimeOver)
    return new CallFailed({ kind: 'silent', reason: cause.reason, detail: cause.message }, undefined)
  const result = meaningOfLoss(cause, asked)
  return result.kind === 'ok' ? brokenAnswer('no answer') : new CallFailed(result, undefined)
}

/** An answer that is no answer of a batch API. */
export const brokenAnswer = (detail: string): CallFailed =>
  new CallFailed(
    { kind: 'failed', reason: 'broken-reply', retryAfterMs: undefined, detail, paid: undefined },
    undefined,
  )
