import type { Effort } from '../effort.ts'

/** A rectangle from its upper left to its lower right corner. x goes right, y goes down. */
export interface Box {
  x1: number
  y1: number
  x2: number
  y2: number
}
export type Point = readonly [x: number, y: number]

/** Whether the corners are in order and the area is not zero. */
export function isProper({ x1, y1, x2, y2 }: Box): boolean {
  return x1 < x2 && y1 < y2
}

export function sameBox(a: Box, b: Box): boolean {
  return a.x1 === b.x1 && a.y1 === b.y1 && a.x2 === b.x2 && a.y2 === b.y2
}

/** The intersection over union of two proper boxes, 0 to 1. */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1)
  const height = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1)
  if (width <= 0 || height <= 0) return 0
  const shared = width * height
  return shared / (area(a) + area(b) - shared)
}

function area({ x1, y1, x2, y2 }: Box): number {
  return (x2 - x1) * (y2 - y1)
}

/** Whether the point is in the box. The border is inside. */
export function isInside([x, y]: Point, { x1, y1, x2, y2 }: Box): boolean {
  return x >= x1 && x <= x2 && y >= y1 && y <= y2
}

export function centre({ x1, y1, x2, y2 }: Box): Point {
  return [(x1 + x2) / 2, (y1 + y2) / 2]
}

/**
 * Whether each of `count` left items can get a right item of its own, out of `count`, along allowed
 * pairs. Uses augmenting paths (Kuhn): a greedy choice would miss pairings that exist.
 */
export function hasPairing(count: number, allowed: (left: number, right: number) => boolean, effort: Effort): boolean {
  const takenBy = Array.from({ length: count }, (): number | undefined => undefined)
  const place = (left: number, seen: Set<number>): boolean => {
    for (let right = 0; right < count; right++) {
      effort.spend()
      if (seen.has(right) || !allowed(left, right)) continue
      seen.add(right)
      const holder = takenBy[right]
      if (holder === undefined || place(holder, seen)) {
        takenBy[right] = left
        return true
      }
    }
    return false
  }
  for (let left = 0; left < count; left++) if (!place(left, new Set())) return false
  return true
}
