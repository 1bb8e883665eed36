import { HoneError } from '../../domain/errors.ts'
import { AskFailure } from '../ask.ts'
import type { CallResult } from '../call-result.ts'
import type { AskedOf } from './answer.ts'
import { redacted } from '../../domain/redact.ts'

/** The error of a refusal of every row. `detail` quotes the server. */
export function everyonesError({ endpoint, baseUrl, secrets }: AskedOf, detail: string, nextStep: string): HoneError {
  return new HoneError({
    type: 'EndpointRefused',
    message: redacted(
      `endpoint "${endpoint.name}" (${baseUrl}, model "${endpoint.model}") refuses every request: ${detail}`,
      secrets,
    ),
    nextStep: redacted(nextStep, secrets),
  })
}

/** A refusal that other calls must judge: one row's with `reason`, or every row's. */
export const doubtful = (asked: AskedOf, reason: string, detail: string, nextStep: string): CallResult => ({
  kind: 'doubtful',
  error: new AskFailure(reason, detail),
  fatal: everyonesError(asked, detail, nextStep),
  words: sameWords(detail),
})

/** Equal for refusals that differ in ids and counts alone. */
const sameWords = (detail: string): string =>
  detail.replaceAll(/\b(?=[\w-]*\d)[\w-]{8,}\b/g, '#').replaceAll(/\d+/g, '#')
