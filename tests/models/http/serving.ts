import http from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { CallResult } from '../../../models/call-result.ts'
import type { ResolvedEndpoint } from '../../../models/endpoint.ts'
import { Connections } from '../../../models/http/connections.ts'
import type { Environment } from '../../../models/http/secrets.ts'
import { createReplicaClient } from '../../../models/replica-client.ts'
import type { ReplicaClient } from '../../../models/replica-client.ts'
import { requestBody } from '../../../models/request-body.ts'
import { Scope } from '../../../models/scope.ts'
import { pictured, question } from '../asking.ts'

/** A request as the server got it. */
export interface Got {
  method: string
  url: string
  headers: http.IncomingHttpHeaders
  text: string
  socket: Socket
}

export interface Served {
  url: string
  port: number
  got: Got[]
  /** Connections that were ever opened. */
  connections: number
}

type Answer = (got: Got, response: http.ServerResponse, number: number) => unknown

/** A server that ends with the test. `answer` is called when a whole request has come, from 1. */
export async function serve(answer: Answer, tls?: https.ServerOptions): Promise<Served> {
  const served: Served = { url: '', port: 0, got: [], connections: 0 }
  const listen = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url = '', headers, socket } = request
    const got = { method, url, headers, socket, text: Buffer.concat(chunks).toString('utf8') }
    served.got.push(got)
    answer(got, response, served.got.length)
  }
  const server = tls ? https.createServer(tls) : http.createServer()
  server.on('request', (request, response) => void listen(request, response))
  server.on(tls ? 'secureConnection' : 'connection', () => served.connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  served.port = (server.address() as AddressInfo).port
  served.url = `${tls ? 'https' : 'http'}://127.0.0.1:${served.port}/v1`
  return served
}

/** A client of one server. Its connections end with the test. */
export function clientOf(
  url: string,
  changes: Partial<ResolvedEndpoint> = {},
  env: Environment = {},
  connections = new Connections(),
): ReplicaClient & { ask(text?: string, scope?: Scope): Promise<CallResult> } {
  onTestFinished(() => connections.close())
  const endpoint: ResolvedEndpoint = {
    name: 'teacher',
    baseUrls: [url],
    model: 'some-model',
    identity: 'some-model',
    concurrency: 8,
    timeoutSeconds: 5,
    imageMaxPixels: 1_003_520,
    ...changes,
  }
  const client = createReplicaClient({ endpoint, baseUrl: url, env, connections })
  const images = { dataUrl: (hash: string) => Promise.resolve(`data:image/png;base64,${hash}`) }
  return {
    ...client,
    async ask(text = 'hello', scope = new Scope()) {
      const asked = text.startsWith('picture ') ? pictured(text.slice(8)) : question(text)
      return await client.call(await requestBody(endpoint, asked, images), scope)
    },
  }
}

const event = (chunk: unknown): string => `data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}\n\n`

/** A chunk with a piece of the text. */
export const piece = (content: string): string => event({ choices: [{ index: 0, delta: { content } }] })
export const lastPiece = event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
export const usagePiece = event({ choices: [], usage: { prompt_tokens: 10, completion_tokens: 5 } })
export const donePiece = event('[DONE]')
export const wholeStream = `${piece('fine')}${lastPiece}${usagePiece}${donePiece}`

/** Begins a stream of events. */
export const streaming = (response: http.ServerResponse): http.ServerResponse =>
  response.writeHead(200, { 'content-type': 'text/event-stream' })
