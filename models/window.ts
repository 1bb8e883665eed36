/** The state of a replica when a call began. */
export interface Start {
  /** Calls in flight to the replica, this one included. */
  level: number
  /** Counts the replica's calls from 1. */
  ordinal: number
}

// TCP halves (Chiu & Jain 1989). 0.7 gives up less, because the capacity of one replica rarely
// changes. It applies to timeouts, which say nothing about where the limit is. A refusal shows the
// limit by its level.
const silenceFactor = 0.7
// A smaller share of refusals, at a level that other calls pass, is no sign of load. Replicas
// refuse one call in ten or fewer at random, and 0.15 is too far above that to be reached by
// chance. A step down by chance would take long to make good.
const noise = 0.15
const silentShare = 0.25

/**
 * How many calls a replica gets at one time: additive increase, and one decrease for each burst of
 * refusals. The level at which a refused call began tells where the limit is, so a burst ends right
 * below the limit. A replica that refuses one call in twenty whatever its load loses nothing. After
 * a decrease the window keeps what it learnt for four windows of successes, then tries one more,
 * then grows by the cube of the good time, as in CUBIC (Ha, Rhee & Xu 2008).
 */
export class Window {
  #configured: number
  #size: number
  /** The number of calls that the replica was found to take; unknown until it refuses. */
  #found = Number.POSITIVE_INFINITY
  /** Highest level that is known to pass. */
  #ceiling: number
  /** Size after the last decrease, and successes at the limit since. */
  #base: number
  #successes = 0
  /**
   * Calls that began later than this may shrink it again. `#floor` is the least that this burst may
   * leave.
   */
  #decreasedAt = 0
  #floor = 1
  /** Outcomes by level. They are halved now and then, so that old ones fade. */
  #passed: Float64Array
  #refused: Float64Array
  #silent = 0
  #outcomes = 0

  constructor(configured: number) {
    this.#configured = configured
    this.#size = configured
    this.#ceiling = configured
    this.#base = configured
    this.#passed = new Float64Array(configured + 1)
    this.#refused = new Float64Array(configured + 1)
  }

  get size(): number {
    return this.#size
  }

  get configured(): number {
    return this.#configured
  }

  /**
   * Sets another limit. What the replica was found to take stays known, because engines with
   * different limits may take turns.
   */
  configure(configured: number): void {
    if (configured === this.#configured) return
    this.#configured = configured
    this.#size = Math.min(this.#found, configured)
    this.#ceiling = this.#size
    this.#base = this.#size
    this.#successes = 0
    this.#passed = resized(this.#passed, configured + 1)
    this.#refused = resized(this.#refused, configured + 1)
  }

  passed({ level }: Start): void {
    this.#count(this.#passed, level)
    if (level > this.#ceiling && this.#refusedShare(level) < noise) this.#ceiling = Math.min(level, this.#configured)
    if (this.#size >= this.#configured) return
    this.#grow(level)
    if (this.#found < this.#size) this.#found = this.#size
  }

  /**
   * The replica took the call, whatever its result. Its level is no sign of load, and no sign of
   * room for more.
   */
  taken({ level }: Start): void {
    this.#count(this.#passed, level)
  }

  #grow(level: number): void {
    if (this.#size < this.#ceiling) {
      this.#size++
      return
    }
    // Successes in a window that was not full say nothing about a larger one.
    if (level < 0.75 * this.#size) return
    this.#successes++
    const windows = this.#successes / this.#base
    this.#size = Math.min(this.#configured, Math.max(this.#size, this.#base + Math.floor((windows / 4) ** 3)))
  }

  /** `latest` is the ordinal of the newest call. Calls up to it belong to this burst. */
  refused({ level, ordinal }: Start, latest: number): void {
    this.#count(this.#refused, level)
    if (this.#refusedShare(level) < noise) return
    this.#decrease(ordinal, latest, level - 1)
  }

  /**
   * A call timed out. Some timeouts may be the fault of their rows; a quarter of all calls is
   * overload.
   */
  silent({ ordinal }: Start, latest: number): void {
    this.#count(null, 1)
    this.#silent++
    if (this.#silent < 3 || this.#silent < silentShare * this.#outcomes || ordinal <= this.#decreasedAt) return
    this.#decrease(ordinal, latest, Math.floor(this.#size * silenceFactor))
    this.#silent = 0
  }

  #decrease(ordinal: number, latest: number, size: number): void {
    if (ordinal > this.#decreasedAt) {
      this.#decreasedAt = latest
      this.#floor = Math.max(1, Math.floor(this.#size / 2))
    }
    this.#size = Math.max(this.#floor, Math.min(this.#size, size))
    this.#found = this.#size
    this.#ceiling = this.#size
    this.#base = this.#size
    this.#successes = 0
  }

  #count(levels: Float64Array | null, level: number): void {
    if (levels) {
      const at = Math.min(level, this.#configured)
      levels[at] = (levels[at] ?? 0) + 1
    }
    if (++this.#outcomes < 8 * this.#configured) return
    this.#outcomes /= 2
    this.#silent /= 2
    for (let at = 0; at <= this.#configured; at++) {
      this.#passed[at] = (this.#passed[at] ?? 0) / 2
      this.#refused[at] = (this.#refused[at] ?? 0) / 2
    }
  }

  /** Share of calls that were refused among those that began at this level or above. */
  #refusedShare(level: number): number {
    let passed = 0
    let refused = 0
    for (let at = Math.min(level, this.#configured); at <= this.#configured; at++) {
      passed += this.#passed[at] ?? 0
      refused += this.#refused[at] ?? 0
    }
    return refused === 0 ? 0 : refused / (passed + refused)
  }
}

function resized(levels: Float64Array, length: number): Float64Array {
  const copy = new Float64Array(length)
  copy.set(levels.subarray(0, length))
  return copy
}
