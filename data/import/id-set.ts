import { createHash } from 'node:crypto'

/**
 * Remembers ids by 64 bits of their SHA-256, at 16 to 32 bytes an id; as strings in a Set they would take 100. Two of a million ids
 * share their bits with a chance of 3 in 100 million; the second would then count as a duplicate.
 */
export class IdSet {
  private table = new BigUint64Array(1024)
  private count = 0

  /** Adds an id; false when it was there. */
  add(id: string): boolean {
    // 0 marks a free place.
    const mark = createHash('sha256').update(id).digest().readBigUInt64LE() || 1n
    const at = this.placeOf(mark)
    if (this.table[at] === mark) return false
    this.table[at] = mark
    if (++this.count * 2 > this.table.length) this.grow()
    return true
  }

  private placeOf(mark: bigint): number {
    const mask = this.table.length - 1
    let at = Number(mark & 0xffff_ffffn) & mask
    while (this.table[at] !== 0n && this.table[at] !== mark) at = (at + 1) & mask
    return at
  }

  private grow(): void {
    const old = this.table
    this.table = new BigUint64Array(old.length * 2)
    for (const mark of old) if (mark !== 0n) this.table[this.placeOf(mark)] = mark
  }
}
