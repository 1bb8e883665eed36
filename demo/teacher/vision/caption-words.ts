import type { Random } from '../../random.ts'
import { colorNames, positionName, shapeNames } from '../../scene.ts'
import type { Cell, Grid, Scene } from '../../scene.ts'

/** What a role believes of each cell; undefined is a cell that it forgets to mention. */
export type Belief = Cell | undefined

/**
 * One error: a wrong colour, a wrong shape or an omission; on an empty picture, a shape that is not
 * there.
 */
export function misread(scene: Scene, random: Random): Belief[] {
  const beliefs: Belief[] = [...scene.cells]
  const filled = scene.cells.flatMap((cell, index) => (cell === null ? [] : [{ cell, index }]))
  if (filled.length === 0) {
    beliefs[random.integer(beliefs.length)] = { color: random.pick(colorNames), shape: random.pick(shapeNames) }
    return beliefs
  }
  const { cell, index } = random.pick(filled)
  const error = random.pick(['color', 'shape', 'omission'] as const)
  if (error === 'omission') beliefs[index] = undefined
  else if (error === 'color') {
    beliefs[index] = { ...cell, color: random.pick(colorNames.filter((color) => color !== cell.color)) }
  } else {
    beliefs[index] = { ...cell, shape: random.pick(shapeNames.filter((shape) => shape !== cell.shape)) }
  }
  return beliefs
}

/** A way to say what is in a cell; the place is in lower case. */
interface Wording {
  opening: string
  filled: (place: string, what: string) => string
  empty: (place: string) => string
}

const allWordings: readonly Wording[] = [
  {
    opening: 'The picture shows a grid.',
    filled: (place, what) => `${capital(place)}: a ${what}.`,
    empty: (place) => `${capital(place)}: nothing.`,
  },
  {
    opening: 'A simple picture on light paper.',
    filled: (place, what) => `At the ${place} there is a ${what}.`,
    empty: (place) => `The ${place} is empty.`,
  },
  {
    opening: 'The picture shows colored shapes.',
    filled: (place, what) => `A ${what} is at the ${place}.`,
    empty: (place) => `There is nothing at the ${place}.`,
  },
]

/**
 * A description of the cells in one of the wordings, in the order of `order`, by default reading
 * order.
 */
export function wordCaption(
  grid: Grid,
  beliefs: readonly Belief[],
  random: Random,
  order: readonly number[] = [...beliefs.keys()],
): string {
  const wording = random.pick(allWordings)
  const sentences = order.flatMap((index) => {
    const belief = beliefs[index]
    if (belief === undefined) return []
    const place = positionName(grid, index)
    return belief === null ? [wording.empty(place)] : [wording.filled(place, `${belief.color} ${belief.shape}`)]
  })
  return [wording.opening, ...sentences].join(' ')
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1)
}
