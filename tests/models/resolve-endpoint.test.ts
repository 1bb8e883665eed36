import { describe, expect, it } from 'vitest'
import { urlEndpoint } from '../../domain/recipe/endpoints.ts'
import { providerNames } from '../../domain/recipe/provider-names.ts'
import { contentKey } from '../../models/content-key.ts'
import { resolveUrlEndpoint } from '../../models/resolve-endpoint.ts'
import { pictured, question } from './asking.ts'

const resolved = (spec: object) => resolveUrlEndpoint('teacher', urlEndpoint.parse({ model: 'm', ...spec }))

describe('a preset', () => {
  it.each([
    ['openai', 'gpt-4o', { maxTokensField: 'max_completion_tokens', apiKeyEnv: 'OPENAI_API_KEY', omit: undefined }],
    ['openai', 'o3-mini', { maxTokensField: 'max_completion_tokens', omit: ['temperature', 'top_p'] }],
    ['openai', 'gpt-5-mini', { omit: ['temperature', 'top_p'] }],
    ['openai', 'gpt-5-chat-latest', { omit: undefined }],
    ['anthropic', 'claude-opus-4-5', { omit: ['top_p'], imageMaxBytes: 3_900_000 }],
    ['gemini', 'gemini-2.5-flash', { omit: ['seed'] }],
    ['mistral', 'pixtral-large', { omit: ['seed', 'stream_options'], imageMaxBytes: 10_000_000 }],
    ['dashscope', 'qwen-vl-max', { stream: 'auto', imageMinSide: 11 }],
    ['dashscope', 'qvq-max', { stream: 'always' }],
    ['dashscope', 'qwen3-32b', { stream: 'always' }],
    ['dashscope', 'qwen3-max', { stream: 'auto' }],
    ['groq', 'llama-4', { imageMaxBytes: 2_800_000 }],
    ['ollama', 'qwen2.5vl:7b', { imageMinSide: 28, apiKeyEnv: undefined }],
    ['ollama', 'gemma3', { imageMinSide: undefined }],
    ['vllm', 'Qwen/Qwen2.5-VL-7B-Instruct', { imageMinSide: 28 }],
  ])('of %s sets what its model %s wants', (provider, model, wanted) => {
    const found: Record<string, unknown> = { ...resolved({ provider, model }) }
    expect(Object.fromEntries(Object.keys(wanted).map((name) => [name, found[name]]))).toEqual(wanted)
  })

  it.each(providerNames.filter((name) => name !== 'azure'))(
    'of %s is reached without a URL in the recipe',
    (provider) => {
      const { baseUrls } = resolved({ provider })
      expect(baseUrls).toHaveLength(1)
      expect(URL.canParse(baseUrls[0] ?? '')).toBe(true)
    },
  )

  it('gives way to each option of the recipe', () => {
    const own = {
      url: 'http://mirror/v1',
      apiKeyEnv: 'MINE',
      omit: [],
      maxTokensField: 'max_tokens',
      stream: 'never',
      imageMaxBytes: 2000,
    }
    const { url, ...rest } = own
    expect(resolved({ provider: 'openai', model: 'o3', ...own })).toMatchObject({ ...rest, baseUrls: [url] })
  })

  it.each([
    [{ apiKeyFile: '/run/key' }],
    [{ apiKeyCommand: 'print-token' }],
    [{ headers: { Authorization: '$TOKEN' } }],
    [{ headers: { 'x-api-key': '$TOKEN' } }],
  ])('does not read its usual variable when the key comes from %j', (key) => {
    expect(resolved({ provider: 'openai', ...key }).apiKeyEnv).toBeUndefined()
  })

  it('has limits of batches only in batch mode, and each may be overridden', () => {
    expect(resolved({ provider: 'together' }).batch).toBeUndefined()
    const spec = { ...urlEndpoint.parse({ provider: 'together', model: 'm' }), mode: 'batch' } as const
    expect(resolveUrlEndpoint('teacher', { ...spec, batch: { maxRequests: 7 } }).batch).toEqual({
      window: '24h',
      maxRequests: 7,
      maxBytes: 100_000_000,
      pollSeconds: 60,
    })
  })
})

describe('the content key', () => {
  const asked = { identity: 'm', imageMaxPixels: 784 }
  const withPicture = (more: object = {}) => contentKey({ ...pictured('aa'), ...asked, ...more })
  const withText = (more: object = {}) => contentKey({ ...question('a'), ...asked, ...more })

  it('of earlier versions stays, also where the new options are empty', () => {
    const old = 'd2efd86f11215de0db1d15b87bc2699937ee7077568013841e20825cba2a7eb2'
    expect(withPicture()).toBe(old)
    expect(withPicture({ body: {}, omit: [], imageMaxBytes: undefined })).toBe(old)
  })

  it.each([
    ['body', { body: { top_k: 40 } }],
    ['omit', { omit: ['seed'] }],
  ])('changes with %s', (_, option) => {
    expect(withText(option)).not.toBe(withText())
    expect(withPicture(option)).not.toBe(withPicture())
  })

  it.each([
    ['imageMaxBytes', 5000],
    ['imageFormats', ['jpeg']],
    ['imageMinSide', 28],
  ])('changes with %s only where there is a picture', (name, value) => {
    expect(withPicture({ [name]: value })).not.toBe(withPicture())
    expect(withText({ [name]: value })).toBe(withText())
  })

  it('does not change with the way a request travels, nor with what decides no reply', () => {
    const ways = { headers: { a: 'b' }, query: { a: 'b' }, stream: 'always', proxy: 'http://p', caFile: '/ca' }
    expect(withPicture({ ...ways, provider: 'openai', maxTokensField: 'max_completion_tokens' })).toBe(withPicture())
    expect(withPicture({ omit: ['n', 'stream_options'] })).toBe(withPicture())
  })

  it('sees neither the order of left-out fields nor that of a body', () => {
    expect(withText({ omit: ['seed', 'top_p'] })).toBe(withText({ omit: ['top_p', 'seed', 'top_p'] }))
    expect(withText({ body: { a: 1, b: 2 } })).toBe(withText({ body: { b: 2, a: 1 } }))
  })

  it('counts what a preset sets by its values, not by its name', () => {
    const keyAt = (spec: object) => contentKey({ ...pictured('aa'), ...resolved(spec) })
    const gemini = keyAt({ provider: 'gemini' })
    expect(keyAt({ url: 'http://a/v1', omit: ['seed'] })).toBe(gemini)
    expect(keyAt({ url: 'http://a/v1' })).not.toBe(gemini)
    expect(keyAt({ provider: 'openrouter' })).toBe(keyAt({ url: 'http://a/v1' }))
  })
})
