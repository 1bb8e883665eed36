import { mix } from './grams.ts'

/**
 * Many small integers under each 32-bit key, in flat arrays: 12 to 20 bytes an entry. A Map takes
 * about a hundred.
 */
export interface MultiMap {
  add(key: number, value: number): void
  /** Calls `visit` for each value of the key, the newest value first. */
  each(key: number, visit: (value: number) => void): void
}

/** An empty map that grows. Keys are unsigned 32-bit integers, values are below 2³¹. */
export function createMultiMap(): MultiMap {
  let capacity = 1024
  let heads = new Int32Array(capacity).fill(-1)
  let keys = new Uint32Array(capacity)
  let values = new Int32Array(capacity)
  let next = new Int32Array(capacity)
  let count = 0

  const link = (slot: number) => {
    const head = (mix(keys[slot] ?? 0) & (capacity - 1)) >>> 0
    next[slot] = heads[head] ?? -1
    heads[head] = slot
  }
  const grow = () => {
    capacity *= 2
    keys = grown(keys, new Uint32Array(capacity))
    values = grown(values, new Int32Array(capacity))
    next = new Int32Array(capacity)
    heads = new Int32Array(capacity).fill(-1)
    for (let slot = 0; slot < count; slot++) link(slot)
  }

  return {
    add(key, value) {
      if (count === capacity) grow()
      keys[count] = key
      values[count] = value
      link(count)
      count++
    },
    each(key, visit) {
      const wanted = key >>> 0
      for (let slot = heads[(mix(wanted) & (capacity - 1)) >>> 0] ?? -1; slot >= 0; slot = next[slot] ?? -1)
        if (keys[slot] === wanted) visit(values[slot] ?? 0)
    },
  }
}

/** Copies `from` to the start of the larger array `to` and returns `to`. */
export function grown<Typed extends Uint32Array | Int32Array | Float64Array>(from: Typed, to: Typed): Typed {
  to.set(from)
  return to
}
