import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { HoneError } from '../../domain/errors.ts'
import { editDistance } from '../../data/did-you-mean.ts'
import { parseRecipe, recipeHash, recipeJsonSchemaText } from '../../data/recipe.ts'

const recipes = new URL('../../recipes/', import.meta.url)

const good = `hone: 1
campaign: mine
baseModel: { path: models/base }
endpoints:
  teacher: { url: 'http://localhost:8000/v1', model: big }
sources:
  seed: { path: data/seed }
rounds:
  count: 2
  first:
    - { step: describe, from: seed, endpoint: teacher }
    - { step: reason, endpoint: teacher }
    - { step: verify }
    - { step: sft, learningRate: 1e-5, steps: 10 }
`

function problems(text: string): string {
  try {
    parseRecipe(text, { file: 'mine.yaml' })
  } catch (error) {
    if (error instanceof HoneError && error.type === 'InvalidRecipe') return error.message
    throw error
  }
  throw new Error('the recipe was accepted')
}

describe('a recipe', () => {
  it('gets its defaults, and its hash does not see comments', () => {
    const recipe = parseRecipe(good, { file: 'mine.yaml' })
    expect(recipe.rounds.first[1]).toMatchObject({ step: 'reason', samples: 4, temperature: 0.7 })
    expect(recipe.endpoints['teacher']).toMatchObject({ concurrency: 16 })
    expect(recipeHash(parseRecipe(`# mine\n${good}`, { file: 'other.yaml' }))).toBe(recipeHash(recipe))
    expect(recipeHash(parseRecipe(good.replace('count: 2', 'count: 3'), { file: 'x' }))).not.toBe(recipeHash(recipe))
  })

  it.each(readdirSync(recipes).filter((name) => name.endsWith('.yaml')))('that Hone ships is good: %s', (name) => {
    expect(() => parseRecipe(readFileSync(new URL(name, recipes), 'utf8'), { file: name })).not.toThrow()
  })

  it('has a fresh JSON Schema for editors', () => {
    const written = readFileSync(new URL('recipe.schema.json', recipes), 'utf8')
    expect(written === recipeJsonSchemaText(), 'run: npx tsx data/write-recipe-schema.ts').toBe(true)
  })
})

describe('a bad recipe', () => {
  it('hears of a misspelt key, where it stands and what was meant', () => {
    expect(problems(good.replace('learningRate', 'learnigRate'))).toContain(
      [
        '  rounds.first[3].learnigRate (line 14, column 20): unknown key "learnigRate"',
        '    value: 0.00001',
        '    fix:   did you mean "learningRate"?',
      ].join('\n'),
    )
  })

  it('hears of an unknown step', () => {
    expect(problems(good.replace('step: describe', 'step: descibe'))).toBe(
      [
        'mine.yaml is not a valid recipe (1 problem)',
        '',
        '  rounds.first[0].step (line 11, column 9): unknown step "descibe"',
        '    value: "descibe"',
        '    fix:   did you mean "describe"?',
        '',
      ].join('\n'),
    )
    expect(problems(good.replace('step: describe', 'step: paint'))).toContain('fix:   use one of describe, ')
  })

  it('hears of a value of the wrong type or out of range', () => {
    const text = problems(good.replace('count: 2', 'count: "2"').replace('steps: 10', 'steps: 0'))
    expect(text).toContain(
      'rounds.count (line 9, column 3): is not a number\n    value: "2"\n    fix:   write 2 without quotes',
    )
    expect(text).toMatch(/rounds\.first\[3\]\.steps .*: is too small\n {4}value: 0\n {4}fix: {3}use more than 0/)
  })

  it('hears of names that lead nowhere', () => {
    const text = problems(
      good.replace('from: seed', 'from: sed').replace('reason, endpoint: teacher', 'reason, endpoint: techer'),
    )
    expect(text).toContain(
      '"sed" is neither a source nor an earlier data step\n    value: "sed"\n    fix:   did you mean "seed"?',
    )
    expect(text).toContain('no endpoint "techer"\n    value: "techer"\n    fix:   did you mean "teacher"?')
  })

  it('hears of everything at once', () => {
    const text = problems('hone: 1\ncampaign: My Campaign\nsauces: {}\n')
    for (const part of [
      '5 problems',
      'campaign (line 2',
      'baseModel',
      'is missing',
      'did you mean "sources"?',
      'rounds',
    ])
      expect(text).toContain(part)
  })

  it('is told by the endpoint form that fits best', () => {
    const text = problems(good.replace('model: big', 'modell: big'))
    expect(text).toContain('2 problems')
    expect(text).toContain('endpoints.teacher.modell (line 5, column 47): unknown key "modell"')
    expect(text).toContain('did you mean "model"?')
  })

  it('never sees its key repeated', () => {
    const text =
      problems(good.replace('model: big', 'model: big, apiKeyEnv: sk-12345')) +
      problems(good.replace('model: big', 'model: big, apiKey: sk-12345'))
    expect(text).not.toContain('sk-12345')
    expect(text).toContain('name the environment variable')
    expect(text).toContain('did you mean "apiKeyEnv"?')
  })

  it.each([
    ['broken YAML', 'hone: 1\ncampaign: [a\nx: 1\n', 'at line 3'],
    ['a key given twice', 'hone: 1\nhone: 1\n', 'unique'],
    ['an empty file', '# nothing\n', 'the file is empty'],
    ['a list', '- hone: 1\n', 'is not a map of keys'],
  ])('may be %s', (_, text, part) => {
    expect(problems(text)).toContain(part)
  })
})

it('measures typing errors', () => {
  expect(editDistance('sampels', 'samples')).toBe(1)
  expect(editDistance('', 'abc')).toBe(3)
  expect(editDistance('same', 'same')).toBe(0)
})
