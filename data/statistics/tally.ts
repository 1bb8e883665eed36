import { contentHash } from '../../artifacts/hash.ts'

/** Longest key that is kept as it is, in characters: a table of answers must not hold whole essays. */
const maxKey = 80

/**
 * Counts of words by the item that they come in, in bounded memory. Once `limit` distinct words are in the table, the items
 * after that are left out whole: what it says is then exact for the first {@link Tally.items} of them, where a table that
 * went on with the words it knows would make later items look alike.
 */
export class Tally {
  readonly #counts = new Map<string, number>()
  readonly #limit: number
  #items = 0
  #total = 0
  #isFull = false

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Counts all words of an item, or none of them. An item without words counts for nothing. */
  add(words: readonly string[]): void {
    if (words.length === 0) return
    if (!this.hasRoom) this.close()
    if (this.#isFull) return
    this.#items += 1
    this.#total += words.length
    for (const word of words) {
      const key = word.length <= maxKey ? word : `${word.slice(0, 40)}… ${contentHash(word).slice(0, 24)}`
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    }
  }

  /** Whether the next item would be counted. */
  get hasRoom(): boolean {
    return !this.#isFull && this.#counts.size < this.#limit
  }

  /** Counts nothing from here on. */
  close(): void {
    this.#isFull = true
  }

  /** Items that were counted. */
  get items(): number {
    return this.#items
  }

  /** True once an item was left out. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** Distinct words. */
  get distinct(): number {
    return this.#counts.size
  }

  /** Distinct words as a share of all words; null before the first. */
  get distinctShare(): number | null {
    return this.#total === 0 ? null : this.#counts.size / this.#total
  }

  /** Shannon entropy of the words in bits; 0 when all are the same, null before the first. */
  get entropy(): number | null {
    if (this.#total === 0) return null
    let sum = 0
    for (const count of this.#counts.values()) sum += count * Math.log2(count)
    return Math.max(0, Math.log2(this.#total) - sum / this.#total)
  }

  /** Each word with its count, the most frequent first, then by the alphabet. */
  entries(): [word: string, count: number][] {
    return [...this.#counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  }
}
