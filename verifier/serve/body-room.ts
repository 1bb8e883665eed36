import pLimit from 'p-limit'
import { takePlace } from './held-place.ts'

/**
 * Room is given in places of this many bytes, since p-limit counts tasks and not bytes. A smaller
 * body takes one place.
 */
const placeBytes = 1024 * 1024

/** Room for request bodies in memory. A request that comes when the room is full waits, unread. */
export interface BodyRoom {
  /**
   * Waits for room, in the order of coming. Resolves with the function that gives the room back
   * (a second call does nothing), or at once with null when too many requests wait already.
   */
  enter: (bytes: number) => Promise<(() => void) | null>
  /** Bytes that requests hold at the moment. */
  heldBytes: () => number
}

/** `capacity` is in bytes; a larger body takes all of it. `maxWaiting` counts requests. */
export function createBodyRoom(capacity: number, maxWaiting: number): BodyRoom {
  const all = Math.max(1, Math.floor(capacity / placeBytes))
  const places = pLimit(all)
  let waiting = 0
  let held = 0
  return {
    async enter(bytes) {
      const wanted = Math.min(all, Math.max(1, Math.ceil(bytes / placeBytes)))
      const isFull = places.pendingCount > 0 || places.activeCount + wanted > all
      if (isFull && waiting >= maxWaiting) return null
      let giveBack = (): void => undefined
      const left = new Promise<void>((resolve) => (giveBack = resolve))
      waiting++
      // All places are asked for in one turn. p-limit serves them in order, so two requests never
      // wait for places that the other holds.
      await Promise.all(Array.from({ length: wanted }, () => takePlace(places, () => left)))
      waiting--
      held += bytes
      let isHeld = true
      return () => {
        if (!isHeld) return
        isHeld = false
        held -= bytes
        giveBack()
      }
    },
    heldBytes: () => held,
  }
}
