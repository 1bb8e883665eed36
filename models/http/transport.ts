import type http from 'node:http'
import { Readable } from 'node:stream'
import { partsOf } from '../request-body.ts'
import { Scope } from '../scope.ts'
import { Call } from './call.ts'
import { exchange } from './exchange.ts'
import type { Exchange } from './exchange.ts'
import { honeVersion } from './hone-version.ts'
import { multipart } from './multipart.ts'
import { eventBytes, readText, unpackedStream } from './reply-body.ts'
import type { Secrets } from './secrets.ts'

/**
 * What the `openai` client gives its `fetch`, with the call that Hone put into its `fetchOptions`.
 */
export interface TransportInit extends RequestInit {
  call?: Call
}

export type Transport = (input: string | URL | Request, init?: TransportInit) => Promise<Response>

export interface TransportOptions {
  /** `api-key` for Azure; a bearer token elsewhere. */
  keyHeader: 'authorization' | 'api-key'
  /** Deadline of a request that has no call. */
  timeoutSeconds: number
  secrets(): Promise<Secrets>
  agentFor(url: URL): http.Agent
}

const userAgent = `hone/${honeVersion()}`

/**
 * The `fetch` of the `openai` client, over node:http. The client builds URLs and bodies; secrets
 * and headers are added here, so that no part of the client can log or quote a key.
 *
 * Of the client's headers only Accept and Content-Type are sent. The others are `x-stainless-*`,
 * which tell the provider about this machine and help nobody here (strict gateways refuse headers
 * that they do not know), and what OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS ask
 * for, which no recipe names. No Accept-Encoding: unpacking costs more time than it saves for
 * replies of a few kB, and gateways hold back a stream to pack it.
 *
 * With a call, a whole reply is read before the promise resolves, and its text is in the call. The
 * Response has no body then. A stream of events is the body of the Response. Without a call, the
 * Response is what `fetch` would give. Rejects with the error of the connection.
 */
export function createTransport(options: TransportOptions): Transport {
  return async (input, init = {}) => {
    const { call } = init
    if (!call) return await plainFetch(options, input, init)
    const url = new URL(input instanceof Request ? input.url : input)
    const given = init.headers instanceof Headers ? init.headers : new Headers(init.headers)
    try {
      const parts = typeof init.body === 'string' ? partsOf(init.body, call.pictures) : []
      call.secrets = await options.secrets()
      const request = {
        ...requestOf(options, call.secrets, { url, method: init.method ?? 'GET', given, parts }),
        resends: true,
      }
      return await replyOf(await exchange(request, call), call)
    } catch (error) {
      call.failure = error instanceof Error ? error : new Error(String(error))
      throw error
    }
  }
}

async function replyOf(message: http.IncomingMessage, call: Call): Promise<Response> {
  const { statusCode = 0, headers } = message
  const isGood = statusCode >= 200 && statusCode < 300
  const isStream = isGood && /^text\/event-stream\b/i.test(headers['content-type'] ?? '')
  const text = isStream ? '' : await readText(message, call)
  call.replied = { status: statusCode, headers, text }
  if (isStream) return new Response(eventBytes(message, call), { status: statusCode })
  // A Response knows only these statuses. The call has the true one.
  return new Response(null, { status: statusCode >= 200 && statusCode <= 599 ? statusCode : 500 })
}

interface Written extends Omit<Exchange, 'headers' | 'agent' | 'resends'> {
  given: Headers
}

function requestOf(
  options: TransportOptions,
  secrets: Secrets,
  { url, method, given, parts }: Written,
): Omit<Exchange, 'resends'> {
  const { key, headers, query } = secrets
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  const contentType = given.get('content-type')
  const sent = {
    accept: given.get('accept') ?? '*/*',
    'user-agent': userAgent,
    ...(contentType !== null && { 'content-type': contentType }),
    ...(key !== undefined && keyHeader(options, key)),
    ...headers,
    ...(method !== 'GET' && { 'content-length': parts.reduce((sum, part) => sum + bytesOf(part), 0) }),
  }
  return { url, method, headers: sent, parts, agent: options.agentFor(url) }
}

const bytesOf = (part: Exchange['parts'][number]): number => (part instanceof Blob ? part.size : part.length)

/**
 * Azure takes keys in a header of its own, and Entra's tokens, which are JWTs, as all others do.
 */
function keyHeader({ keyHeader: name }: TransportOptions, key: string): Record<string, string> {
  const isToken = key.startsWith('eyJ') && key.split('.').length === 3
  return name === 'api-key' && !isToken ? { 'api-key': key } : { authorization: `Bearer ${key}` }
}

/** For uploads, downloads and lists: any body, and a reply that its reader takes piece by piece. */
async function plainFetch(
  options: TransportOptions,
  input: string | URL | Request,
  init: RequestInit,
): Promise<Response> {
  const form = init.body instanceof FormData ? multipart(init.body) : undefined
  const asked = new Request(input, { ...init, ...(form && { body: null }), signal: null })
  const parts = form?.parts ?? (asked.body === null ? [] : [new Uint8Array(await asked.arrayBuffer())])
  if (form) asked.headers.set('content-type', form.contentType)
  const scope = init.signal ? Scope.of(init.signal) : new Scope()
  const call = new Call({ scope, timeoutSeconds: options.timeoutSeconds })
  const close = () => {
    call.close()
    scope.close()
  }
  try {
    const url = new URL(asked.url)
    const written = { url, method: asked.method, given: asked.headers, parts }
    const request = { ...requestOf(options, await options.secrets(), written), resends: asked.method === 'GET' }
    const message = await exchange(request, call)
    message.once('close', close)
    const { statusCode: status = 0, headers } = message
    // The body is unpacked, so its packed length means nothing to a reader.
    const { 'content-encoding': _coding, 'content-length': _length, ...told } = headers
    const flat = Object.entries(told).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    )
    const isEmpty = [204, 205, 304].includes(status)
    if (isEmpty) message.resume()
    return new Response(isEmpty ? null : Readable.toWeb(unpackedStream(message)), { status, headers: flat })
  } catch (error) {
    close()
    throw error
  }
}
