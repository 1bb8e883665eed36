import { expect, it } from 'vitest'
import type { Row } from '../../domain/rows.ts'
import { graderOf } from '../../evaluation/grader.ts'
import { gradeItems } from '../../evaluation/grade-items.ts'
import type { StoredReply } from '../../models/reply-store.ts'
import { row } from '../data/rows.ts'
import { reply } from '../db/world.ts'

/** An expression that the rules must compare by value, at many points: about half a millisecond. */
const gold = '2(x+1)'
const same = '2x+2'

async function* hardItems(count: number): AsyncGenerator<Row> {
  for (let index = 0; index < count; index++) yield row({ id: `item-${index}`, kind: 'expression', answer: gold })
}

const answered = (keys: readonly string[]): Promise<Map<string, StoredReply>> =>
  Promise.resolve(new Map(keys.map((key) => [key, reply(key, { text: `<answer>${same}</answer>` })])))

const noModel = () => Promise.reject(new Error('rules ask no model'))
const rules = graderOf({ endpoints: {} }, {}).open(noModel)

it('lets the event loop run while it grades thousands of hard items, so that heartbeats are sent', async () => {
  let isOver = false
  let begun = 0
  /** The number of items that began in each turn of the event loop. */
  const inTurn: number[] = []
  const watch = () => {
    inTurn.push(begun)
    begun = 0
    if (!isOver) setImmediate(watch)
  }
  watch()
  const graded = await gradeItems({
    items: hardItems(2_000),
    keyOf: ({ id }) => id,
    findReplies: answered,
    grade: (item, given) => {
      begun += 1
      return rules(item, given)
    },
    window: 1,
    check: () => undefined,
    onProgress: () => undefined,
  })
  isOver = true
  expect(graded).toHaveLength(2_000)
  expect(graded.every(({ correct }) => correct)).toBe(true)
  // Without turns, one turn would grade all items.
  expect(inTurn.filter((items) => items > 0).length).toBeGreaterThan(20)
  expect(inTurn.filter((items) => items >= 1_000)).toEqual([])
})

it('keeps the order of the items, and marks items with a cut or missing reply', async () => {
  const graded = await gradeItems({
    items: hardItems(3),
    keyOf: ({ id }) => id,
    findReplies: async (keys) =>
      new Map(
        [...(await answered(keys))]
          .filter(([key]) => key !== 'item-1')
          .map(([key, found]) => [key, key === 'item-2' ? { ...found, finishReason: 'length' as const } : found]),
      ),
    grade: rules,
    window: 2,
    check: () => undefined,
    onProgress: () => undefined,
  })
  expect(graded).toMatchObject([
    { itemId: 'item-0', correct: true, requestKey: 'item-0', truncated: false },
    { itemId: 'item-1', correct: false, reason: 'no-reply', requestKey: null },
    { itemId: 'item-2', correct: true, truncated: true },
  ])
})

it('ends at the first item that it may not grade, and begins no other item', async () => {
  let left = 5
  let begun = 0
  const grading = gradeItems({
    items: hardItems(100),
    keyOf: ({ id }) => id,
    findReplies: answered,
    grade: (item, given) => {
      begun += 1
      return rules(item, given)
    },
    window: 4,
    check() {
      if (left-- <= 0) throw new RangeError('the budget is reached')
    },
    onProgress: () => undefined,
  })
  await expect(grading).rejects.toThrow('the budget is reached')
  expect(begun).toBe(5)
})
