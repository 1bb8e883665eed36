import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { checkEndpoints } from '../../client/check-endpoints.ts'
import type { Recipe } from '../../domain/recipe/recipe.ts'
import { parseRecipe } from '../../recipes/read-recipe.ts'
import { recipeText } from '../bad-input/world.ts'

/**
 * A server that answers as the test says. Its URL ends in `/v1`. `asked` are the requests it got.
 */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const asked: { path: string | undefined; key: string | undefined }[] = []
  const server = createServer((request, response) => {
    asked.push({ path: request.url, key: request.headers.authorization })
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise((resolve) => void server.close(() => resolve())))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked }
}

const listing =
  (...ids: string[]) =>
  (_: IncomingMessage, response: ServerResponse): void =>
    void response.end(JSON.stringify({ data: ids.map((id) => ({ id })) }))

const recipe = (url: string, endpoint = ''): Recipe =>
  parseRecipe(recipeText({ url, endpoint }), { file: 'recipe.yaml' })
const check = (of: Recipe, env: Record<string, string> = {}, demo: { teacherUrl: string } | null = null) =>
  checkEndpoints(of, { demo, env })

it('a server that lists the model passes, and gets the key of its variable without blanks', async () => {
  const { url, asked } = await serve(listing('other', 'fake-model'))
  await check(recipe(`${url}/`, ', apiKeyEnv: MY_KEY'), { MY_KEY: ' sk-1\n' })
  expect(asked).toEqual([{ path: '/v1/models', key: 'Bearer sk-1' }])
})

it.each([
  ['has no list of models', (_: IncomingMessage, response: ServerResponse) => void response.writeHead(404).end()],
  ['answers with a page', (_: IncomingMessage, response: ServerResponse) => void response.end('<html>')],
  ['is busy', (_: IncomingMessage, response: ServerResponse) => void response.writeHead(503).end('{}')],
])('a server that %s passes: its first request will tell', async (_, answer) => {
  const { url } = await serve(answer)
  await expect(check(recipe(url))).resolves.toBeUndefined()
})

it('a server that wants a key is refused with the option that names the key', async () => {
  const { url } = await serve((_, response) => void response.writeHead(403).end())
  await expect(check(recipe(url))).rejects.toMatchObject({
    type: 'EndpointRefused',
    message: 'endpoint "teacher" refuses the key (HTTP 403)',
    nextStep: 'check whether it needs an apiKeyEnv',
  })
})

it('a server that lists no model at all is refused', async () => {
  const { url } = await serve(listing())
  await expect(check(recipe(url))).rejects.toMatchObject({ nextStep: 'use one of: (it lists none)' })
})

it('of several servers, the error names the server that lacks the model', async () => {
  const [good, bad] = [await serve(listing('fake-model')), await serve(listing('other'))]
  const text = recipeText({ url: good.url }).replace(`url: '${good.url}'`, `url: ['${good.url}', '${bad.url}']`)
  await expect(check(parseRecipe(text, { file: 'recipe.yaml' }))).rejects.toThrow(
    `endpoint "teacher" (${bad.url}) does not serve the model "fake-model"`,
  )
})

it('the demo teacher is asked at its current address', async () => {
  const { url, asked } = await serve(listing('fake-model'))
  await check(recipe('demo:teacher'), {}, { teacherUrl: url })
  expect(asked).toEqual([{ path: '/v1/models', key: undefined }])
})
