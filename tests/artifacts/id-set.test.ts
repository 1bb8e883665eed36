import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { IdSet } from '../../artifacts/id-set.ts'
import { sourceRowId } from '../../db/row-ids.ts'

it('knows the same ids as a Set, however many were added', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3000), { maxLength: 5000, size: 'max' }), (drawn) => {
      const [ids, known] = [new IdSet(), new Set<number>()]
      for (const number of drawn) {
        expect(ids.add(sourceRowId('source/x', String(number)))).toBe(!known.has(number))
        known.add(number)
      }
    }),
    { numRuns: 40 },
  )
})

it('knows an id whose hash begins with zeros from the others', () => {
  const ids = new IdSet()
  expect(ids.add('A'.repeat(22))).toBe(true)
  expect(ids.add('A'.repeat(22))).toBe(false)
  expect(ids.add('AAAAAAAAAAAAAAAB'.padEnd(22, 'A'))).toBe(true)
})
