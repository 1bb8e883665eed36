import { describe, expect, it } from 'vitest'
import { describeError } from '../../../domain/errors.ts'
import { parseRecipe, recipeHash } from '../../../recipes/read-recipe.ts'

const recipe = (endpoint: string) => `hone: 1
campaign: mine
baseModel: { path: models/base }
endpoints:
  teacher: ${endpoint}
sources: { seed: { path: data/seed } }
rounds: { count: 1, first: [{ step: describe, from: seed, endpoint: teacher }] }
`
const parsed = (endpoint: string) => parseRecipe(recipe(endpoint), { file: 'mine.yaml' }).endpoints['teacher']

/** What a recipe is told about an endpoint; null when it is good. */
function said(endpoint: string): string | null {
  try {
    parsed(endpoint)
    return null
  } catch (error) {
    return describeError(error)
  }
}
const local = (options: string) => `{ url: 'http://host/v1', model: big, ${options} }`

describe('an endpoint of a recipe', () => {
  it.each([
    '{ provider: openai, model: gpt-4o }',
    '{ provider: vllm, model: Qwen/Qwen3-VL }',
    "{ provider: azure, url: 'https://me.openai.azure.com', model: chat, apiVersion: 2024-10-21 }",
    "{ provider: openai, url: 'http://mirror/v1', model: gpt-4o }",
    local('headers: { X-Team: vision, Authorization: $GATEWAY_KEY, Accept-Language: sk-SK }'),
    local('query: { tier: flex, api-key: $KEY }'),
    local('body: { top_k: 40, n: 1, temperature: 1, chat_template_kwargs: { enable_thinking: false }, stop: [END] }'),
    local('omit: [seed, n, stream_options]'),
    local('omit: []'),
    local('maxTokensField: max_completion_tokens, stream: always, idleSeconds: 30, outageSeconds: 3600'),
    local("proxy: 'http://proxy:3128', caFile: /etc/ca.pem"),
    local('proxy: $PROXY_WITH_PASSWORD'),
    local('apiKeyFile: /run/secrets/key'),
    local("apiKeyCommand: 'gcloud auth print-access-token'"),
    local('imageMaxBytes: 5000000, imageFormats: [jpeg], imageMinSide: 28'),
    '{ checkpoint: base, body: { top_k: 20 } }',
  ])('is good: %s', (endpoint) => {
    expect(said(endpoint)).toBeNull()
  })

  it.each([
    ['{ model: big }', 'endpoints.teacher', 'is missing', 'add the URL of the server of "big", or a provider'],
    ['{ provider: azure, model: chat }', 'url', 'azure has no URL of its own', 'https://NAME.openai.azure.com'],
    ['{ provider: opnai, model: big }', 'provider', 'not one of the allowed values', 'did you mean "openai"?'],
    [local('apiVersion: 2024-10-21'), 'apiVersion', 'only Azure has API versions', 'add provider: azure'],
    [local('headers: { Authorization: hush }'), 'Authorization', 'carries a secret', 'write $NAME here'],
    [local('headers: { Cookie: hush=1 }'), 'Cookie', 'carries a secret', 'write $NAME here'],
    [local('headers: { X-Team-Token: hush }'), 'X-Team-Token', 'carries a secret', 'write $NAME here'],
    [local('headers: { X-Team: sk-hush12345678 }'), 'X-Team', 'looks like a key', 'write $NAME here'],
    [local('headers: { X-Team: Bearer hush }'), 'X-Team', 'looks like a key', 'write $NAME here'],
    [local('headers: { X-Team: $hush }'), 'X-Team', 'names no variable', 'write $NAME in capitals'],
    [local('headers: { Content-Type: text/plain }'), 'Content-Type', 'Hone sets the header', 'leave it out'],
    [local("headers: { 'X Team': a }"), 'X Team', 'is no name of a header', 'use letters, digits and -'],
    [local('query: { api_key: hush }'), 'api_key', 'carries a secret', 'write $NAME here'],
    [local('query: { key: hush }'), 'query.key', 'carries a secret', 'write $NAME here'],
    [local('body: { messages: [] }'), 'body.messages', 'the body cannot set "messages"', 'change the prompt'],
    [local('body: { model: other }'), 'body.model', 'the body cannot set "model"', 'option model'],
    [local('body: { stream: true }'), 'body.stream', 'the body cannot set "stream"', 'use stream: auto'],
    [local('body: { seed: 1 }'), 'body.seed', 'the body cannot set "seed"', 'omit: [seed]'],
    [local('body: { n: 4 }'), 'body.n', 'cannot ask for several replies', 'set samples in the step'],
    [local('body: { top_k: .inf }'), 'body.top_k', 'this is not JSON', 'use text, numbers'],
    [local('body: { tools: [{ api_key: hush }] }'), 'api_key', 'looks like a secret', 'send it in headers'],
    [local('body: { user: sk-hush12345678 }'), 'body.user', 'looks like a secret', 'send it in headers'],
    [local('body: { top_p: 1 }, omit: [top_p]'), 'omit', '"top_p" is in body too', 'take it out of one'],
    [local('omit: [top_k]'), 'omit[0]', 'not one of the allowed values', 'did you mean "top_p"?'],
    [local('stream: true'), 'stream', 'not one of the allowed values', 'use one of auto, always, never'],
    [local("proxy: 'socks5://host:1'"), 'proxy', 'is no URL of a proxy', 'use http://HOST:PORT'],
    [local("proxy: 'http://me:hush@host:1'"), 'proxy', 'a user name or a password', 'write $NAME here'],
    [local('caFile: ca.pem'), 'caFile', 'no absolute path', 'start it with /'],
    [local('apiKeyEnv: A, apiKeyFile: /b'), 'apiKeyFile', 'the key comes from two places', 'keep one of them'],
    [local("apiKeyCommand: 'echo sk-hush12345678'"), 'apiKeyCommand', 'it holds a key', 'let the command read'],
    [local('imageFormats: [tiff]'), 'imageFormats[0]', 'not one of the allowed values', 'use one of jpeg'],
    [local('batch: { maxRequests: 5 }'), 'batch', 'the endpoint sends none', 'add mode: batch'],
    ['{ provider: anthropic, model: big, mode: batch }', 'mode', 'anthropic has no batch API', 'leave mode out'],
    ['{ checkpoint: base, body: { model: x } }', 'body.model', 'the body cannot set "model"', 'option model'],
  ])('is refused with its place, the cause and a fix, and no secret is repeated: %s', (endpoint, place, wrong, fix) => {
    const text = said(endpoint)
    expect(text).toContain('1 problem')
    for (const part of [place, wrong, fix]) expect(text).toContain(part)
    expect(text?.replaceAll('$hush', '')).not.toContain('hush')
  })

  it('points to query: when its URL has a query', () => {
    expect(said("{ url: 'http://host/v1?a=b', model: big }")).toContain('a parameter goes into query:')
  })

  it('of earlier versions is stored as it was, so its recipe keeps its hash', () => {
    const old = "{ url: 'http://localhost:8000/v1', model: big, apiKeyEnv: BIG_KEY, concurrency: 64 }"
    expect(parsed(old)).toEqual({
      url: 'http://localhost:8000/v1',
      model: 'big',
      apiKeyEnv: 'BIG_KEY',
      concurrency: 64,
      timeoutSeconds: 120,
      imageMaxPixels: 1_003_520,
    })
    // The hash that the version before providers gave this recipe.
    expect(recipeHash(parseRecipe(recipe(old), { file: 'mine.yaml' }))).toBe(
      '183f41b2b723fb63c2c3047a1e689da1863103af19318c346098c6536f0dddae',
    )
  })
})
