import type { Outcome, Row } from '../../domain/rows.ts'
import type { Reply } from '../../models/ask.ts'
import { withoutReasoning } from '../../verifier/format.ts'

/** What an outcome rests on: the replies, and the changes. A dropped row keeps its changes too. */
interface Made {
  changes?: Outcome['changes']
  /** In the order of use. */
  replies?: readonly Reply[]
}

/** The row stays. */
export const kept = (row: Row, made: Made = {}): Outcome => outcome(row, null, made)

/** The row is dropped. `reason` is a short code. */
export const dropped = (row: Row, reason: string, made: Made = {}): Outcome => outcome(row, reason, made)

/** Kept when `reason` is null, else dropped. */
export function outcome(row: Row, reason: string | null, { changes = {}, replies = [] }: Made = {}): Outcome {
  return {
    status: reason === null ? 'kept' : 'dropped',
    reason,
    parentId: row.id,
    changes,
    requestKeys: replies.map(({ key }) => key),
  }
}

/**
 * The reply without the thoughts of a thinking model, trimmed. Empty when the thoughts never end.
 */
export const spoken = (reply: Reply): Reply => ({ ...reply, text: withoutReasoning(reply.text).spoken.trim() })

/**
 * The metadata that a new row inherits. The records of `bridge` and `dialogue` (how a description
 * was made) stay on the rows of these steps: each of k samples would hold them again.
 */
export function carried(metadata: Row['metadata']): Row['metadata'] {
  const { pseudoCot: _pseudoCot, dialogue: _dialogue, ...rest } = metadata
  return rest
}

/**
 * Why a reply cannot be used: `truncated`, `refused`, or the code `empty` for an empty reply. Null
 * for a usable reply.
 */
export function replyProblem(reply: Reply, empty: string): string | null {
  if (reply.finishReason === 'length') return 'truncated'
  if (reply.finishReason === 'refused') return 'refused'
  return reply.text.trim() === '' ? empty : null
}
