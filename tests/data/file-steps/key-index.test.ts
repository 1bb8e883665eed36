import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { sha256Hex } from '../../../artifacts/hash.ts'
import { KeyIndex } from '../../../data/file-steps/key-index.ts'

it('an index of keys gives the same places as a map', () => {
  const key = fc.nat({ max: 5000 }).map((seed) => sha256Hex(String(seed)))
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.nat(), fc.integer({ min: 1, max: 1e6 })), { maxLength: 4000 }), (puts) => {
      const [index, map] = [new KeyIndex(), new Map<string, { offset: number; bytes: number }>()]
      for (const [key, offset, bytes] of puts) {
        index.set(key, { offset, bytes })
        map.set(key, { offset, bytes })
      }
      expect(index.size).toBe(map.size)
      for (const [key, place] of map) expect(index.get(key)).toEqual(place)
      expect(index.get(sha256Hex('none'))).toBeUndefined()
    }),
    { numRuns: 30 },
  )
})
