import { describeError, HoneError } from '../../domain/errors.ts'
import { JudgeUnreadable } from '../judge/judge-file.ts'
import { JudgeFailed } from './judge-open.ts'
import { BodyTooLarge, maxBody } from './request-body.ts'

/** How a request is refused. */
export interface Refusal {
  status: 400 | 401 | 404 | 413 | 502 | 503
  message: string
  code?: string
}

/**
 * In a refusal's `code`: the judge takes no case, and going on would train on zeros. A trainer
 * tells this refusal from a proxy's 502 by the code.
 */
const judgeRefuses = 'judge-refuses'

/** How a failed score request is refused; null for a defect of the server. */
export function refusalOf(error: unknown): Refusal | null {
  if (error instanceof JudgeFailed) return { status: 502, message: describeError(error.cause), code: judgeRefuses }
  if (error instanceof JudgeUnreadable)
    return { status: 503, message: `${error.message} Send the request again in a second.` }
  if (error instanceof BodyTooLarge)
    return { status: 413, message: `The body is over ${maxBody} bytes. Send fewer completions in one request.` }
  if (error instanceof HoneError && error.type === 'InvalidInput') return { status: 400, message: describeError(error) }
  if (error instanceof HoneError && error.type === 'LimitExceeded')
    return { status: 413, message: describeError(error) }
  return null
}
