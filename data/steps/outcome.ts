import type { Outcome, Row } from '../../domain/rows.ts'
import type { Reply } from '../../models/ask.ts'
import { withoutReasoning } from '../../verifier/format.ts'

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

/** A reply without what a thinking model thought, trimmed: empty where its thoughts never end. */
export const spoken = (reply: Reply): Reply => ({ ...reply, text: withoutReasoning(reply.text).spoken.trim() })

/**
 * What a new row takes along of the metadata of the row it is made from: not the records of how a description came to be
 * (`bridge`, `dialogue`). They stay on the rows of these steps; each of k samples would hold them again.
 */
export function carried(metadata: Row['metadata']): Row['metadata'] {
  const { pseudoCot: _pseudoCot, dialogue: _dialogue, ...rest } = metadata
  return rest
}

/** Why a reply cannot be used whatever it says: `truncated`, `refused`, or `empty`'s name for an empty one. Else null. */
export function replyProblem(reply: Reply, empty: string): string | null {
  if (reply.finishReason === 'length') return 'truncated'
  if (reply.finishReason === 'refused') return 'refused'
  return reply.text.trim() === '' ? empty : null
}
