import { expect, it } from 'vitest'
import { parseRecipe, recipeHash } from '../../recipes/read-recipe.ts'

const recipe = (judge: string) =>
  parseRecipe(
    `hone: 1
campaign: mine
baseModel: { path: models/base }
endpoints:
  checker: { url: 'http://localhost:8000/v1', model: big }
  mine: { checkpoint: base }
sources: { seed: { path: data/seed } }
benchmarks:
  dev: { path: data/dev, role: dev${judge} }
rounds: { count: 1, first: [{ step: sft, from: seed, learningRate: 1e-5, steps: 10 }] }
`,
    { file: 'mine.yaml' },
  )

it('is an endpoint with a URL, and another judge is another recipe', () => {
  expect(recipe(', judge: checker').benchmarks['dev']).toMatchObject({ judge: 'checker' })
  expect(recipeHash(recipe(', judge: checker'))).not.toBe(recipeHash(recipe('')))
})

it('leaves no trace in a recipe without a judge, so that such recipes keep their hash', () => {
  expect(recipe('').benchmarks['dev']).not.toHaveProperty('judge')
})

it.each([
  ['nobody', 'fix:   use one with a URL, of "checker"'],
  ['toString', 'no endpoint "toString"'],
  ['mine', '"mine" is a checkpoint, and a judge must not change'],
])('is not %s', (name, wrong) => {
  expect(() => recipe(`, judge: ${name}`)).toThrow(wrong)
  expect(() => recipe(`, judge: ${name}`)).toThrow('benchmarks.dev.judge')
})
