import { contentHash } from '../../artifacts/hash.ts'

/**
 * Characters. Longer keys are shortened and hashed: a table of answers must not hold whole essays.
 */
const maxKey = 80

/**
 * Counts of words in bounded memory. Words are added item by item. When the table has `limit`
 * distinct words, all later items are left out, so the figures are exact for the first {@link
 * Tally.items} items. (Rejected: counting only the known words of later items, which would make
 * these items look alike.)
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

  /** Counts all words of an item or no word. An item without words does not count. */
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

  /** Whether the table would count the next item. */
  get hasRoom(): boolean {
    return !this.#isFull && this.#counts.size < this.#limit
  }

  /** Counts nothing after this call. */
  close(): void {
    this.#isFull = true
  }

  /** Items that were counted. */
  get items(): number {
    return this.#items
  }

  /** Whether an item was left out. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** Distinct words. */
  get distinct(): number {
    return this.#counts.size
  }

  /** Distinct words as a share of all words. Null without words. */
  get distinctShare(): number | null {
    return this.#total === 0 ? null : this.#counts.size / this.#total
  }

  /** Shannon entropy of the words in bits. 0 when all words are equal, null without words. */
  get entropy(): number | null {
    if (this.#total === 0) return null
    let sum = 0
    for (const count of this.#counts.values()) sum += count * Math.log2(count)
    return Math.max(0, Math.log2(this.#total) - sum / this.#total)
  }

  /** Each word with its count, the most frequent first, then in alphabetical order. */
  entries(): [word: string, count: number][] {
    return [...this.#counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  }
}
