import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { editDistance } from '../../domain/edit-distance.ts'

/** The distance by the full table, cell by cell. */
function byTable(a: string, b: string, swaps: boolean): number {
  const table = Array.from({ length: a.length + 1 }, (_, row) => [row])
  const cell = (row: number, column: number): number => table[row]?.[column] ?? 0
  for (let column = 1; column <= b.length; column++) table[0]?.push(column)
  for (let row = 1; row <= a.length; row++) {
    for (let column = 1; column <= b.length; column++) {
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      table[row]?.push(
        Math.min(
          cell(row - 1, column) + 1,
          cell(row, column - 1) + 1,
          cell(row - 1, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1),
          swaps && swapped ? cell(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      )
    }
  }
  return cell(a.length, b.length)
}

describe('the edit distance', () => {
  it('measures typing errors', () => {
    expect(editDistance('sampels', 'samples', { swaps: true })).toBe(1)
    expect(editDistance('sampels', 'samples')).toBe(2)
    expect(editDistance('', 'abc')).toBe(3)
    expect(editDistance('same', 'same')).toBe(0)
  })

  it.each([false, true])('is the distance of the full table, with swaps: %s', (swaps) => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c'), { maxLength: 120, size: 'max' })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(editDistance(a, b, { swaps })).toBe(byTable(a, b, swaps))
        expect(editDistance(b, a, { swaps })).toBe(byTable(a, b, swaps))
      }),
      { numRuns: 500 },
    )
  })

  it('finds a swap across the border of two blocks', () => {
    const text = '0123456789abcdefghijklmnopqrstuvwxyz'
    const swapped = `${text.slice(0, 31)}${text.charAt(32)}${text.charAt(31)}${text.slice(33)}`
    expect(editDistance(text, swapped, { swaps: true })).toBe(1)
    expect(editDistance(text, swapped)).toBe(2)
  })

  it('stops when the caller has no steps left', () => {
    let left = 5
    const spend = (steps: number): void => {
      left -= steps
      if (left < 0) throw new Error('no steps left')
    }
    expect(() => editDistance('abcdefgh', 'hgfedcba', { spend })).toThrow('no steps left')
  })
})
