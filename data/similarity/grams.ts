/**
 * Hashes of all runs of `size` words, ascending, each once. They are integers below 2⁵³: in at most
 * 1 of 10,000 collections of a million runs two runs share a hash by chance. Empty for fewer words.
 */
export function gramsOf(words: readonly string[], size: number): Float64Array {
  const count = words.length - size + 1
  if (count <= 0) return new Float64Array(0)
  const low = new Uint32Array(words.length)
  const high = new Uint32Array(words.length)
  words.forEach((word, index) => {
    low[index] = hashOf(word, 0x811c9dc5)
    high[index] = hashOf(word, 0x9e3779b9)
  })
  const grams = new Float64Array(count)
  for (let start = 0; start < count; start++) {
    let a = 0
    let b = 0
    for (let index = start; index < start + size; index++) {
      a = Math.imul(a, 0x01000193) + (low[index] ?? 0)
      b = Math.imul(b, 0x5bd1e995) + (high[index] ?? 0)
    }
    grams[start] = (mix(a) >>> 0) + (mix(b) & 0x1fffff) * 0x1_0000_0000
  }
  return distinct(grams.sort())
}

/** 32-bit hash of the numbers in a text. Their order makes no difference. */
export const numbersHash = (words: readonly string[]): number =>
  hashOf(
    words
      .filter((word) => /^\d/.test(word))
      .toSorted()
      .join(' '),
    0x811c9dc5,
  )

/** How many values two ascending lists share. */
export function shared(a: Float64Array, b: Float64Array): number {
  let count = 0
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const left = a[i] ?? 0
    const right = b[j] ?? 0
    if (left === right) count++
    if (left <= right) i++
    if (right <= left) j++
  }
  return count
}

/** Spreads the bits of a 32-bit value (the finaliser of MurmurHash3, public domain). */
export function mix(value: number): number {
  let bits = value
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}

/** FNV-1a over UTF-16 units. The seed is the offset basis. */
function hashOf(text: string, seed: number): number {
  let hash = seed
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return mix(hash) >>> 0
}

function distinct(sorted: Float64Array): Float64Array {
  let count = 0
  for (let index = 0; index < sorted.length; index++) {
    const value = sorted[index] ?? 0
    if (index === 0 || value !== sorted[count - 1]) sorted[count++] = value
  }
  return sorted.slice(0, count)
}
