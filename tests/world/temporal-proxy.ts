import { readFileSync } from 'node:fs'
import { connect, constants, createSecureServer } from 'node:http2'
import type { ClientHttp2Stream, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Pair } from './certificates.ts'

export interface TemporalProxyOptions {
  /** host:port of the Temporal server behind the proxy. */
  upstream: string
  server: Pair
  /** CA of the accepted client certificates. Without it no certificate is required. */
  clientCa?: string
  /**
   * The accepted API keys. Without them no key is required. May be changed while the proxy runs.
   */
  keys?: Set<string>
  /** Paths of gRPC methods that are refused. */
  forbidden?: RegExp
}

/**
 * A TLS proxy before a real Temporal server, as a company or a cloud uses it. It forwards every
 * gRPC stream.
 */
export interface TemporalProxy {
  address: string
  /** Headers of all requests, including refused requests. */
  requests: IncomingHttpHeaders[]
  close: () => Promise<void>
}

export async function openTemporalProxy(options: TemporalProxyOptions): Promise<TemporalProxy> {
  const { upstream, server: pair, clientCa, keys, forbidden } = options
  const requests: IncomingHttpHeaders[] = []
  const behind = connect(`http://${upstream}`)
  const sessions = new Set<ServerHttp2Session>()
  const server = createSecureServer({
    cert: readFileSync(pair.cert),
    key: readFileSync(pair.key),
    ...(clientCa && { ca: readFileSync(clientCa), requestCert: true, rejectUnauthorized: true }),
  })
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
    session.on('error', () => undefined)
  })
  server.on('stream', (stream, headers) => {
    requests.push(headers)
    stream.on('error', () => undefined)
    const key = /^Bearer (.*)$/.exec(headers.authorization ?? '')?.[1]
    if (keys && !(key !== undefined && keys.has(key))) return refuse(stream, 16, 'unknown key')
    if (forbidden?.test(headers[':path'] ?? '')) return refuse(stream, 7, 'not for you')
    forward(stream, behind.request({ ...plain(headers), ':authority': upstream, ':scheme': 'http' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const session of sessions) session.destroy()
      behind.destroy()
      await closed
    },
  }
}

/** The proxy's answer to a refused client: a gRPC status in the headers, no body. */
function refuse(stream: ServerHttp2Stream, status: number, message: string): void {
  const answer = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status, 'grpc-message': message }
  stream.respond(answer, { endStream: true })
}

function forward(stream: ServerHttp2Stream, request: ClientHttp2Stream): void {
  let trailers: IncomingHttpHeaders = {}
  request.on('error', () => stream.close(constants.NGHTTP2_CANCEL))
  request.on('trailers', (last) => (trailers = plain(last)))
  request.on('response', (answer, flags) => {
    if (stream.destroyed) return
    const isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
    stream.respond(plain(answer), isWhole ? { endStream: true } : { waitForTrailers: true })
    if (isWhole) return
    stream.on('wantTrailers', () => stream.sendTrailers(trailers))
    request.pipe(stream)
  })
  stream.pipe(request)
  stream.on('close', () => request.close(constants.NGHTTP2_CANCEL))
}

/** Headers that can be forwarded: without the symbol by which Node marks some headers. */
const plain = (headers: IncomingHttpHeaders): IncomingHttpHeaders => Object.fromEntries(Object.entries(headers))
