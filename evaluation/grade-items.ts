import type { Row } from '../domain/rows.ts'
import type { ScoreItem } from '../domain/score.ts'
import type { StoredReply } from '../models/reply-store.ts'
import type { GradeReply } from './grader.ts'
import { createTurns } from './turns.ts'
import { inWindow } from './window.ts'

/** Items that are looked up and graded together. Their replies are in memory at one time. */
const batchItems = 1000

export interface GradeItemsOptions {
  /** The items of a benchmark, in order. */
  items: AsyncIterable<Row>
  /** Content key of the request about an item. */
  keyOf(item: Row): string
  /** Stored replies by content key; a key without a reply is left out. */
  findReplies(keys: readonly string[]): Promise<ReadonlyMap<string, StoredReply>>
  grade: GradeReply
  /** Items that are graded at once, in the verifier's threads or by a model. */
  window: number
  /** Asked before an item is graded; throws to end the grading. */
  check(): void
  /** Called after each batch with all items that are graded. */
  onProgress(graded: readonly ScoreItem[]): void
}

/**
 * Grades all items of a benchmark. An item without a reply counts as wrong, with the reason
 * `no-reply`. Neither keys nor items without a reply wait for anything, so the process gets a turn
 * every few milliseconds: the heartbeats of a benchmark of 100,000 items go on.
 */
export async function gradeItems(options: GradeItemsOptions): Promise<ScoreItem[]> {
  const turn = createTurns()
  const graded: ScoreItem[] = []
  for await (const items of batches(options.items)) {
    const keys: string[] = []
    for (const item of items) {
      await turn()
      keys.push(options.keyOf(item))
    }
    const replies = await options.findReplies(keys)
    const batch = await inWindow(items, options.window, async (item, index) => {
      await turn()
      options.check()
      return await gradeItem(item, replies.get(keys[index] ?? ''), options.grade)
    })
    graded.push(...batch)
    options.onProgress(graded)
  }
  return graded
}

async function gradeItem(item: Row, reply: StoredReply | undefined, grade: GradeReply): Promise<ScoreItem> {
  if (reply)
    return {
      itemId: item.id,
      ...(await grade(item, reply)),
      requestKey: reply.key,
      truncated: reply.finishReason === 'length',
    }
  return {
    itemId: item.id,
    correct: false,
    verdict: 'unverifiable',
    reason: 'no-reply',
    extracted: null,
    requestKey: null,
    truncated: false,
  }
}

async function* batches(items: AsyncIterable<Row>): AsyncGenerator<Row[]> {
  let batch: Row[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < batchItems) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
