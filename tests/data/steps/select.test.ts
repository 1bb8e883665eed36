import * as fc from 'fast-check'
import { describe as group, expect, it } from 'vitest'
import { select } from '../../../data/steps/select.ts'
import { context, reasons, row, trace } from '../rows.ts'

group('select', () => {
  const options = select.options.parse({ step: 'select' })
  const traced = (id: string, words: number, originId = 'q') =>
    row({ id, originId, trace: trace(Array.from({ length: words }, () => id).join(' ')) })

  it('keeps the shortest reasoning, ties by id', async () => {
    const rows = [traced('c', 5), traced('b', 2), traced('a', 2), traced('d', 9)]
    expect(reasons(await select.run(rows, context(options)))).toEqual([
      'not-shortest',
      'not-shortest',
      null,
      'not-shortest',
    ])
  })

  it.each([
    ['longest', ['not-longest', null]],
    ['first', [null, 'not-first']],
    ['all', [null, null]],
  ] as const)('picks %s', async (pick, expected) => {
    const outcomes = await select.run([traced('a', 1), traced('b', 3)], context({ ...options, pick }))
    expect(reasons(outcomes)).toEqual(expected)
  })

  it('drops rows without a trace, twins, and questions with too few traces', async () => {
    const rows = [row({ id: 'n', originId: 'q' }), traced('a', 2), { ...traced('a', 2), id: 'twin' }]
    const strict = { ...options, minTraces: 2 }
    expect(reasons(await select.run(rows, context(strict)))).toEqual(['no-trace', 'too-few-traces', 'duplicate-trace'])
  })

  it('keeps min(keep, traces) rows of any question, and the same rows in any order of input', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 4 }),
        async (lengths, keep) => {
          const rows = lengths.map((words, index) => traced(`t${index}`, words))
          const forwards = await select.run(rows, context({ ...options, keep }))
          const backwards = await select.run(rows.toReversed(), context({ ...options, keep }))
          const ids = (outcomes: typeof forwards) =>
            outcomes.flatMap((one) => (one.status === 'kept' ? [one.parentId] : [])).sort()
          expect(ids(forwards)).toHaveLength(Math.min(keep, rows.length))
          expect(ids(backwards)).toEqual(ids(forwards))
          expect(forwards.map((one) => one.parentId)).toEqual(rows.map((one) => one.id))
        },
      ),
    )
  })
})
