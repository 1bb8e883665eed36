import type { ScoreView } from '../../db/round-views.ts'
import type { SampledRow } from '../../db/rows.ts'
import { metricsText } from './overview.ts'
import type { JobDetail, RoundDetail, StepDetail } from '../../views/round.ts'
import { percent } from '../../domain/percent.ts'
import { isOtherModel } from '../../models/replies/model-names.ts'
import { clip, count, duration, figure, interval, nothing, shortHash } from './figures.ts'
import { verifierText } from './scores.ts'
import { pairs, sparkline, table } from './table.ts'
import type { Column } from './table.ts'

/** A round on one or two screens. */
export function roundLines(detail: RoundDetail): string[] {
  const { campaign, round, parent, status, decision, reason, checkpoint, steps, jobs } = detail
  const facts = [
    parent === null ? 'the base model' : `parent ${parent}`,
    ...(decision === null ? [] : [decision]),
    ...(checkpoint === null ? [] : [`model ${shortHash(checkpoint)}`]),
  ]
  return [
    `${campaign} round ${round}  ${status}  ${facts.join(', ')}`,
    ...(reason === null ? [] : [`  ${reason}`]),
    '',
    ...(steps.length === 0 ? ['No step yet.'] : stepsTable(steps)),
    ...steps.flatMap(noteLines),
    // Without servers: the calls of the steps say what they did.
    ...jobs.filter(({ kind }) => kind !== 'serve').flatMap(jobLines),
    ...steps.flatMap((step) => step.samples.flatMap((row) => sampleLines(step.name, row))),
  ]
}

const orNothing = (value: number | null): string => (value === null ? nothing : count(value))

function stepsTable(steps: readonly StepDetail[]): string[] {
  const right = (head: string): Column => ({ head, align: 'right' })
  const counts = ['in', 'kept', 'dropped', 'failed', 'paid', 'reused', 'tokens in', 'out', 'time'].map(right)
  return table(
    [{ head: 'step' }, { head: 'status' }, ...counts, { head: 'scores' }],
    steps.map((step) => [
      step.name === step.kind ? step.name : `${step.name} (${step.kind})`,
      step.status,
      orNothing(step.rowsIn),
      orNothing(step.rowsOut),
      orNothing(step.dropped),
      orNothing(step.failed),
      count(step.requests.paid),
      count(step.requests.reused),
      count(step.requests.promptTokens),
      count(step.requests.completionTokens),
      duration(step.seconds),
      step.kind === 'select-checkpoint' ? candidatesText(step) : scoresText(step),
    ]),
  )
}

const scoresText = ({ scores }: StepDetail): string =>
  scores.map((score) => `${score.benchmark} ${interval(score)} n ${count(score.n)}`).join('; ')

/**
 * `dev step 20 61.0 %, step 30 63.0 % ◀, end 62.0 %`: candidates in the order of their training
 * steps, with a mark at the chosen candidate.
 */
function candidatesText({ scores, checkpoint }: StepDetail): string {
  const inOrder = scores.toSorted((a, b) => (a.trainStep ?? Infinity) - (b.trainStep ?? Infinity))
  const each = inOrder.map(
    (score) =>
      `${score.trainStep === null ? 'end' : `step ${score.trainStep}`} ${percent(score.accuracy)}${score.checkpoint === checkpoint ? ' ◀' : ''}`,
  )
  return scores.length === 0 ? '' : `${scores[0]?.benchmark} ${each.join(', ')}`
}

/** Why rows did not come out of a step, why it ended as it did, and what is odd in its replies. */
function noteLines(step: StepDetail): string[] {
  const { name, reason, droppedByReason, failedByReason } = step
  const list = (byReason: Readonly<Record<string, number>>): string =>
    Object.entries(byReason)
      .map(([code, rows]) => `${code} ${count(rows)}`)
      .join(', ')
  const facts = [
    ...(Object.keys(droppedByReason).length > 0 ? [`dropped: ${list(droppedByReason)}`] : []),
    ...(Object.keys(failedByReason).length > 0 ? [`failed: ${list(failedByReason)}`] : []),
    ...answerFacts(step),
    ...step.earlierScores.map(earlierText),
    ...(reason === null ? [] : [reason]),
  ]
  return facts.length === 0 ? [] : ['', name, ...facts.map((fact) => `  ${fact}`)]
}

/** A score of the same replies by an earlier grader. It is compared with no other. */
const earlierText = (score: ScoreView): string =>
  `graded before by ${verifierText(score)}: ${score.benchmark} ${interval(score)} (not comparable with scores of other versions)`

/** Other models that answered, replies that cannot be used, and tokens that no server counted. */
function answerFacts({ answers }: StepDetail): string[] {
  const sum = (which: 'estimated' | 'unusable'): number => answers.reduce((total, each) => total + each[which], 0)
  const [unusable, estimated] = [sum('unusable'), sum('estimated')]
  return [
    ...answers
      .filter(({ model, servedModel }) => isOtherModel(model, servedModel))
      .map(
        ({ endpoint, model, servedModel, replies }) =>
          `${endpoint} was asked for ${model}, and ${servedModel} answered (replies: ${count(replies)})`,
      ),
    ...(unusable === 0 ? [] : [`replies that were paid for and cannot be used: ${count(unusable)}`]),
    ...(estimated === 0 ? [] : [`replies with estimated tokens, because the server counts none: ${count(estimated)}`]),
  ]
}

function jobLines({
  id,
  kind,
  backend,
  launcher,
  attempts,
  state,
  exitCode,
  reason,
  seconds,
  metrics,
  curves,
}: JobDetail): string[] {
  const how = [
    `${kind} by ${backend} on ${launcher}`,
    state ?? 'not submitted yet',
    ...(attempts > 1 ? [`attempt ${attempts}`] : []),
    ...(exitCode !== null && exitCode !== 0 ? [`exit code ${exitCode}`] : []),
    ...(seconds === null ? [] : [duration(seconds)]),
  ]
  const glance = metricsText(metrics)
  const curveLines = curves
    .filter(({ values }) => values.length > 1)
    .map(({ name, values }) => {
      const ends = `${figure(values[0] ?? 0)} → ${figure(values.at(-1) ?? 0)}`
      return `  ${name.padEnd(12)} ${sparkline(values)}  ${ends}`
    })
  return [
    '',
    `job ${id}  ${how.join(', ')}`,
    ...(reason === null ? [] : [`  ${clip(reason, 200)}`]),
    ...(glance === '' ? [] : [`  ${glance}`]),
    ...curveLines,
  ]
}

/** A row as people read it: of a long text its beginning. */
function sampleLines(step: string, row: SampledRow): string[] {
  const { id, status, reason, detail, verdict } = row
  const fields: [string, string | null][] = [
    ['pictures', row.images.map(shortHash).join(' ')],
    ['question', row.question],
    ['choices', row.choices?.join(' | ') ?? null],
    ['answer', row.answer],
    ['precision', row.precision === null ? null : `${row.precision} decimals`],
    ['policy', row.policy && JSON.stringify(row.policy)],
    ['description', row.description],
    ['trace', row.trace],
    ['verdict', verdict && `${verdict.verdict} (${verdict.reason}), extracted ${verdict.extracted ?? nothing}`],
    ['error', detail],
  ]
  const shown = fields.flatMap(([name, value]) => (value === null ? [] : [[name, clip(value, 400)] as const]))
  const state = reason === null ? status : `${status}: ${reason}`
  return ['', `${step} row ${id}  ${state}`, ...pairs(shown).map((line) => `  ${line}`)]
}
