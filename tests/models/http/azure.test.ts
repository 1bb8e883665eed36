import { expect, it } from 'vitest'
import { completion } from '../fake-endpoint.ts'
import { clientOf, serve, streaming, wholeStream } from './serving.ts'

const version = 'api-version=2024-10-21'
const token = 'eyJhbGciOi.eyJhdWQi.c2lnbmF0dXJl'

it.each([
  ['', `/openai/deployments/some-model/chat/completions?${version}`],
  ['/', `/openai/deployments/some-model/chat/completions?${version}`],
  ['/openai', `/openai/deployments/some-model/chat/completions?${version}`],
  ['/openai/', `/openai/deployments/some-model/chat/completions?${version}`],
  ['/v1', `/openai/deployments/some-model/chat/completions?${version}`],
  ['/gateway/openai', `/gateway/openai/deployments/some-model/chat/completions?${version}`],
  ['/openai/deployments/other', `/openai/deployments/other/chat/completions?${version}`],
  ['/openai/v1', '/openai/v1/chat/completions'],
  ['/openai/v1/', '/openai/v1/chat/completions'],
])('an Azure endpoint with the path "%s" is asked at %s', async (path, url) => {
  const server = await serve((_, response) => response.end(completion('fine')))
  const client = clientOf(
    `http://127.0.0.1:${server.port}${path}`,
    { provider: 'azure', apiKeyEnv: 'KEY' },
    { KEY: 'sk-1' },
  )
  expect((await client.ask()).kind).toBe('ok')
  expect(server.got[0]?.url).toBe(url)
  expect(server.got[0]?.headers['api-key']).toBe('sk-1')
  expect(server.got[0]?.headers.authorization).toBeUndefined()
})

it('takes the version of the recipe, a deployment with any name, and more query', async () => {
  const server = await serve((_, response) => streaming(response).end(wholeStream))
  const client = clientOf(`http://127.0.0.1:${server.port}`, {
    provider: 'azure',
    model: 'gpt 4/o',
    apiVersion: '2025-01-01-preview',
    query: { tier: 'one' },
    stream: 'always',
  })
  expect((await client.ask()).kind).toBe('ok')
  expect(server.got[0]?.url).toBe(
    '/openai/deployments/gpt%204%2Fo/chat/completions?api-version=2025-01-01-preview&tier=one',
  )
})

it("sends a token of Entra as a bearer token, which is no key of Azure's own", async () => {
  const server = await serve((_, response) => response.end(completion('fine')))
  const client = clientOf(`http://127.0.0.1:${server.port}`, { provider: 'azure', apiKeyEnv: 'KEY' }, { KEY: token })
  expect((await client.ask()).kind).toBe('ok')
  expect(server.got[0]?.headers.authorization).toBe(`Bearer ${token}`)
  expect(server.got[0]?.headers['api-key']).toBeUndefined()
})
