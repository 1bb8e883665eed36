const hashBytes = 32

/**
 * The pictures that a source names by path, in the order of its rows, from the look at all of it
 * that gave the source its hash. Rows then get exactly the pictures that were hashed, and no file
 * is read a second time. A picture takes 32 bytes; its size and looks are in the database by then.
 */
export class PictureLedger {
  #hashes = Buffer.alloc(1024 * hashBytes)
  #count = 0

  /** Adds the next picture by its SHA-256; null for one that cannot be used. */
  add(hash: string | null): void {
    const at = this.#count * hashBytes
    if (at === this.#hashes.length) this.#hashes = Buffer.concat([this.#hashes, Buffer.alloc(at)])
    // Zeros are no picture's hash: nobody knows bytes that have it.
    if (hash !== null) this.#hashes.write(hash, at, 'hex')
    this.#count += 1
  }

  /**
   * Reads from the first picture on: SHA-256, null for one that cannot be used, undefined after the
   * last.
   */
  reader(): () => string | null | undefined {
    let next = 0
    return () => {
      if (next === this.#count) return undefined
      const hash = this.#hashes.subarray(next * hashBytes, ++next * hashBytes)
      return hash.every((byte) => byte === 0) ? null : hash.toString('hex')
    }
  }
}
