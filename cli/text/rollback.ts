import type { RollbackPreview } from '../../views/rollback-preview.ts'

/** What a rollback will do, a line for each fact. */
export function rollbackLines({ campaign, from, to, line, left, cancelled, next }: RollbackPreview): string[] {
  return [
    from === to
      ? `The head of ${campaign} stays at round ${to}.`
      : `The head of ${campaign} moves from round ${from} to round ${to}.`,
    `  on the line of the head: ${line.join(' → ')}`,
    ...(left.length === 0 ? [] : [`  left behind, all kept: ${left.join(', ')}`]),
    ...cancelled.map(({ round, step }) => `  cancelled: round ${round}${step === null ? '' : `, which runs ${step}`}`),
    `  the next round is ${next}, with parent ${to}`,
  ]
}
