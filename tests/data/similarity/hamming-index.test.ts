import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { createHammingIndex, hammingDistance } from '../../../data/similarity/hamming-index.ts'

const hash = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const hex = (value: bigint) => value.toString(16).padStart(16, '0')

it('finds exactly the same hashes as a full scan, at any distance', () => {
  const centres = fc.array(hash, { minLength: 1, maxLength: 4 })
  const flips = fc.array(fc.tuple(fc.nat(3), fc.array(fc.nat(63), { maxLength: 13 })), { maxLength: 60 })
  fc.assert(
    fc.property(centres, flips, hash, fc.integer({ min: 0, max: 11 }), (middles, near, other, maxDistance) => {
      // Random hashes are 32 bits apart. Only hashes a few bits apart test the index.
      const around = near.map(([which, bits]) =>
        bits.reduce((value, bit) => value ^ (1n << BigInt(bit)), middles[which % middles.length] ?? 0n),
      )
      const hashes = [...middles, ...around, other].map(hex)
      const index = createHammingIndex(maxDistance)
      expect(hashes.map((one) => index.add(one))).toEqual(hashes.map((_, id) => id))
      for (const asked of hashes.slice(0, 8))
        expect(index.near(asked)).toEqual(
          hashes
            .map((one, id) => ({ id, distance: hammingDistance(one, asked) }))
            .filter(({ distance }) => distance <= maxDistance)
            .toSorted((a, b) => a.distance - b.distance || a.id - b.id),
        )
    }),
    { numRuns: 300 },
  )
})

it('counts the bits that differ', () => {
  fc.assert(
    fc.property(hash, hash, (a, b) => {
      expect(hammingDistance(hex(a), hex(b))).toBe((a ^ b).toString(2).replaceAll('0', '').length)
    }),
  )
})

it('grows past its first size and keeps every hash', () => {
  const index = createHammingIndex(8)
  const hashes = Array.from({ length: 5000 }, (_, id) => hex((BigInt(id) * 0x9e3779b97f4a7c15n) % 2n ** 64n))
  for (const one of hashes) index.add(one)
  for (const id of [0, 1023, 1024, 4999]) expect(index.near(hashes[id] ?? '')[0]).toEqual({ id, distance: 0 })
})

it('refuses a distance at which it could miss hashes', () => {
  expect(() => createHammingIndex(12)).toThrow(RangeError)
  expect(() => createHammingIndex(-1)).toThrow(RangeError)
})
