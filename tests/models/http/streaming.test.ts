import type http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import zlib from 'node:zlib'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Call } from '../../../models/http/call.ts'
import { Scope } from '../../../models/scope.ts'
import { completion } from '../fake-endpoint.ts'
import { clientOf, donePiece, lastPiece, piece, serve, streaming, usagePiece, wholeStream } from './serving.ts'
import type { Got } from './serving.ts'

const bodyOf = (got: Got | undefined): { stream?: boolean; stream_options?: unknown } =>
  JSON.parse(got?.text ?? '{}') as { stream?: boolean }

const fine = {
  kind: 'ok',
  completion: { text: 'fine', finishReason: 'stop', promptTokens: 10, completionTokens: 5, isEstimated: false },
}

describe('stream: always', () => {
  it('asks for a stream with its usage and reads it', async () => {
    const server = await serve((_, response) => streaming(response).end(wholeStream))
    expect(await clientOf(server.url, { stream: 'always' }).ask()).toMatchObject(fine)
    expect(bodyOf(server.got[0])).toMatchObject({ stream: true, stream_options: { include_usage: true } })
  })

  it('reads a stream whatever the pieces are in which it comes', async () => {
    const bytes = Buffer.from(
      `: hello\r\n\r\n${piece('Gr')}${piece('öße')}${piece(' 数')}${lastPiece}${usagePiece}${donePiece}`,
    )
    const server = await serve(async (_, response) => {
      streaming(response)
      for (const byte of bytes) {
        response.write(Buffer.from([byte]))
        await new Promise(setImmediate)
      }
      response.end()
    })
    expect(await clientOf(server.url, { stream: 'always' }).ask()).toMatchObject({
      kind: 'ok',
      completion: { text: 'Größe 数' },
    })
  })

  it.each([
    ['gzip', zlib.gzipSync(wholeStream)],
    ['br', zlib.brotliCompressSync(wholeStream)],
  ])('reads a stream that is packed as %s', async (coding, bytes) => {
    const server = await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': coding }).end(bytes),
    )
    expect(await clientOf(server.url, { stream: 'always' }).ask()).toMatchObject(fine)
  })

  it('reads a whole reply that comes in place of a stream', async () => {
    const server = await serve((_, response) => response.end(completion('fine')))
    expect(await clientOf(server.url, { stream: 'always' }).ask()).toMatchObject(fine)
  })

  it.each([
    ['events without empty lines between them', wholeStream.replaceAll('\n\n', '\n')],
    ['events without the last empty line', wholeStream.trimEnd()],
    ['events without the mark of the end', `${piece('fine')}${lastPiece}${usagePiece}`],
    ['events with the mark but without a finish reason', `${piece('fine')}${usagePiece}${donePiece}`],
  ])('reads %s', async (_, text) => {
    const server = await serve((_got, response) => streaming(response).end(text))
    expect(await clientOf(server.url, { stream: 'always' }).ask()).toMatchObject(fine)
  })

  it.each([
    ['the server ends it', (response: http.ServerResponse) => response.end(piece('half a'))],
    [
      'its connection is lost',
      (response: http.ServerResponse) => {
        response.write(piece('half a'))
        setTimeout(() => response.destroy(), 20)
      },
    ],
    ['an event is no JSON', (response: http.ServerResponse) => response.end(`${piece('half a')}data: oops\n\n`)],
  ])('takes no half of a reply for a whole one, and counts it as paid, when %s', async (_, write) => {
    const server = await serve((_got, response) => write(streaming(response)))
    expect(await clientOf(server.url, { stream: 'always' }).ask()).toMatchObject({
      kind: 'failed',
      reason: 'stream-cut',
      paid: { text: 'half a' },
    })
  })

  it.each([
    ['an event of an error', `event: error\ndata: {"message":"the server overheated"}\n\n`],
    ['an event of an error that is a text', `event: error\ndata: "the server overheated"\n\n`],
    ['a chunk with an error', `data: {"error":{"message":"the server overheated","code":500}}\n\n`],
    ['an event that is no JSON', 'data: the server overheated\n\n'],
  ])('quotes %s', async (_, text) => {
    const server = await serve((_got, response) => streaming(response).end(text))
    const result = await clientOf(server.url, { stream: 'always' }).ask()
    expect(result).toMatchObject({ kind: 'failed', detail: expect.stringContaining('the server overheated') })
  })

  it('reads the refusal of a request as that of any other', async () => {
    const server = await serve((_, response) => response.writeHead(429, { 'retry-after': '7' }).end('{}'))
    const result = await clientOf(server.url, { stream: 'always' }).ask()
    expect(result).toMatchObject({ status: 429, retryAfterMs: 7000 })
  })

  it('leaves `stream_options` out for a server that refuses the field, and remembers it', async () => {
    const server = await serve((got, response) =>
      bodyOf(got).stream_options === undefined
        ? streaming(response).end(wholeStream)
        : response.writeHead(400).end('{"error":{"message":"Unknown parameter: stream_options"}}'),
    )
    const client = clientOf(server.url, { stream: 'always' })
    for (let n = 0; n < 2; n++) expect(await client.ask()).toMatchObject(fine)
    expect(server.got.map((got) => bodyOf(got).stream_options !== undefined)).toEqual([true, false, false])
  })

  it('keeps its connection for the next call, also when the stream goes on after its end', async () => {
    const server = await serve(async (_, response) => {
      streaming(response).write(wholeStream)
      await sleep(20)
      response.end(': bye\n\n')
    })
    const client = clientOf(server.url, { stream: 'always' })
    for (let n = 0; n < 3; n++) {
      expect(await client.ask()).toMatchObject(fine)
      await sleep(60)
    }
    expect(server.connections).toBe(1)
  })

  it('does not wait for a server that leaves a stream open after its end', async () => {
    const server = await serve((_, response) => streaming(response).write(wholeStream))
    expect(await clientOf(server.url, { stream: 'always', timeoutSeconds: 60 }).ask()).toMatchObject(fine)
  })

  it('waits five seconds for the usage of a whole reply, not for its deadline', () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const call = new Call({ scope: new Scope(), timeoutSeconds: 600 })
    call.replyIsWhole()
    vi.advanceTimersByTime(4990)
    expect(call.ended).toBeUndefined()
    vi.advanceTimersByTime(20)
    expect(call.ended).toMatchObject({ reason: 'idle' })
    call.close()
  })

  it('takes a whole reply whose stream falls silent before its end', async () => {
    const server = await serve((_, response) => streaming(response).write(`${piece('fine')}${lastPiece}`))
    const client = clientOf(server.url, { stream: 'always', timeoutSeconds: 60, idleSeconds: 0.1 })
    expect(await client.ask()).toMatchObject({ kind: 'ok', completion: { text: 'fine' } })
  })
})

describe('the time of a stream', () => {
  const trickling =
    (text: string) =>
    (_: Got, response: http.ServerResponse): void => {
      streaming(response)
      const timer = setInterval(() => response.write(text), 30)
      response.on('close', () => clearInterval(timer))
    }

  it('ends when chunks stop coming', async () => {
    const server = await serve((_, response) => streaming(response).write(piece('half')))
    const result = await clientOf(server.url, { stream: 'always', idleSeconds: 0.15 }).ask()
    expect(result).toEqual({ kind: 'silent', reason: 'idle', detail: 'the stream was silent for 0.15 s' })
  })

  it('does not count the wait for the first chunk as silence', async () => {
    const server = await serve(async (_, response) => {
      streaming(response).flushHeaders()
      await sleep(400)
      response.end(wholeStream)
    })
    expect(await clientOf(server.url, { stream: 'always', idleSeconds: 0.15 }).ask()).toMatchObject(fine)
  })

  it.each([
    ['comments', ': keep-alive\n\n'],
    ['pieces', piece('and ')],
  ])('counts %s as life, but never beyond the whole deadline', async (_, text) => {
    const server = await serve(trickling(text))
    const result = await clientOf(server.url, { stream: 'always', idleSeconds: 0.25, timeoutSeconds: 0.7 }).ask()
    expect(result).toEqual({ kind: 'silent', reason: 'timeout', detail: 'no whole reply within 0.7 s' })
  })

  it('ends with the scope', async () => {
    const server = await serve(trickling(piece('and ')))
    const scope = new Scope()
    const asking = clientOf(server.url, { stream: 'always' }).ask('hello', scope)
    const reason = new DOMException('stopped', 'AbortError')
    setTimeout(() => scope.cancel(reason), 150)
    await expect(asking).rejects.toBe(reason)
  })
})

describe('stream: auto', () => {
  const demanding = '{"error":{"message":"This model only support stream mode, please enable the stream parameter"}}'

  it('begins without, and switches for good when the server demands a stream', async () => {
    const server = await serve((got, response) =>
      bodyOf(got).stream ? streaming(response).end(wholeStream) : response.writeHead(400).end(demanding),
    )
    const client = clientOf(server.url, { stream: 'auto' })
    for (let n = 0; n < 3; n++) expect(await client.ask()).toMatchObject(fine)
    expect(server.got.map((got) => bodyOf(got).stream)).toEqual([false, true, true, true])
  })

  it.each([504, 524])('switches after a gateway has cut two calls with %i', async (status) => {
    const server = await serve((got, response) =>
      bodyOf(got).stream ? streaming(response).end(wholeStream) : response.writeHead(status).end('Gateway Time-out'),
    )
    const client = clientOf(server.url, { stream: 'auto' })
    expect((await client.ask()).kind).toBe('silent')
    expect((await client.ask()).kind).toBe('silent')
    expect(await client.ask()).toMatchObject(fine)
  })

  it('asks once more only: a server that demands what it gets is believed', async () => {
    const server = await serve((_, response) => response.writeHead(400).end(demanding))
    expect((await clientOf(server.url, { stream: 'auto' }).ask()).kind).toBe('fatal')
    expect(server.got).toHaveLength(2)
  })

  it.each(['never', undefined] as const)('is another thing than %s, which never streams', async (stream) => {
    const server = await serve((_, response) => response.writeHead(400).end(demanding))
    expect((await clientOf(server.url, { stream }).ask()).kind).toBe('fatal')
    expect(server.got.map((got) => bodyOf(got).stream)).toEqual([false])
  })
})

it.each([{ 'content-type': 'text/event-stream' }, { 'content-type': 'application/json' }])(
  'a stream that nobody asked for is read, with the header %o',
  async (headers) => {
    const server = await serve((_, response) => response.writeHead(200, headers).end(wholeStream))
    expect(await clientOf(server.url).ask()).toMatchObject(fine)
  },
)
