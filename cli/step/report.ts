import type { DryRun } from '../../data/file-steps/dry-run.ts'
import type { FileStep, FileStepEnd } from '../../data/file-steps/file-step.ts'
import type { Reading } from '../../data/file-steps/progress.ts'
import { isOtherAnswer } from '../../models/served-models.ts'
import { isAllFailed } from './ends.ts'
import { money, number, reasonsOf } from './progress.ts'

/** What `--json` prints. */
export function summary(
  name: string,
  { progress, output, rejects, state }: FileStep,
  end: FileStepEnd,
  seconds: number,
): object {
  const { total, done, found, paid, reused, cost, kept, dropped, failed, ...more } = progress.read()
  const tally = end.ended === 'done' ? end.tally : { kept, dropped, failed, reasons: reasonsNow(progress.read()) }
  return {
    step: name,
    ended: end.ended,
    rows: total,
    done,
    doneBefore: found,
    ...(end.ended === 'done' && { passedOver: end.passedOver }),
    ...tally,
    requests: { paid, reused },
    tokens: { prompt: more.promptTokens, completion: more.completionTokens, estimated: more.estimated },
    answeredBy: more.servedModels,
    cost,
    seconds: Math.round(seconds * 1000) / 1000,
    output,
    rejects: rejects ?? null,
    state,
  }
}

const reasonsNow = ({ drops, failures }: Reading): Record<string, number> => ({ ...drops, ...failures })

/** The summary for people. */
export function summaryLines(
  name: string,
  { progress, output, rejects, endpoints }: FileStep,
  end: FileStepEnd,
  seconds: number,
): string[] {
  const reading = progress.read()
  const { total, done, found, paid, reused, promptTokens, completionTokens, estimated, cost } = reading
  const spent = cost === null ? '' : `; cost ${money(cost)} in all`
  const asked =
    paid + reused === 0
      ? []
      : [
          `  ${number(paid)} replies paid (${number(promptTokens)} + ${number(completionTokens)} tokens), ${number(reused)} found again${spent}`,
          ...(estimated === 0
            ? []
            : [`  tokens of ${number(estimated)} replies are estimates from their lengths: the server counts none`]),
          ...otherModels(endpoints, reading),
        ]
  if (end.ended === 'budget')
    return [
      `${name}: the budget is spent: ${end.message}. ${number(done)} of ${number(total)} rows are done and kept.`,
      ...asked,
      '  → the same command with a larger --budget goes on',
    ]
  const { kept, dropped, failed, reasons } = end.tally
  const why = Object.keys(reasons).length === 0 ? '' : ` (${reasonsOf(reasons, 8)})`
  return [
    `${name}: ${number(total)} rows in; ${number(kept)} kept, ${number(dropped)} dropped, ${number(failed)} failed${why}`,
    ...(end.passedOver === 0
      ? []
      : [`  ${number(end.passedOver)} rows that an earlier step dropped or failed were passed over`]),
    ...(found === 0 ? [] : [`  ${number(found)} rows were done by an earlier run`]),
    ...asked,
    `  ${output}${rejects === undefined ? '' : ` and ${rejects}`}, after ${number(seconds, 1)} s`,
    ...(isAllFailed(end.tally)
      ? ['  → every row failed: mend the cause; then the same command with --retry-failed works on them again']
      : []),
  ]
}

/** Endpoints of which another model answered than was asked. */
const otherModels = (endpoints: FileStep['endpoints'], { servedModels }: Reading): string[] =>
  endpoints.flatMap((endpoint) => {
    const others = (servedModels[endpoint.name] ?? []).filter((served) => isOtherAnswer(endpoint, served))
    return others.length === 0 ? [] : [`  answered by ${others.join(', ')} instead of ${endpoint.model}`]
  })

/** What a dry run found, for people. */
export function dryRunLines(found: DryRun): string[] {
  const calls = Object.entries(found.calls).map(([option, count]) => `${number(count)} of ${option}`)
  const { request } = found
  return [
    `${number(found.rows)} rows to work on; ${number(found.done)} done already, ${number(found.passedOver)} passed over, ${number(found.bad)} bad lines`,
    calls.length === 0 ? 'no model is asked' : `at most ${calls.join(', ')} requests`,
    ...(request === null
      ? []
      : ['', `The first request, to ${request.endpoint}/chat/completions:`, JSON.stringify(request.body, null, 2)]),
  ]
}
