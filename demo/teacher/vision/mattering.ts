import { colorNames, positionName, shapeNames } from '../../scene.ts'
import type { Grid } from '../../scene.ts'
import type { Belief } from './caption-words.ts'

/**
 * The cells that a question is about, in reading order: the cells at a place, row or column that it
 * names, and the cells whose colour or shape it names. All cells when it names no place, colour or
 * shape.
 */
export function mattering(grid: Grid, beliefs: readonly Belief[], question: string): number[] {
  const text = question.toLowerCase()
  const isNamed = (word: string): boolean => new RegExp(String.raw`\b${word}s?\b`).test(text)
  const all = [...beliefs.keys()]
  const named = [...colorNames, ...shapeNames].filter(isNamed)
  const found = all.filter((index) => {
    const belief = beliefs[index]
    const place = positionName(grid, index)
    const [row, column] = place.split(' ')
    const isPlaced = [place, `${row} row`, `${column} column`].some((each) => text.includes(each))
    return isPlaced || named.some((word) => word === belief?.color || word === belief?.shape)
  })
  return found.length === 0 && named.length === 0 ? all : found
}
