import { describe, expect, it } from 'vitest'
import { messageOf } from '../../domain/errors.ts'
import { parseRecipe, recipeHash } from '../../recipes/read-recipe.ts'

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
    return messageOf(error)
  }
  throw new Error('the recipe was accepted')
}

describe('a recipe', () => {
  it('that says nothing about how answers are checked keeps the hash of versions without that field', () => {
    expect(recipeHash(parseRecipe(good, { file: 'x' }))).toBe(
      '019d6c4e958fc356149b4ed681c4dfe81a7b9cf9d9f965dbeadf2cf83c97260c',
    )
  })

  it('may say how answers are checked', () => {
    const policy = 'policy: { form: any, answerTags: ["<final>", "</final>"], reasoningTags: ["[R]", "[/R]"] }'
    expect(parseRecipe(`${good}${policy}\n`, { file: 'x' }).policy).toEqual({
      form: 'any',
      answerTags: ['<final>', '</final>'],
      reasoningTags: ['[R]', '[/R]'],
    })
  })

  it.each([
    ['form: solvd', 'policy.form', 'did you mean "solved"?'],
    ['answerTags: ["<final>"]', 'policy.answerTags', ''],
    [
      'answerTags: ["**", "**"]',
      'policy.answerTags',
      'both marks are the same\n    value: ["**","**"]\n    fix:   give an opening and a closing mark',
    ],
    ['reasoningTags: ["", "[/R]"]', 'policy.reasoningTags[0]', ''],
    ['answerTag: ["[A]", "[/A]"]', 'policy.answerTag', 'did you mean "answerTags"?'],
  ])('hears of a wrong way to check answers: %s', (policy, path, fix) => {
    const text = problems(`${good}policy: { ${policy} }\n`)
    expect(text).toContain(`  ${path} (line 15`)
    expect(text).toContain(fix)
    expect(text).toMatch(/ {4}fix: {3}\S/)
  })
})
