import { parseRecipe } from '../../recipes/read-recipe.ts'

const rest = `hone: 1
campaign: example
baseModel: { path: model }
sources: { train: { path: data } }
rounds: { count: 1, first: [{ step: describe, from: train, endpoint: teacher }] }
`

/**
 * Names of the endpoints in the first YAML example of a page. Throws when it is no part of a
 * recipe.
 */
export function exampleEndpoints(text: string, file: string): string[] {
  const [, yaml = ''] = /```yaml\n([^]*?)```/.exec(text) ?? []
  return Object.keys(parseRecipe(`${rest}${yaml}`, { file }).endpoints)
}
