import { grown } from './multi-map.ts'

/** A hash near another hash. */
export interface NearHash {
  id: number
  /** Differing bits. */
  distance: number
}

/** 64-bit hashes, searchable by hashes that differ in few bits. */
export interface HammingIndex {
  /** Adds a hash of 16 hexadecimal digits and returns its number: 0, 1, 2, … */
  add(hash: string): number
  /** All hashes within the index's distance, nearest first, then by number. */
  near(hash: string): NearHash[]
}

const bands = 4
const bandBits = 16
const buckets = 1 << bandBits

/**
 * The largest distance of an index, in bits: 4 bands with probes of 2 bits find every hash up to 11
 * bits away.
 */
export const farthest = 11

/**
 * An exact index for distances up to `maxDistance` (at most {@link farthest}): it misses no hash
 * within that distance. Throws a RangeError for a larger distance.
 *
 * A hash is cut into 4 bands of 16 bits. When two hashes differ in d bits, one band differs in at
 * most ⌊d/4⌋ bits. So the index looks up each band with all its neighbours of that radius (up to
 * 137 for 8 bits) and measures the hashes that it finds.
 *
 * Rejected: bands without neighbours, which are only sure to find 3 bits. More and narrower bands
 * (9 for 8 bits), which measure 7 % of all hashes at each search; this index measures 0.8 %. A
 * BK-tree, which visits most of its nodes at such a radius.
 */
export function createHammingIndex(maxDistance: number): HammingIndex {
  if (!(maxDistance >= 0 && maxDistance <= farthest))
    throw new RangeError(`hashes are found up to ${farthest} bits apart, not ${maxDistance}`)
  const radius = Math.floor(maxDistance / bands)
  const probes = neighbours(radius)
  const heads = new Int32Array(bands * buckets).fill(-1)
  let capacity = 1024
  let highs = new Uint32Array(capacity)
  let lows = new Uint32Array(capacity)
  let next = new Int32Array(capacity * bands)
  let count = 0

  return {
    add(hash) {
      if (count === capacity) {
        capacity *= 2
        highs = grown(highs, new Uint32Array(capacity))
        lows = grown(lows, new Uint32Array(capacity))
        next = grown(next, new Int32Array(capacity * bands))
      }
      const [high, low] = halves(hash)
      highs[count] = high
      lows[count] = low
      for (let band = 0; band < bands; band++) {
        const head = band * buckets + bandOf(high, low, band)
        next[count * bands + band] = heads[head] ?? -1
        heads[head] = count
      }
      return count++
    },
    near(hash) {
      const [high, low] = halves(hash)
      const found: NearHash[] = []
      for (let band = 0; band < bands; band++) {
        const own = bandOf(high, low, band)
        for (const probe of probes) {
          let id = heads[band * buckets + (own ^ probe)] ?? -1
          for (; id >= 0; id = next[id * bands + band] ?? -1) {
            const highBits = (highs[id] ?? 0) ^ high
            const lowBits = (lows[id] ?? 0) ^ low
            const distance = bitCount(highBits) + bitCount(lowBits)
            // A hash counts only in the first band that leads to it.
            if (distance <= maxDistance && !ledBefore(highBits, lowBits, band, radius)) found.push({ id, distance })
          }
        }
      }
      return found.sort((a, b) => a.distance - b.distance || a.id - b.id)
    },
  }
}

/** Differing bits of two hashes of 16 hexadecimal digits. */
export function hammingDistance(a: string, b: string): number {
  const [highA, lowA] = halves(a)
  const [highB, lowB] = halves(b)
  return bitCount(highA ^ highB) + bitCount(lowA ^ lowB)
}

const halves = (hash: string): [high: number, low: number] => [
  Number.parseInt(hash.slice(0, 8), 16),
  Number.parseInt(hash.slice(8, 16), 16),
]

const bandOf = (high: number, low: number, band: number): number =>
  ((band < 2 ? high : low) >>> (band % 2 === 0 ? bandBits : 0)) & (buckets - 1)

function ledBefore(highBits: number, lowBits: number, band: number, radius: number): boolean {
  for (let earlier = 0; earlier < band; earlier++)
    if (bitCount(bandOf(highBits, lowBits, earlier)) <= radius) return true
  return false
}

/** The 16-bit values with at most `radius` set bits. */
function neighbours(radius: number): Uint16Array {
  const values: number[] = []
  for (let value = 0; value < buckets; value++) if (bitCount(value) <= radius) values.push(value)
  return Uint16Array.from(values)
}

/** Set bits of a 32-bit value (Warren, Hacker's Delight, 5-1). */
function bitCount(value: number): number {
  let bits = value - ((value >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
