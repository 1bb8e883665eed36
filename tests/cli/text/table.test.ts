import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytes, clip, count, duration, figure, interval } from '../../../cli/text/figures.ts'
import { drawTree, pairs, sparkline, table } from '../../../cli/text/table.ts'

describe('tables', () => {
  it('align columns, numbers to the right, and leave no spaces at the end', () => {
    const columns = [{ head: 'step' }, { head: 'kept', align: 'right' as const }, { head: 'note' }]
    expect(
      table(columns, [
        ['describe', '5', ''],
        ['sft', '1,000', 'ok'],
      ]),
    ).toEqual(['step       kept  note', 'describe      5', 'sft       1,000  ok'])
  })

  it('put names and values under each other', () => {
    expect(
      pairs([
        ['a', '1'],
        ['long', '2'],
      ]),
    ).toEqual(['a     1', 'long  2'])
    expect(pairs([])).toEqual([])
  })
})

describe('numbers', () => {
  it('are written as people read them', () => {
    expect([0, 12, 1234, 1_234_567].map(count)).toEqual(['0', '12', '1,234', '1,234,567'])
    expect([0, 8.44, 45, 59.6, 185, 3599.6, 8040].map(duration)).toEqual([
      '0.0 s',
      '8.4 s',
      '45 s',
      '1 min 00 s',
      '3 min 05 s',
      '1 h 00 min',
      '2 h 14 min',
    ])
    expect([0, 999, 6_100_000, 15e9].map(bytes)).toEqual(['0 bytes', '999 bytes', '6.1 MB', '15.0 GB'])
    expect([3, 0.41234, 0.00004, 61.27].map(figure)).toEqual(['3', '0.412', '0.00004', '61.3'])
    expect(interval({ accuracy: 0.612, low: 0.581, high: 0.642 })).toBe('61.2 % [58.1, 64.2]')
  })

  it('become a curve of at most the given width', () => {
    expect(sparkline([])).toBe('')
    expect(sparkline([1, 1, 1])).toBe('▁▁▁')
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█')
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { maxLength: 300 }), (values) => {
        const line = sparkline(values, 40)
        expect(line).toHaveLength(Math.min(40, values.length))
        expect(line).toMatch(/^[▁▂▃▄▅▆▇█]*$/)
      }),
    )
  })
})

it('clips to one line of the given width', () => {
  expect(clip('a\n  b', 10)).toBe('a b')
  expect(clip('abcdef', 4)).toBe('abc…')
})

it('draws a tree with its branches', () => {
  const leaf = (text: string) => ({ text, children: [] })
  const tree = { text: 'root\nmore', children: [{ text: 'a', children: [leaf('b')] }, leaf('c')] }
  expect(drawTree(tree)).toEqual(['root', '│ more', '├─ a', '│  └─ b', '└─ c'])
})
