import { extractAnswer } from '../../verifier/extract.ts'
import { readFormat } from '../../verifier/format.ts'
import { withOwnMarks } from '../../verifier/model-marks.ts'
import { verifierVersion } from '../../verifier/verdict.ts'
import type { VerifyCase, VerifyResult } from '../../verifier/verdict.ts'
import { resolveKind } from '../../verifier/verify.ts'

/**
 * How a case was read. `goldExtracted` is the text inside the marks of the gold answer, if it has
 * marks.
 */
export function explanation(row: VerifyCase) {
  const kind = resolveKind(row)
  return {
    kind,
    goldExtracted: extractAnswer(row.gold, kind).extracted,
    format: readFormat(withOwnMarks(row.answer, row.policy)),
  }
}

/** How a case was read and judged, in lines with a line break each. */
export function explanationText(row: VerifyCase, result: VerifyResult): string {
  const { kind, goldExtracted, format } = explanation(row)
  const asked = row.kind ?? 'auto'
  const policies = Object.entries(row.policy ?? {}).map(([key, value]) => `${key}=${String(value)}`)
  return [
    `kind         ${kind}${asked === kind ? '' : ` (${asked})`}`,
    `gold         ${goldExtracted ?? row.gold}`,
    `extracted    ${result.extracted ?? '(nothing)'}`,
    `found by     ${result.rule}`,
    `format       ${format.held ? 'held' : 'not held'}${format.explanation ? ', with an explanation' : ''}`,
    ...(policies.length === 0 ? [] : [`policy       ${policies.join(', ')}`]),
    `verifier     ${verifierVersion}`,
    '',
  ].join('\n')
}
