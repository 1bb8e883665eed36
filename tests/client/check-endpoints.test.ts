import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { checkEndpoints } from '../../client/check-endpoints.ts'
import type { Recipe } from '../../domain/recipe/recipe.ts'
import { startTeacher } from '../../demo/teacher/server.ts'
import { parseRecipe } from '../../recipes/read-recipe.ts'
import { recipeText } from '../bad-input/world.ts'
import { completion } from '../models/fake-endpoint.ts'

const recipes = fileURLToPath(new URL('../../recipes', import.meta.url))
const sent = z.looseObject({
  model: z.string(),
  temperature: z.number(),
  messages: z.array(z.object({ content: z.array(z.looseObject({ type: z.string() })) })),
})

interface Answer {
  status?: number
  body?: string
}

/** A server that answers each chat request with `answer`. Its URL ends in `/v1`. */
async function serve(answer: Answer) {
  const asked: { path: string | undefined; key: string | undefined; body: z.infer<typeof sent> }[] = []
  const answered = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // It has no list of models.
    if (request.method === 'GET') return void response.writeHead(404).end()
    asked.push({ path: request.url, key: request.headers.authorization, body: sent.parse(await json(request)) })
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' })
    response.end(answer.body ?? completion('OK'))
  }
  const server = createServer((request, response) => void answered(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  )
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked }
}

const refusing = (status: number, message: string): Answer => ({ status, body: JSON.stringify({ error: { message } }) })
const recipe = (url: string, endpoint = ''): Recipe =>
  parseRecipe(recipeText({ url, endpoint }), { file: 'recipe.yaml' })
const check = (
  of: Recipe,
  env: Record<string, string> = {},
  demo: { teacherUrl: string } | null = null,
  deadlineMs = 20_000,
) => checkEndpoints(of, { demo, env, deadlineMs })

it('a server gets one request of the step: its sampling, a picture, and the key without blanks', async () => {
  const { url, asked } = await serve({})
  expect(await check(recipe(`${url}/`, ', apiKeyEnv: MY_KEY'), { MY_KEY: ' sk-1\n' })).toEqual([])
  expect(asked).toHaveLength(1)
  expect(asked[0]).toMatchObject({
    path: '/v1/chat/completions',
    key: 'Bearer sk-1',
    body: { model: 'fake-model', temperature: 1, max_tokens: 2048 },
  })
  expect(asked[0]?.body.messages[0]?.content.map(({ type }) => type)).toEqual(['image_url', 'text'])
})

it('the request has the form that the endpoint asks for: fields, body and format of pictures', async () => {
  const { url, asked } = await serve({})
  const form = ', omit: [seed], maxTokensField: max_completion_tokens, imageFormats: [jpeg], body: { top_k: 20 }'
  await check(recipe(url, form))
  const { body } = asked[0] ?? {}
  expect(body).toMatchObject({ max_completion_tokens: 2048, top_k: 20 })
  expect(body).not.toHaveProperty('seed')
  expect(JSON.stringify(body)).toContain('data:image/jpeg;base64,')
})

it('a server that is busy passes with a note: its steps wait for it', async () => {
  const { url } = await serve(refusing(503, 'Loading model'))
  // Long enough for the client package to be loaded on a busy machine.
  expect(await check(recipe(url), {}, null, 3000)).toEqual([
    expect.stringMatching(/endpoint "teacher" .*did not answer yet.*Loading model/),
  ])
})

it('a refusal names the server, its words, the steps that ask it, and what to change', async () => {
  const { url } = await serve(refusing(400, "Unsupported parameter: 'temperature'"))
  await expect(check(recipe(url))).rejects.toMatchObject({
    type: 'EndpointRefused',
    message: expect.stringMatching(
      new RegExp(`teacher.*${url}.*Unsupported parameter: 'temperature'.*asked by sample`),
    ),
    nextStep: expect.stringContaining('temperature'),
  })
})

it('a server that wants a key is refused with the option that names the key', async () => {
  const { url } = await serve(refusing(403, 'Forbidden'))
  await expect(check(recipe(url))).rejects.toMatchObject({ nextStep: expect.stringContaining('apiKeyEnv') })
})

it('of several servers, each is asked, and the error names the server that lacks the model', async () => {
  const [good, bad] = [await serve({}), await serve(refusing(404, 'The model `fake-model` does not exist.'))]
  const text = recipeText({ url: good.url }).replace(`url: '${good.url}'`, `url: ['${good.url}', '${bad.url}']`)
  await expect(check(parseRecipe(text, { file: 'recipe.yaml' }))).rejects.toThrow(bad.url)
  expect(good.asked).toHaveLength(1)
})

it('the demo teacher is asked at its current address', async () => {
  const { url, asked } = await serve({})
  await check(recipe('demo:teacher'), {}, { teacherUrl: url })
  expect(asked).toMatchObject([{ path: '/v1/chat/completions', key: undefined }])
})

it('the demo teacher answers the requests of all steps of its recipes', async () => {
  const teacher = await startTeacher({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => teacher.close())
  for (const file of readdirSync(recipes).filter((name) => /^demo.*\.yaml$/.test(name)))
    expect(
      await checkEndpoints(parseRecipe(readFileSync(join(recipes, file), 'utf8'), { file }), {
        env: {},
        demo: { teacherUrl: `${teacher.url}/v1` },
      }),
    ).toEqual([])
})
