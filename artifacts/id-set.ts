/**
 * Three words of 32 bits, so 96 bits of a hash are compared. Among 10⁹ ids the chance that two ids
 * count as one is below 10⁻¹⁰.
 */
const wordsPerId = 3

/**
 * Set of ids. It keeps a hash of each id, 24 to 48 bytes: a million ids as strings in a Set would
 * take 100 MB and more. Open addressing with linear probing, at most half full.
 */
export class IdSet {
  #table = new Uint32Array(1024 * wordsPerId)
  #size = 0

  /**
   * Adds an id by its hash in base64url (at least 16 characters). Returns false when the id is in
   * the set already.
   */
  add(hash: string): boolean {
    if (2 * (this.#size + 1) * wordsPerId > this.#table.length) this.#grow()
    const bytes = Buffer.from(hash.slice(0, 16), 'base64url')
    // A slot of zeros is free, so no hash may be all zeros.
    const isNew = insert(this.#table, bytes.readUInt32LE(0) || 1, bytes.readUInt32LE(4), bytes.readUInt32LE(8))
    if (isNew) this.#size += 1
    return isNew
  }

  #grow(): void {
    const before = this.#table
    this.#table = new Uint32Array(2 * before.length)
    for (let at = 0; at < before.length; at += wordsPerId)
      if (before[at] !== 0) insert(this.#table, before[at] ?? 0, before[at + 1] ?? 0, before[at + 2] ?? 0)
  }
}

function insert(table: Uint32Array, a: number, b: number, c: number): boolean {
  const slots = table.length / wordsPerId
  for (let slot = b % slots; ; slot = (slot + 1) % slots) {
    const at = slot * wordsPerId
    if (table[at] === 0) {
      table.set([a, b, c], at)
      return true
    }
    if (table[at] === a && table[at + 1] === b && table[at + 2] === c) return false
  }
}
