interface Options {
  /** Whether a swap of two neighbours is one change (optimal string alignment) and not two. */
  swaps?: boolean
  /** Called before each column of the table with its steps. A caller with a limit throws here. */
  spend?: (steps: number) => void
}

/**
 * The edit distance of two texts in code points: the fewest insertions, deletions and replacements
 * that turn one text into the other, with `swaps` also swaps of neighbours. Bit-parallel after
 * Myers (1999) and Hyyrö (2003), in blocks: one step of a block does 32 cells of the table, so two
 * texts of 4,000 characters take 500,000 steps and not 16 million. (The package fastest-levenshtein
 * was rejected: it has no limit of steps and no swaps.)
 */
export function editDistance(a: string, b: string, { swaps = false, spend }: Options = {}): number {
  const [short, long] = [Array.from(a), Array.from(b)].sort((x, y) => x.length - y.length)
  if (short === undefined || long === undefined) return 0
  if (short.length === 0) return long.length
  const table = new Columns(short, swaps)
  let distance = short.length
  for (const character of long) {
    spend?.(table.steps)
    distance += table.next(character)
  }
  return distance
}

/**
 * One column of the table, in blocks of 32 rows. Names as in Hyyrö's paper: VP and VN are the rows
 * where the distance grows or falls by one from the row above, HP and HN the rows where it grows or
 * falls by one from the column before, D0 the rows where the diagonal step is free.
 */
class Columns {
  /** The steps of one column. */
  readonly steps: number
  readonly #blocks: number
  readonly #lastBit: number
  readonly #swaps: boolean
  /** The rows at which a character stands in the shorter text. */
  readonly #rows = new Map<string, Int32Array>()
  readonly #none: Int32Array
  readonly #vp: Int32Array
  readonly #vn: Int32Array
  readonly #d0: Int32Array
  #rowsBefore: Int32Array

  constructor(short: readonly string[], swaps: boolean) {
    this.#blocks = Math.ceil(short.length / 32)
    this.steps = 1 + (this.#blocks >> 3)
    this.#lastBit = 1 << ((short.length - 1) & 31)
    this.#swaps = swaps
    short.forEach((character, row) => {
      const rows = this.#rows.get(character) ?? new Int32Array(this.#blocks)
      rows[row >> 5] = (rows[row >> 5] ?? 0) | (1 << (row & 31))
      this.#rows.set(character, rows)
    })
    this.#none = new Int32Array(this.#blocks)
    this.#rowsBefore = this.#none
    this.#vp = new Int32Array(this.#blocks).fill(-1)
    this.#vn = new Int32Array(this.#blocks)
    this.#d0 = new Int32Array(this.#blocks)
  }

  /** Moves to the column of this character. Returns the change of the distance in the last row. */
  next(character: string): number {
    const rows = this.#rows.get(character) ?? this.#none
    let carry = 1
    let swapIn = 0
    for (let block = 0; block < this.#blocks; block++) {
      const vp = this.#vp[block] ?? 0
      const vn = this.#vn[block] ?? 0
      const match = rows[block] ?? 0
      const top = block === this.#blocks - 1 ? this.#lastBit : 1 << 31
      const free = carry < 0 ? match | 1 : match
      let d0 = ((((free & vp) + vp) | 0) ^ vp) | free | vn
      if (this.#swaps) {
        const unmatched = ~(this.#d0[block] ?? 0) & match
        d0 |= ((unmatched << 1) | swapIn) & (this.#rowsBefore[block] ?? 0)
        swapIn = unmatched >>> 31
        this.#d0[block] = d0
      }
      const grows = vn | ~(d0 | vp)
      const falls = d0 & vp
      const hp = (grows << 1) | (carry > 0 ? 1 : 0)
      const hn = (falls << 1) | (carry < 0 ? 1 : 0)
      this.#vp[block] = hn | ~(d0 | hp)
      this.#vn[block] = hp & d0
      carry = (grows & top) !== 0 ? 1 : (falls & top) !== 0 ? -1 : 0
    }
    this.#rowsBefore = rows
    return carry
  }
}
