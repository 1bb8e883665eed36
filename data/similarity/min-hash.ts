import { mix } from './grams.ts'
import { createMultiMap } from './multi-map.ts'

const permutations = 128
const bands = 16
const rowsPerBand = permutations / bands

/**
 * Multiplier of each permutation. All processes use the same multipliers, because they compare
 * their signatures.
 */
const multipliers = Uint32Array.from({ length: permutations }, (_, index) => mix(index * 2 + 1) | 1)
const offsets = Uint32Array.from({ length: permutations }, (_, index) => mix(0x7fffffff - index))

/** Sets of at least one hash, searchable by sets that share most of their hashes. */
export interface MinHashIndex {
  /** A set meets only sets with the same salt (32 bits). */
  add(set: Float64Array, id: number, salt?: number): void
  /** Ids of sets that are probably alike, ascending, each once. The caller must compare them. */
  candidates(set: Float64Array, salt?: number): number[]
}

/**
 * MinHash with 128 permutations in 16 bands of 8 (Broder 1997; Leskovec, Rajaraman and Ullman,
 * Mining of Massive Datasets, 3.4): sets of Jaccard similarity s meet with probability 1 − (1 −
 * s⁸)¹⁶, which is 0.61 at 0.7, 0.95 at 0.8 and 0.9999 at 0.9.
 */
export function createMinHashIndex(): MinHashIndex {
  const map = createMultiMap()
  return {
    add(set, id, salt = 0) {
      for (const key of bandKeys(set, salt)) map.add(key, id)
    },
    candidates(set, salt = 0) {
      const found = new Set<number>()
      for (const key of bandKeys(set, salt)) map.each(key, (id) => found.add(id))
      return [...found].sort((a, b) => a - b)
    },
  }
}

/** One 32-bit key for each band of a set's signature. */
function bandKeys(set: Float64Array, salt: number): Uint32Array {
  const signature = new Uint32Array(permutations).fill(0xffffffff)
  for (const value of set) {
    // The lower half of a 53-bit hash is spread well enough to be multiplied.
    const low = value >>> 0
    for (let index = 0; index < permutations; index++) {
      let hash = Math.imul(low ^ (offsets[index] ?? 0), multipliers[index] ?? 1)
      hash = (hash ^ (hash >>> 15)) >>> 0
      if (hash < (signature[index] ?? 0)) signature[index] = hash
    }
  }
  const keys = new Uint32Array(bands)
  for (let band = 0; band < bands; band++) {
    let key = mix(salt + band)
    for (let row = 0; row < rowsPerBand; row++) key = mix(key + (signature[band * rowsPerBand + row] ?? 0))
    keys[band] = key >>> 0
  }
  return keys
}
