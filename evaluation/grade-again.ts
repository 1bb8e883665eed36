import type { Row } from '../domain/rows.ts'
import type { ScoreItem } from '../domain/score.ts'
import type { Ask } from '../models/ask.ts'
import { contentKey } from '../models/content-key.ts'
import type { ResolvedEndpoint } from '../models/endpoint.ts'
import type { StoredReply } from '../models/reply-store.ts'
import { gradeItems } from './grade-items.ts'
import type { GradeReply } from './grader.ts'

/** Finds stored replies by content key; a key without a reply is left out. */
export type FindReplies = (keys: readonly string[]) => Promise<ReadonlyMap<string, StoredReply>>

/** An item needs a word of the judge that nobody has paid for yet. */
class JudgeNotStored extends Error {
  constructor() {
    super("the judge's reply is not stored")
    this.name = 'JudgeNotStored'
  }
}

/**
 * Answers requests to a judge from stored replies alone, and makes no call. {@link gradeAgain}
 * counts the items whose reply of the judge is not stored.
 */
export const storedAsk =
  (endpoint: ResolvedEndpoint, findReplies: FindReplies): Ask =>
  async (request) => {
    const key = contentKey({ ...request, ...endpoint })
    const reply = (await findReplies([key])).get(key)
    if (!reply) throw new JudgeNotStored()
    const { text, finishReason, promptTokens, completionTokens } = reply
    return { key, text, finishReason, promptTokens, completionTokens, reused: true }
  }

export interface GradeAgainOptions {
  /**
   * The items of an earlier score, each with the content key of its reply: null where the model
   * gave no reply.
   */
  items: AsyncIterable<{ item: Row; requestKey: string | null }>
  findReplies: FindReplies
  grade: GradeReply
  /** Items that are graded at once. */
  window: number
  /** Asked before an item is graded; throws to end the grading. */
  check(): void
  /** Called after each batch with all items that are graded. */
  onProgress?(graded: readonly ScoreItem[]): void
}

/**
 * Grades the stored replies of an earlier score again. No model is asked for a reply: an item
 * without a stored reply counts as wrong, with the reason `no-reply`, as it did before. `unjudged`
 * is the number of items whose judge's reply is not stored. Unless it is 0 the items make no score:
 * an item that a judge would have found right would count as wrong.
 */
export async function gradeAgain(options: GradeAgainOptions): Promise<{ items: ScoreItem[]; unjudged: number }> {
  const keys = new Map<string, string>()
  let unjudged = 0
  async function* rows() {
    for await (const { item, requestKey } of options.items) {
      if (requestKey !== null) keys.set(item.id, requestKey)
      yield item
    }
  }
  const items = await gradeItems({
    items: rows(),
    keyOf: (item) => keys.get(item.id) ?? '',
    findReplies: options.findReplies,
    window: options.window,
    check: () => options.check(),
    onProgress: (graded) => options.onProgress?.(graded),
    async grade(item, reply) {
      try {
        return await options.grade(item, reply)
      } catch (error) {
        if (!(error instanceof JudgeNotStored)) throw error
        unjudged += 1
        return { correct: false, verdict: 'unverifiable', reason: 'judge-not-stored', extracted: null }
      }
    },
  })
  return { items, unjudged }
}
