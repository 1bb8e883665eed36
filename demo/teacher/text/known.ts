import { positionNames } from '../../scene.ts'
import type { Cell, Grid, Scene } from '../../scene.ts'
import { isWithin, readDescription } from '../read-prompt.ts'
import type { Asked, Mention } from '../read-prompt.ts'
import { decide } from '../reasoner.ts'

/** What texts about a picture say of its places. */
export interface Known {
  grid: Grid
  /** What is at each place that is spoken of without contradiction; null where nothing is. */
  places: ReadonlyMap<string, Cell>
  /** Places that are said to hold different things. */
  contradicted: ReadonlySet<string>
  /** Things without a place. */
  loose: readonly Mention[]
}

/**
 * Reads what a description says of the places of a grid; places that the grid does not have are
 * left out.
 */
export function readKnown(description: string, grid: Grid): Known {
  const names = new Set(positionNames(grid))
  const places = new Map<string, Cell>()
  const contradicted = new Set<string>()
  const loose: Mention[] = []
  for (const mention of readDescription(description)) {
    const { place, what } = mention
    if (place === null) loose.push(mention)
    else if (!names.has(place)) continue
    else if (places.has(place) && words(places.get(place)) !== words(what)) contradicted.add(place)
    else places.set(place, what)
  }
  for (const place of contradicted) places.delete(place)
  return { grid, places, contradicted, loose }
}

const words = (cell: Cell | undefined): string => (cell ? `${cell.color} ${cell.shape}` : 'empty')

/** Places about which nothing is sure, in reading order. */
export function missingPlaces({ grid, places }: Known): string[] {
  return positionNames(grid).filter((place) => !places.has(place))
}

/** The known places as a scene; a place that is not known counts as empty. */
export function sceneOf({ grid, places }: Known): Scene {
  return { ...grid, cells: positionNames(grid).map((place) => places.get(place) ?? null) }
}

/**
 * The answer to a question that the known places decide, else undefined. A question about a place
 * or a row needs that place or row. A count needs every place, or a text that names no places and
 * so speaks of everything in the picture.
 */
export function decided(asked: Asked, known: Known): string | undefined {
  const placed = [...known.places].map(([place, what]): Mention => ({ place, what }))
  const missing = missingPlaces(known)
  if (missing.length === 0 || asked.kind === 'place') return decide(asked, placed)
  if (asked.kind === 'describe') {
    const isKnown = asked.area !== 'picture' && !missing.some((place) => isWithin(place, asked.area))
    return isKnown ? decide(asked, placed) : undefined
  }
  const isList = placed.length === 0 && known.contradicted.size === 0 && known.loose.length > 0
  return isList ? decide(asked, known.loose) : undefined
}
