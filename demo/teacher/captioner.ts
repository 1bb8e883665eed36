import { createHash } from 'node:crypto'
import { createRandom, seedOf } from '../random.ts'
import type { Random } from '../random.ts'
import { COLORS, positionName, SHAPES } from '../scene.ts'
import type { Cell, Grid, Scene } from '../scene.ts'
import { readScene } from './see.ts'

export type CaptionerSettings = {
  /** The teacher's own seed. */
  seed: number
  /** How many cells the captioner looks for. */
  grid: Grid
  /** Share of pictures with one wrong or missing thing, 0 to 1. */
  captionErrorRate: number
}

/**
 * Describes a picture from its pixels alone. The words and the errors depend only on the teacher's seed, the picture's
 * bytes and the request's seed. Throws UnreadablePicture.
 */
export async function describePicture(
  image: Buffer,
  requestSeed: number,
  settings: CaptionerSettings,
): Promise<string> {
  const scene = await readScene(image, settings.grid)
  const hash = createHash('sha256').update(image).digest('hex')
  const random = createRandom(seedOf(settings.seed, 'caption', hash, requestSeed))
  const seen = random.chance(settings.captionErrorRate) ? misread(scene, random) : scene.cells
  return wordCaption(scene, seen, random)
}

/** What the captioner believes of each cell; undefined is a cell that it forgets to mention. */
type Belief = Cell | undefined

/** One error: a wrong colour, a wrong shape or an omission; on an empty picture, a shape that is not there. */
function misread(scene: Scene, random: Random): Belief[] {
  const beliefs: Belief[] = [...scene.cells]
  const filled = scene.cells.flatMap((cell, index) => (cell === null ? [] : [{ cell, index }]))
  if (filled.length === 0) {
    beliefs[random.integer(beliefs.length)] = { color: random.pick(COLORS), shape: random.pick(SHAPES) }
    return beliefs
  }
  const { cell, index } = random.pick(filled)
  const error = random.pick(['color', 'shape', 'omission'] as const)
  if (error === 'omission') beliefs[index] = undefined
  else if (error === 'color') {
    beliefs[index] = { ...cell, color: random.pick(COLORS.filter((color) => color !== cell.color)) }
  } else {
    beliefs[index] = { ...cell, shape: random.pick(SHAPES.filter((shape) => shape !== cell.shape)) }
  }
  return beliefs
}

/** A way to say what is in a cell; the place is in lower case. */
type Wording = { opening: string; filled: (place: string, what: string) => string; empty: (place: string) => string }

const WORDINGS: readonly Wording[] = [
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

function wordCaption(scene: Scene, beliefs: readonly Belief[], random: Random): string {
  const wording = random.pick(WORDINGS)
  const sentences = beliefs.flatMap((belief, index) => {
    if (belief === undefined) return []
    const place = positionName(scene, index)
    return belief === null ? [wording.empty(place)] : [wording.filled(place, `${belief.color} ${belief.shape}`)]
  })
  return [wording.opening, ...sentences].join(' ')
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1)
}
