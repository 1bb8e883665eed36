import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { requestForms } from '../../client/request-forms.ts'
import { endpointsOf, nameOf } from '../../domain/recipe/references.ts'
import type { Recipe } from '../../domain/recipe/recipe.ts'
import { parseRecipe } from '../../recipes/read-recipe.ts'

const folder = fileURLToPath(new URL('../../recipes', import.meta.url))
const recipes = readdirSync(folder).filter((file) => file.endsWith('.yaml'))
const picture = 'a'.repeat(64)
const recipeOf = (file: string): Recipe => parseRecipe(readFileSync(join(folder, file), 'utf8'), { file })

it.each(recipes)('%s: every endpoint that a step names has a form', async (file) => {
  const recipe = recipeOf(file)
  const forms = await requestForms(recipe, picture)
  const { first, next = [], at = {} } = recipe.rounds
  for (const step of [...first, ...next, ...Object.values(at).flat()])
    for (const { endpoint } of endpointsOf(step))
      expect(forms.filter((form) => form.endpoint === endpoint).flatMap(({ users }) => users)).toContain(nameOf(step))
})

it('a form has the sampling of its step, the roles and the pictures; equal forms are one', async () => {
  const forms = await requestForms(recipeOf('demo-wethink.yaml'), picture)
  const told = forms.map(({ endpoint, users, request }) => ({
    endpoint,
    users,
    roles: request.messages.map(({ role, images = [] }) => `${role} ${images.length}`),
    limit: request.sampling.maxTokens,
  }))
  expect(told).toContainEqual({ endpoint: 'glancer', users: ['describe'], roles: ['user 1'], limit: 1024 })
  expect(told).toContainEqual({
    endpoint: 'writer',
    users: ['synthesize-1', 'synthesize-2'],
    roles: ['user 0'],
    limit: 512,
  })
  // Steps, rewards and benchmarks ask a judge alike.
  expect(told.filter(({ endpoint }) => endpoint === 'judge')).toEqual([
    {
      endpoint: 'judge',
      users: ['agree', 'rewrite', 'rl', 'dev', 'report'],
      roles: ['system 0', 'user 0'],
      limit: 2048,
    },
  ])
})
