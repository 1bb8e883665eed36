import type { Outcome, Row } from '../../domain/rows.ts'
import type { Reply } from '../../models/ask.ts'

/** What led to an outcome: the replies that it rests on, and the changes that are kept even of a dropped row. */
interface Made {
  changes?: Outcome['changes']
  /** In order of use. */
  replies?: readonly Reply[]
}

/** The row goes on. */
export const kept = (row: Row, made: Made = {}): Outcome => outcome(row, null, made)

/** The row ends here, for a reason in a short code. */
export const dropped = (row: Row, reason: string, made: Made = {}): Outcome => outcome(row, reason, made)

/** Kept without a reason, dropped with one. */
export function outcome(row: Row, reason: string | null, { changes = {}, replies = [] }: Made = {}): Outcome {
  return {
    status: reason === null ? 'kept' : 'dropped',
    reason,
    parentId: row.id,
    changes,
    requestKeys: replies.map(({ key }) => key),
  }
}

/** Why a reply cannot be used whatever it says: `truncated`, `refused`, or `empty`'s name for an empty one. Else null. */
export function replyProblem(reply: Reply, empty: string): string | null {
  if (reply.finishReason === 'length') return 'truncated'
  if (reply.finishReason === 'refused') return 'refused'
  return reply.text.trim() === '' ? empty : null
}
