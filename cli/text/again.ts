import type { AgainScore } from '../../client/grade-again.ts'
import type { ChangedItem } from '../../db/graded-items.ts'
import { clip, count, interval, nothing } from './figures.ts'
import { pairs, table } from './table.ts'
import type { Column } from './table.ts'

const right = (head: string): Column => ({ head, align: 'right' })

const columns: readonly Column[] = [
  right('round'),
  { head: 'step' },
  { head: 'benchmark' },
  right('n'),
  { head: 'before' },
  { head: 'verifier' },
  { head: 'now' },
  right('gained'),
  right('lost'),
  right('other changes'),
  right('no reply'),
]

/**
 * What grading again came to: a line for each evaluation and benchmark, and what was not graded.
 */
export function againLines(campaign: string, version: string, scores: readonly AgainScore[]): string[] {
  const rows = scores.map((score) => [
    String(score.round),
    score.step,
    score.benchmark,
    count(score.n),
    score.before ? interval(score.before) : nothing,
    score.before?.verifier ?? nothing,
    score.after ? interval(score.after) : nothing,
    ...changeCells(score),
    count(score.noReply),
  ])
  return [
    `${campaign}: stored replies graded by verifier ${version}. No model was asked.`,
    '',
    ...table(columns, rows),
    ...notes(scores),
  ]
}

/** Gained, lost and other changes of verdict; nothing to count without two scores. */
function changeCells({ before, after, gained, lost, changed }: AgainScore): string[] {
  if (!before || !after) return [nothing, nothing, nothing]
  return [count(gained), count(lost), count(changed.length - gained - lost)]
}

function notes(scores: readonly AgainScore[]): string[] {
  const ofState = (state: AgainScore['state']) => scores.filter((score) => score.state === state)
  const place = ({ benchmark, round }: AgainScore): string => `${benchmark} of round ${round}`
  const lines = [
    ...ofState('judge-not-stored').map(
      (score) =>
        `${place(score)} got no score: its judge would be asked about ${count(score.judgeNotStored)} of ${count(score.n)} answers for which no reply of it is stored. A gate of the campaign asks the judge when it compares the round.`,
    ),
    ...ofState('unreadable').map(
      (score) => `${place(score)} got no score: this version cannot read what the old score was measured with.`,
    ),
    ...scores
      .filter(({ noReply }) => noReply > 0)
      .map(
        (score) =>
          `${place(score)}: ${count(score.noReply)} of ${count(score.n)} items have no stored reply. They count as wrong, as before; no reply was paid for.`,
      ),
  ]
  return lines.length === 0 ? [] : ['', ...lines]
}

/** Every item of a score whose verdict changed, with both verdicts. */
export const changedItemLines = ({ round, benchmark, changed }: AgainScore): string[] =>
  changed.flatMap((item) => [
    '',
    `round ${round}  ${benchmark}  item ${item.item}`,
    ...pairs([
      ['question', clip(item.question ?? nothing, 200)],
      ['answer', clip(item.answer ?? nothing, 200)],
      ['before', gradeText(item.before)],
      ['now', gradeText(item.after)],
    ]).map((line) => `  ${line}`),
  ])

const gradeText = ({ verdict, reason, extracted }: ChangedItem['before']): string =>
  `${verdict} (${reason}), extracted ${extracted === null ? nothing : clip(extracted, 200)}`
