import type { RoundSummary, ScoreSummary, StepToRun } from '../activities/types.ts'
import { percent } from '../domain/percent.ts'
import { markdownText } from '../domain/plain-text.ts'

/** `report 61.2 % ± 2.5 (n 500)`: after ± half the width of the interval, in points. */
export function scoreText(score: ScoreSummary): string {
  const half = (100 * (score.high - score.low)) / 2
  return `${markdownText(score.benchmark)} ${percent(score.accuracy)} ± ${half.toFixed(1)} (n ${score.n})`
}

/** Rows shown of a long campaign: the details travel as one payload. */
const shownRounds = 30

/**
 * The campaign's page, in Markdown: a live table of rounds. The newest round comes first, because
 * the Web UI shows only a few lines without scrolling.
 */
export function campaignDetails(state: {
  status: string
  head: number
  rounds: readonly RoundSummary[]
  running: { round: number; step: string; progress: string } | null
}): string {
  const { running } = state
  const isKnown = state.rounds.some(({ round }) => round === running?.round)
  // The round that runs was opened after the rounds were read.
  const begun: RoundSummary[] =
    running && !isKnown
      ? [{ round: running.round, parent: state.head, status: 'running', decision: null, scores: [], seconds: null }]
      : []
  const rows = [...state.rounds, ...begun]
    .slice(-shownRounds)
    .toReversed()
    .map((round) => {
      const live = state.running?.round === round.round ? state.running : null
      const cells = [
        `${round.round}${round.round === state.head ? ' **head**' : ''}`,
        round.parent ?? '—',
        live ? markdownText(live.step) : round.status,
        live ? markdownText(live.progress) : round.seconds === null ? '' : `${Math.round(round.seconds)} s`,
        round.scores.map(scoreText).join('<br>') || '—',
        round.decision ?? '—',
      ]
      return `| ${cells.join(' | ')} |`
    })
  return [
    `**${state.status}**, head: round ${state.head}`,
    '',
    '| round | parent | step | progress | score ± 95 % | decision |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}

/** A round's page, in Markdown: the list of its steps. */
export function roundDetails(
  steps: readonly StepToRun[],
  notes: ReadonlyMap<string, string>,
  running: string | null,
): string {
  const rows = steps.map((step) => {
    const note = notes.get(step.name)
    const state = step.name === running ? '▶ running' : note !== undefined || step.isDone ? '✓ done' : 'waiting'
    return `| ${markdownText(step.name)} | ${step.kind} | ${state} | ${note ?? ''} |`
  })
  return ['| step | kind | state | result |', '| --- | --- | --- | --- |', ...rows].join('\n')
}
