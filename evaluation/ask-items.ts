import { RowProblem } from '../domain/row-problem.ts'
import type { Row } from '../domain/rows.ts'
import type { Ask, AskRequest } from '../models/ask.ts'
import type { GradeReply } from './grader.ts'
import { inWindow } from './window.ts'

export interface AskItemsOptions {
  items: readonly Row[]
  /** Items that are under way at once. */
  window: number
  request(item: Row): AskRequest
  ask: Ask
  /**
   * Grades each reply at once where the grader asks a model, so that its replies are stored too;
   * null where it asks no model.
   */
  grade: GradeReply | null
  /** Asked before an item is begun: false begins no more items, and those under way may end. */
  admits(): boolean
  /** Called after each item, with the number of items that are done. */
  onProgress(done: number): void
}

/**
 * Asks a model the items of a shard. Only the stored replies matter: the end of an evaluation reads
 * them and grades all items together. `failed` are items that cannot be answered.
 */
export async function askItems(options: AskItemsOptions): Promise<{ answered: number; failed: number }> {
  const { items, window, ask, grade } = options
  let done = 0
  const ends = await inWindow(items, window, async (item) => {
    if (!options.admits()) return 'not begun'
    const reply = await ask(options.request(item)).catch((error: unknown) => {
      if (error instanceof RowProblem) return null
      throw error
    })
    if (reply && grade) await grade(item, reply)
    options.onProgress(++done)
    return reply ? 'answered' : 'failed'
  })
  const count = (which: string) => ends.filter((end) => end === which).length
  return { answered: count('answered'), failed: count('failed') }
}
