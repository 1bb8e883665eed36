/** A seeded stream of numbers. The same seed gives the same stream on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** Uniform integer in [0, bound). */
  integer(bound: number): number
  /** Uniform in [low, high). */
  between(low: number, high: number): number
  /** True with the given probability. */
  chance(probability: number): boolean
  /** One item, all equally likely. Throws a RangeError on an empty list. */
  pick<T>(items: readonly T[]): T
  /**
   * One key of a table, in proportion to its weight. Throws a RangeError when no weight is
   * positive.
   */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K
}

/**
 * A 32-bit seed from any mix of words and numbers (FNV-1a with a final avalanche). Not for secrets.
 */
export function seedOf(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5
  for (const char of parts.join('\u001f')) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad)
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97)
  return (hash ^ (hash >>> 15)) >>> 0
}

/**
 * A generator with 32 bits of state: a Weyl sequence whose every value is scrambled by two
 * multiplications. Math.random was rejected because it has no seed; a longer state is not worth it
 * for a few million draws.
 */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0
    let word = state
    word = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
    return ((word ^ (word >>> 15)) >>> 0) / 4294967296
  }
  const integer = (bound: number): number => Math.floor(next() * bound)
  return {
    next,
    integer,
    between: (low, high) => low + next() * (high - low),
    chance: (probability) => next() < probability,
    pick<T>(items: readonly T[]): T {
      if (items.length === 0) throw new RangeError('Cannot pick from an empty list.')
      const item = items[integer(items.length)]
      // The index is in range, so only a list that itself holds undefined can give undefined here.
      return item as T
    },
    weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
      const keys = (Object.keys(weights) as K[]).filter((key) => weights[key] > 0)
      let left = next() * keys.reduce((sum, key) => sum + weights[key], 0)
      for (const key of keys) {
        left -= weights[key]
        if (left < 0) return key
      }
      const last = keys.at(-1)
      if (last === undefined) throw new RangeError('Cannot pick: no weight is positive.')
      return last
    },
  }
}
