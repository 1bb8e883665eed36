import type { Random } from './random.ts'

export const shapeNames = ['circle', 'square', 'triangle'] as const
export const colorNames = ['red', 'green', 'blue', 'yellow'] as const

export type Shape = (typeof shapeNames)[number]
export type Color = (typeof colorNames)[number]
/** What one cell holds; null is an empty cell. */
export type Cell = { shape: Shape; color: Color } | null
export interface Grid {
  rows: number
  columns: number
}
/** Cells row by row, from the top left. */
export type Scene = Grid & { cells: readonly Cell[] }

export type SceneSettings = Grid & {
  /** Share of empty cells, 0 to 1. */
  emptyShare: number
  /**
   * Chance that a new shape repeats the colour or the shape of an earlier one, so that counts above
   * one are common.
   */
  repeatShare: number
}

/** Draws one scene. Scenes may repeat between calls; `drawDistinctScenes` gives distinct ones. */
export function drawScene(settings: SceneSettings, random: Random): Scene {
  const cells: Cell[] = []
  for (let index = 0; index < settings.rows * settings.columns; index += 1) {
    if (random.chance(settings.emptyShare)) {
      cells.push(null)
      continue
    }
    const cell = { shape: random.pick(shapeNames), color: random.pick(colorNames) }
    const earlier = cells.filter((other) => other !== null)
    if (earlier.length > 0 && random.chance(settings.repeatShare)) {
      const model = random.pick(earlier)
      if (random.chance(0.5)) cell.color = model.color
      else cell.shape = model.shape
    }
    cells.push(cell)
  }
  return { rows: settings.rows, columns: settings.columns, cells }
}

/**
 * Draws scenes that differ from each other and from all in `taken`, and adds their keys to `taken`.
 * Throws a RangeError when the grid is too small to hold that many.
 */
export function drawDistinctScenes(
  settings: SceneSettings,
  count: number,
  taken: Set<string>,
  random: Random,
): Scene[] {
  const scenes: Scene[] = []
  // A 2×2 grid has 13^4 = 28,561 scenes; a few hundred tries for one new scene means that the grid
  // is used up.
  for (let misses = 0; scenes.length < count;) {
    const scene = drawScene(settings, random)
    const key = sceneKey(scene)
    if (taken.has(key)) {
      misses += 1
      if (misses > 1000) {
        throw new RangeError(
          `Only ${scenes.length} of ${count} new scenes fit a ${settings.rows}×${settings.columns} grid. ` +
            'Ask for fewer pictures or a larger grid.',
        )
      }
      continue
    }
    misses = 0
    taken.add(key)
    scenes.push(scene)
  }
  return scenes
}

/** Names a scene's content. Two scenes with one key show the same shapes in the same cells. */
export function sceneKey(scene: Scene): string {
  const cells = scene.cells.map((cell) => (cell === null ? '-' : `${cell.color} ${cell.shape}`))
  return `${scene.rows}x${scene.columns}:${cells.join(',')}`
}

const placeNames: Readonly<Record<number, { rows: readonly string[]; columns: readonly string[] }>> = {
  1: { rows: ['middle'], columns: ['middle'] },
  2: { rows: ['top', 'bottom'], columns: ['left', 'right'] },
  3: { rows: ['top', 'middle', 'bottom'], columns: ['left', 'center', 'right'] },
}

/** The words for a cell: `top left` up to a 3×3 grid, `row 4 column 2` beyond. */
export function positionName(grid: Grid, index: number): string {
  const row = Math.floor(index / grid.columns)
  const column = index % grid.columns
  const rowName = placeNames[grid.rows]?.rows[row]
  const columnName = placeNames[grid.columns]?.columns[column]
  if (rowName === undefined || columnName === undefined) return `row ${row + 1} column ${column + 1}`
  return `${rowName} ${columnName}`
}

/** All cells' words in reading order. */
export function positionNames(grid: Grid): string[] {
  return Array.from({ length: grid.rows * grid.columns }, (_, index) => positionName(grid, index))
}
