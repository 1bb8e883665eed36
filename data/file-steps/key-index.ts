import type { Place } from './read-places.ts'

/**
 * The place of the line of each key: 20 bytes a slot and at most half of the slots in use, so that
 * a million keys take 40 to 80 MB. A Map of texts takes three times as much. Keys are hexadecimal
 * hashes. Their first 16 digits distinguish them here, and every reader of a line compares the
 * whole key.
 */
export class KeyIndex {
  #slots = 1024
  #size = 0
  #high = new Uint32Array(this.#slots)
  #low = new Uint32Array(this.#slots)
  #offsets = new Float64Array(this.#slots)
  /** 0 where a slot is free, because no line is empty. */
  #bytes = new Uint32Array(this.#slots)

  get size(): number {
    return this.#size
  }

  get(key: string): Place | undefined {
    const slot = this.#slotOf(wordAt(key, 0), wordAt(key, 8))
    const bytes = this.#bytes[slot] ?? 0
    return bytes === 0 ? undefined : { offset: this.#offsets[slot] ?? 0, bytes }
  }

  /** The latest place of a key counts. */
  set(key: string, place: Place): void {
    if (2 * (this.#size + 1) > this.#slots) this.#grow()
    this.#put(wordAt(key, 0), wordAt(key, 8), place.offset, place.bytes)
  }

  #put(high: number, low: number, offset: number, bytes: number): void {
    const slot = this.#slotOf(high, low)
    if (this.#bytes[slot] === 0) this.#size += 1
    this.#high[slot] = high
    this.#low[slot] = low
    this.#offsets[slot] = offset
    this.#bytes[slot] = bytes
  }

  /** The key's slot, or the free slot that it would take: linear probing. */
  #slotOf(high: number, low: number): number {
    const mask = this.#slots - 1
    let slot = low & mask
    while (this.#bytes[slot] !== 0 && !(this.#high[slot] === high && this.#low[slot] === low)) slot = (slot + 1) & mask
    return slot
  }

  #grow(): void {
    const before = { high: this.#high, low: this.#low, offsets: this.#offsets, bytes: this.#bytes }
    this.#slots *= 2
    this.#size = 0
    this.#high = new Uint32Array(this.#slots)
    this.#low = new Uint32Array(this.#slots)
    this.#offsets = new Float64Array(this.#slots)
    this.#bytes = new Uint32Array(this.#slots)
    before.bytes.forEach((bytes, slot) => {
      if (bytes > 0) this.#put(before.high[slot] ?? 0, before.low[slot] ?? 0, before.offsets[slot] ?? 0, bytes)
    })
  }
}

const wordAt = (key: string, from: number): number => Number.parseInt(key.slice(from, from + 8), 16)
