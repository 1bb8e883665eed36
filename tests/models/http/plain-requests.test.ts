import zlib from 'node:zlib'
import type { OpenAI } from 'openai'
import { toFile } from 'openai'
import { expect, it, onTestFinished, vi } from 'vitest'
import { Connections } from '../../../models/http/connections.ts'
import { createOpenAI } from '../../../models/http/openai-client.ts'
import { createTransport } from '../../../models/http/transport.ts'
import { serve } from './serving.ts'
import type { Served } from './serving.ts'

/** The client of a server for everything but model calls. */
async function plainClient({ url }: Served): Promise<OpenAI> {
  const connections = new Connections()
  onTestFinished(() => connections.close())
  const secrets = { key: 'sk-1', headers: { 'x-tenant': 'one' }, query: { version: '2' }, values: ['sk-1'] }
  const transport = createTransport({
    keyHeader: 'authorization',
    timeoutSeconds: 5,
    secrets: () => Promise.resolve(secrets),
    agentFor: (place) => connections.agentFor(place),
  })
  return await createOpenAI({}, url, transport)
}

it('files are uploaded as forms, with the key and the fields of the recipe', async () => {
  const server = await serve((_, response) =>
    response.setHeader('content-type', 'application/json').end('{"id":"file-1"}'),
  )
  const file = await toFile(Buffer.from('{"custom_id":"größe"}\n'), 'requests.jsonl')
  expect((await (await plainClient(server)).files.create({ file, purpose: 'batch' })).id).toBe('file-1')
  const [got] = server.got
  expect(got).toMatchObject({ method: 'POST', url: '/v1/files?version=2' })
  expect(got?.headers).toMatchObject({ authorization: 'Bearer sk-1', 'x-tenant': 'one' })
  expect(got?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
  expect(got?.text).toContain('{"custom_id":"größe"}')
})

it.each(['identity', 'gzip'])('files are downloaded piece by piece, of any size, as %s', async (coding) => {
  const line = Buffer.alloc(1024 * 1024, 'x')
  const server = await serve((_, response) => {
    response.setHeader('content-encoding', coding)
    const out = coding === 'gzip' ? zlib.createGzip({ level: 1 }) : response
    if (out !== response) out.pipe(response)
    for (let n = 0; n < 70; n++) out.write(line)
    out.end()
  })
  const response = await (await plainClient(server)).files.content('file-1')
  let bytes = 0
  for await (const chunk of response.body ?? []) bytes += chunk.length
  expect(bytes).toBe(70 * 1024 * 1024)
  expect(server.got[0]).toMatchObject({ method: 'GET', url: '/v1/files/file-1/content?version=2' })
})

it('a refusal is the typed error of the client, with the words of the server', async () => {
  const server = await serve((_, response) =>
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"message":"no such batch"}}'),
  )
  await expect((await plainClient(server)).batches.retrieve('batch-1')).rejects.toThrow('404 no such batch')
  expect(server.got).toHaveLength(1)
})

it('a request without a call ends with its signal, and the server sees it', async () => {
  let left = 0
  const server = await serve((got) => got.socket.on('close', () => left++))
  const stop = new AbortController()
  const asking = (await plainClient(server)).models.list({ signal: stop.signal })
  await vi.waitFor(() => expect(server.got).toHaveLength(1))
  stop.abort()
  await expect(asking).rejects.toThrow('aborted')
  await vi.waitFor(() => expect(left).toBe(1))
})
