import { parseRecipe } from '../../recipes/read-recipe.ts'
import type { Recipe } from '../../domain/recipe/recipe.ts'
import type { Known, KnownRows } from '../../plan/known.ts'

/** Rows of 400 characters with one picture each. */
export const rows = (count: number): KnownRows => ({ rows: count, questionCharacters: 400, images: 1 })

export const nothingKnown: Known = { sources: {}, benchmarks: {}, model: null }

/**
 * A small campaign. `steps` are the steps of its first round, `more` comes at the end of the
 * recipe, and `benchmarks` are added to its two benchmarks.
 */
export function recipe(steps: string, more = '', benchmarks = ''): Recipe {
  return parseRecipe(
    `hone: 1
campaign: mine
baseModel: { path: models/base }
endpoints:
  teacher: { url: 'http://localhost:8000/v1', model: big, imageMaxPixels: 78400, prices: { promptPerMillion: 1, completionPerMillion: 4 } }
  free: { url: 'http://localhost:8001/v1', model: own }
  trained: { checkpoint: parent }
sources:
  seed: { path: data/seed }
  hard: { path: data/hard }
benchmarks:
  dev: { path: data/dev, role: dev, maxTokens: 100 }
  report: { path: data/report, role: report, maxTokens: 200, judge: free }
${benchmarks}
limits: { shardRows: 10 }
rounds:
  count: 3
  first:
${steps
  .trim()
  .split('\n')
  .map((line) => `    - ${line.trim()}`)
  .join('\n')}
${more}`,
    { file: 'mine.yaml' },
  )
}
