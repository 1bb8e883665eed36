/** A request that waits for a slot. */
export interface Waiter {
  /** Owners of one priority take turns. */
  owner: object
  /** Higher ones go first. */
  priority: number
  isRetry: boolean
  /** It was never called. */
  isFirst: boolean
  /**
   * Requests that begin alike share a prefix. A replica then finds its work for an earlier request
   * in its cache.
   */
  prefix: string
  /** How often others were let pass. After enough times it goes wherever a slot is free. */
  passedBy: number
  hasLeft: boolean
}

/** First in, first out. Requests that have left are skipped. */
class Line<Item extends Waiter> {
  #items: Item[] = []
  #head = 0

  push(item: Item): void {
    this.#items.push(item)
  }

  /** The first request that still waits. */
  first(): Item | undefined {
    while (this.#items[this.#head]?.hasLeft) this.#head++
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    if (this.#head === this.#items.length) {
      this.#items = []
      this.#head = 0
    }
    return this.#items[this.#head]
  }

  /** The first of the next few requests for which `suits` is true. */
  find(count: number, suits: (item: Item) => boolean): Item | undefined {
    for (let at = this.#head; at < this.#items.length && count > 0; at++) {
      const item = this.#items[at]
      if (!item || item.hasLeft) continue
      if (suits(item)) return item
      count--
    }
    return undefined
  }
}

/** Requests of one priority: retries first, then owners in turn. */
interface Lane<Item extends Waiter> {
  retries: Line<Item>
  owners: Map<object, Line<Item>>
}

const lookAhead = 32
const longestTurn = 64

/**
 * Says who goes next: by priority, then retries before new work, then owner by owner, so that one
 * owner's thousand requests do not hold up another's ten. Neighbours with the same prefix stay
 * together, up to 64 of them.
 */
export class WaitingLine<Item extends Waiter> {
  readonly #lanes = new Map<number, Lane<Item>>()
  #priorities: number[] = []
  #size = 0
  #firsts = 0
  #turn: { owner: object; prefix: string; length: number } | undefined

  get size(): number {
    return this.#size
  }

  /** Requests that were never called. */
  get firsts(): number {
    return this.#firsts
  }

  /** Priority of the next request; -Infinity when no request waits. */
  get topPriority(): number {
    return this.next()?.priority ?? Number.NEGATIVE_INFINITY
  }

  join(item: Item): void {
    let lane = this.#lanes.get(item.priority)
    if (!lane) {
      lane = { retries: new Line(), owners: new Map() }
      this.#lanes.set(item.priority, lane)
      this.#priorities = [...this.#lanes.keys()].toSorted((a, b) => b - a)
    }
    if (item.isRetry) lane.retries.push(item)
    else {
      let line = lane.owners.get(item.owner)
      if (!line) lane.owners.set(item.owner, (line = new Line()))
      line.push(item)
    }
    this.#size++
    if (item.isFirst) this.#firsts++
  }

  /** Takes a request out because it has a slot or gives up. */
  leave(item: Item): void {
    if (item.hasLeft) return
    item.hasLeft = true
    this.#size--
    if (item.isFirst) this.#firsts--
  }

  /**
   * The next request. `suits` says whether one of the free slots suits a request. A retry waits for
   * such a slot and lets others pass. For new work, one of the next few requests of the same owner
   * is preferred. No request is passed more than 32 times.
   */
  next(suits?: (item: Item) => boolean): Item | undefined {
    if (this.#size === 0) return undefined
    const fits = suits && ((item: Item) => item.passedBy >= lookAhead || suits(item))
    for (const priority of this.#priorities) {
      const lane = this.#lanes.get(priority)
      const found = lane && (chosen(lane.retries, fits) ?? this.#nextNew(lane, fits))
      if (found) return found
    }
    return undefined
  }

  #nextNew(lane: Lane<Item>, fits: ((item: Item) => boolean) | undefined): Item | undefined {
    for (const [owner, line] of lane.owners) {
      const first = line.first()
      if (first) return chosen(line, fits) ?? first
      lane.owners.delete(owner)
    }
    return undefined
  }

  /** Ends the turn of the owner of `item`, unless its next request begins alike. */
  took({ owner, prefix, priority, isRetry }: Item): void {
    if (isRetry) return
    const lane = this.#lanes.get(priority)
    const line = lane?.owners.get(owner)
    if (!lane || !line) return
    const isSame = this.#turn?.owner === owner && this.#turn.prefix === prefix
    const length = isSame ? (this.#turn?.length ?? 0) + 1 : 1
    const next = line.first()
    if (next?.prefix === prefix && length < longestTurn) {
      this.#turn = { owner, prefix, length }
      return
    }
    this.#turn = undefined
    lane.owners.delete(owner)
    if (next) lane.owners.set(owner, line)
  }

  /** Takes all requests out and returns them. */
  clear(): Item[] {
    const all: Item[] = []
    for (let next = this.next(); next; next = this.next()) {
      this.leave(next)
      all.push(next)
    }
    return all
  }
}

/**
 * The first request of the line that fits. When the very first does not fit, one more pass is
 * counted for it. Without `fits`, the very first request.
 */
function chosen<Item extends Waiter>(line: Line<Item>, fits: ((item: Item) => boolean) | undefined): Item | undefined {
  const first = line.first()
  if (!first || !fits || fits(first)) return first
  const other = line.find(lookAhead, fits)
  first.passedBy++
  return other
}
