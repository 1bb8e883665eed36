import { setTimeout as sleep } from 'node:timers/promises'
import zlib from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Scope } from '../../../models/scope.ts'
import { completion } from '../fake-endpoint.ts'
import { clientOf, serve } from './serving.ts'

afterEach(() => vi.unstubAllEnvs())

const textOf = (result: unknown): unknown => (result as { completion?: { text: string } }).completion?.text ?? result

describe('what is sent', () => {
  it('is one POST with the headers of Hone and no others', async () => {
    const server = await serve((_, response) => response.end(completion('fine')))
    expect(textOf(await clientOf(server.url, { apiKeyEnv: 'KEY' }, { KEY: ' sk-1 ' }).ask())).toBe('fine')
    const [got] = server.got
    expect(got).toMatchObject({ method: 'POST', url: '/v1/chat/completions' })
    expect(got?.headers).toEqual({
      host: `127.0.0.1:${server.port}`,
      accept: 'application/json',
      authorization: 'Bearer sk-1',
      connection: 'keep-alive',
      'content-length': String(got?.text.length),
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^hone\/\d+\.\d+\.\d+/),
    })
  })

  it('ignores the variables of other programs that use the same client', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-other')
    vi.stubEnv('OPENAI_ADMIN_KEY', 'sk-admin')
    vi.stubEnv('OPENAI_BASE_URL', 'http://127.0.0.1:9/v1')
    vi.stubEnv('OPENAI_ORG_ID', 'org-1')
    vi.stubEnv('OPENAI_PROJECT_ID', 'proj-1')
    vi.stubEnv('OPENAI_LOG', 'debug')
    vi.stubEnv('OPENAI_CUSTOM_HEADERS', 'authorization: Bearer sk-custom\nx-custom: 1')
    const said = vi.spyOn(console, 'debug').mockImplementation(() => undefined)
    const server = await serve((_, response) => response.end(completion('fine')))
    expect(textOf(await clientOf(server.url).ask())).toBe('fine')
    const names = Object.keys(server.got[0]?.headers ?? {})
    expect(names.filter((name) => /openai|custom|authorization|stainless|api-key/.test(name))).toEqual([])
    expect(said).not.toHaveBeenCalled()
    said.mockRestore()
  })

  it('has the headers, the query and the fields of the recipe', async () => {
    const server = await serve((_, response) => response.end(completion('fine')))
    const client = clientOf(
      server.url,
      {
        headers: { 'OpenAI-Organization': 'org-2', 'x-token': 'a $TOKEN', 'User-Agent': 'mine' },
        query: { version: '2', code: '$CODE' },
        body: { chat_template_kwargs: { enable_thinking: false }, temperature: 1, top_k: null },
        omit: ['seed', 'n', 'top_p'],
        maxTokensField: 'max_completion_tokens',
      },
      { TOKEN: 't&1', CODE: 'c d' },
    )
    expect(textOf(await client.ask())).toBe('fine')
    expect(server.got[0]?.url).toBe('/v1/chat/completions?version=2&code=c+d')
    expect(server.got[0]?.headers).toMatchObject({
      'openai-organization': 'org-2',
      'x-token': 'a t&1',
      'user-agent': 'mine',
    })
    expect(JSON.parse(server.got[0]?.text ?? '')).toEqual({
      model: 'some-model',
      messages: [{ role: 'user', content: 'hello' }],
      temperature: 1,
      max_completion_tokens: 64,
      chat_template_kwargs: { enable_thinking: false },
      top_k: null,
      stream: false,
    })
  })

  it('has its pictures unchanged, before the text', async () => {
    const server = await serve((_, response) => response.end(completion('fine')))
    await clientOf(server.url).ask(`picture ${'A'.repeat(200_000)}`)
    const sent = JSON.parse(server.got[0]?.text ?? '') as { messages: { content: unknown }[] }
    expect(sent.messages[0]?.content).toEqual([
      { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(200_000)}` } },
      { type: 'text', text: 'look' },
    ])
  })

  it('is refused for every row when the recipe replaces the messages with the pictures', async () => {
    const server = await serve((_, response) => response.end(completion('fine')))
    const asking = clientOf(server.url, { body: { messages: [] } }).ask('picture AA')
    await expect(asking).rejects.toMatchObject({ type: 'InvalidRecipe' })
    expect(server.got).toEqual([])
  })
})

describe('what comes back', () => {
  const packed = completion('Größe 数')
  it.each([
    ['gzip', zlib.gzipSync(packed)],
    ['x-gzip', zlib.gzipSync(packed)],
    ['br', zlib.brotliCompressSync(packed)],
    ['deflate', zlib.deflateSync(packed)],
    ['deflate', zlib.deflateRawSync(packed)],
    ['identity', Buffer.from(packed)],
    ['gzip', Buffer.from(packed)],
  ])('is read from %s, also when nobody asked for it (case %#)', async (coding, bytes) => {
    const server = await serve((_, response) => response.setHeader('content-encoding', coding).end(bytes))
    expect(textOf(await clientOf(server.url).ask())).toBe('Größe 数')
  })

  it.each([
    ['half a gzip', 'gzip', zlib.gzipSync(packed).subarray(0, 40)],
    ['another coding', 'zstd', Buffer.from('x')],
  ])('is no reply when it is %s', async (_, coding, bytes) => {
    const server = await serve((_, response) => response.setHeader('content-encoding', coding).end(bytes))
    expect(await clientOf(server.url).ask()).toMatchObject({ kind: 'failed' })
  })

  it('is no reply when the connection ends before its announced length', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('{"choices"')
      setTimeout(() => response.destroy(), 10)
    })
    expect(await clientOf(server.url).ask()).toMatchObject({ kind: 'failed', reason: 'connection-lost' })
  })

  it.each([
    ['as it is sent', (response: NodeJS.WritableStream) => response.write(Buffer.alloc(70 * 1024 * 1024, 32)), {}],
    [
      'when it is unpacked',
      (response: NodeJS.WritableStream) => response.end(zlib.gzipSync(Buffer.alloc(70 * 1024 * 1024, 32))),
      { 'content-encoding': 'gzip' },
    ],
  ])('is cut at 64 MiB %s', async (_, write, headers) => {
    const server = await serve((_, response) => write(response.writeHead(200, headers)))
    expect(await clientOf(server.url, { timeoutSeconds: 60 }).ask()).toMatchObject({
      kind: 'failed',
      detail: 'the reply is larger than 67108864 bytes',
    })
  })

  it('is never the reply of another server: a redirect is not followed', async () => {
    const other = await serve((_, response) => response.end(completion('from elsewhere')))
    const server = await serve((_, response) => response.writeHead(307, { location: other.url }).end())
    expect((await clientOf(server.url).ask()).kind).toBe('fatal')
    expect(other.got).toEqual([])
  })

  it('is known by its true status, also one that HTTP does not know', async () => {
    const server = await serve((_, response) => response.writeHead(799).end('odd'))
    expect(JSON.stringify(await clientOf(server.url).ask())).toContain('HTTP 799: odd')
  })
})

describe('time', () => {
  // No test waits for 300 s. Two facts make longer replies possible: nothing in the client listens
  // to a time-out of the socket or of the agent, and the one deadline is the recipe's. So a reply
  // that takes longer than the agent's limit for idle connections must come (connections.test.ts),
  // and the deadline must cover a reply that keeps sending.
  it('has one deadline for the whole reply, however often bytes come', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200)
      const timer = setInterval(() => response.write(' '), 20)
      response.on('close', () => clearInterval(timer))
    })
    expect(await clientOf(server.url, { timeoutSeconds: 0.3 }).ask()).toEqual({
      kind: 'silent',
      reason: 'timeout',
      detail: 'no whole reply within 0.3 s',
    })
  })

  it('may have a deadline of more days than a timer can hold', async () => {
    const server = await serve((_, response) => setTimeout(() => response.end(completion('fine')), 50))
    expect(textOf(await clientOf(server.url, { timeoutSeconds: 1e8 }).ask())).toBe('fine')
  })

  it('ends with the scope, at any moment, and the server sees it', async () => {
    for (const answer of ['nothing', 'head', 'half']) {
      let left = false
      const server = await serve((got, response) => {
        got.socket.on('close', () => (left = true))
        if (answer !== 'nothing') response.writeHead(200).write(answer === 'half' ? '{"choices":' : ' ')
      })
      const scope = new Scope()
      const asking = clientOf(server.url).ask('hello', scope)
      await vi.waitFor(() => expect(server.got).toHaveLength(1))
      await sleep(20)
      const reason = new Error('stopped')
      scope.cancel(reason)
      await expect(asking).rejects.toBe(reason)
      await vi.waitFor(() => expect(left).toBe(true))
    }
  })

  it('is not spent on a scope that has ended', async () => {
    const server = await serve((_, response) => response.end(completion('fine')))
    const scope = new Scope()
    scope.cancel(new Error('stopped'))
    await expect(clientOf(server.url).ask('hello', scope)).rejects.toThrow('stopped')
    expect(server.got).toEqual([])
  })
})

describe('a connection that was closed while idle', () => {
  it('costs nothing: the request is sent once more', async () => {
    const used = new WeakSet<object>()
    const server = await serve((got, response) => {
      if (used.has(got.socket)) return got.socket.destroy()
      used.add(got.socket)
      return response.end(completion('fine'))
    })
    const client = clientOf(server.url)
    for (let n = 0; n < 5; n++) expect(textOf(await client.ask())).toBe('fine')
  })

  it('is another thing than a new connection that is cut: that request may have been worked on', async () => {
    const server = await serve((got) => got.socket.destroy())
    expect(await clientOf(server.url).ask()).toMatchObject({ kind: 'failed', reason: 'connection-lost' })
    expect(server.got).toHaveLength(1)
  })
})
