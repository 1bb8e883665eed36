import { describe, expect, it } from 'vitest'
import { parseRecipe } from '../../../recipes/read-recipe.ts'
import { describeError } from '../../../domain/errors.ts'
import { serverUrl } from '../../../domain/recipe/server-url.ts'

const recipe = (url: string) => `hone: 1
campaign: mine
baseModel: { path: models/base }
endpoints:
  teacher: { url: ${url}, model: big }
sources:
  seed: { path: data/seed }
rounds:
  count: 1
  first:
    - { step: describe, from: seed, endpoint: teacher }
    - { step: sft, learningRate: 1e-5, steps: 10 }
`
const said = (url: string): string => {
  try {
    parseRecipe(recipe(url), { file: 'mine.yaml' })
    return 'good'
  } catch (error) {
    return describeError(error)
  }
}

describe('the URL of a server', () => {
  it.each(['http://localhost:8000/v1', 'https://api.example.com/v1/', 'https://[::1]:8000/v1', 'demo:teacher'])(
    'is good in a recipe: %s',
    (url) => {
      expect(said(`'${url}'`)).toBe('good')
    },
  )

  it.each([
    ['http://me:hush@host/v1', 'a user name or a password'],
    ['https://hush@host/v1', 'a user name or a password'],
    ['http:///me:hush@host/v1', 'use an http(s) URL'],
    ['http://host/v1?api_key=hush', 'holds a ? or a #'],
    ['http://host/v1#hush', 'holds a ? or a #'],
    ['http://host/v1?', 'holds a ? or a #'],
    ['http://host:port/v1', 'this is no URL'],
    ['localhost:8000', 'use an http(s) URL'],
  ])('is refused without repeating it: %s', (url, why) => {
    for (const given of [`'${url}'`, `['http://other/v1', '${url}']`]) {
      expect(said(given)).toContain(why)
      expect(said(given)).not.toContain('hush')
    }
    expect(serverUrl.safeParse(url).success).toBe(false)
  })
})
