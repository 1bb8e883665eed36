import http from 'node:http'
import https from 'node:https'
import { errorCode, HoneError } from '../domain/errors.ts'
import { AskFailure } from './ask.ts'
import { readCompletion } from './completion.ts'
import type { CallResult } from './call-result.ts'
import { sharedConnections } from './http/connections.ts'
import type { Connections } from './http/connections.ts'
import type { ResolvedEndpoint } from './endpoint.ts'
import { rateLimitResetMs, retryAfterMs } from './rate-headers.ts'
import type { Headers } from './rate-headers.ts'
import type { RequestBody } from './request-body.ts'
import type { Scope } from './scope.ts'

/** One HTTP call, without retries and limits. */
export interface ReplicaClient {
  /**
   * Throws the scope's reason when the scope ends, and {@link HoneError} MissingSecret when the key
   * is not set.
   */
  call(body: RequestBody, scope: Scope): Promise<CallResult>
}

const earlyMs = 1000
const unpaid = { retryAfterMs: undefined, paid: undefined }
const maxReplyBytes = 64 * 1024 * 1024
const unreachableCodes = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN'])

interface ClientOptions {
  endpoint: ResolvedEndpoint
  baseUrl: string
  env?: Readonly<Record<string, string | undefined>>
  connections?: Connections
}

/**
 * Speaks to one OpenAI-compatible server over kept-alive connections. It uses node:http, because
 * Node's built-in fetch gives up on any reply that takes over 300 s.
 */
export function createReplicaClient(options: ClientOptions): ReplicaClient {
  const { endpoint, baseUrl, env = process.env, connections = sharedConnections } = options
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}/chat/completions`)
  const agent = connections.agentFor(url)
  const timeoutMs = endpoint.timeoutSeconds * 1000
  return {
    async call(body, scope) {
      const key = readKey(endpoint, env)
      const redact = (text: string) => (key ? text.replaceAll(key, '[key]') : text)
      const began = performance.now()
      const send = () => post({ url, agent, body, key, scope, timeoutMs })
      let outcome = await send()
      // The server closed an idle connection while this request was on its way, so it has not seen
      // the request. After a second it may have worked on it.
      const isEarly = performance.now() - began < earlyMs
      if (outcome instanceof Lost && outcome.wasIdle && isEarly && !scope.reason) outcome = await send()
      if (outcome === 'timeout')
        return { kind: 'silent', reason: 'timeout', detail: `no reply within ${endpoint.timeoutSeconds} s` }
      if (outcome instanceof Lost) {
        scope.check()
        return noAnswer(redact(outcome.error.message), outcome.error)
      }
      return classify({ endpoint, baseUrl, redact }, outcome, performance.now() - began)
    },
  }
}

function readKey(endpoint: ResolvedEndpoint, env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (!endpoint.apiKeyEnv) return undefined
  const key = env[endpoint.apiKeyEnv]?.trim()
  if (key) return key
  throw new HoneError({
    type: 'MissingSecret',
    message: `endpoint "${endpoint.name}" needs a key, but the environment variable ${endpoint.apiKeyEnv} is not set`,
    nextStep: `set ${endpoint.apiKeyEnv} where the worker starts, then start the worker again`,
  })
}

interface Answer {
  status: number
  headers: Headers
  text: string
}

/** No whole reply came. */
class Lost {
  readonly error: Error
  readonly wasIdle: boolean

  constructor(error: Error, wasIdle: boolean) {
    this.error = error
    this.wasIdle = wasIdle
  }
}

interface Post {
  url: URL
  agent: http.Agent
  body: RequestBody
  key: string | undefined
  scope: Scope
  timeoutMs: number
}

/** Settles with the answer, or with what kept it from coming. Never rejects. */
function post({ url, agent, body, key, scope, timeoutMs }: Post): Promise<Answer | Lost | 'timeout'> {
  return new Promise((resolve) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': body.bytes,
      accept: 'application/json',
      ...(key ? { authorization: `Bearer ${key}` } : {}),
    }
    const transport = url.protocol === 'https:' ? https : http
    const request = transport.request(url, { method: 'POST', agent, headers })
    let hasBegun = false
    const settle = (outcome: Answer | Lost | 'timeout') => {
      clearTimeout(timer)
      leave()
      resolve(outcome)
    }
    const lost = (error: Error) =>
      settle(new Lost(error, request.reusedSocket && !hasBegun && errorCode(error) === 'ECONNRESET'))
    const timer = setTimeout(() => {
      settle('timeout')
      request.destroy()
    }, timeoutMs)
    const leave = scope.onCancel((reason) => {
      request.destroy(reason)
    })
    request.on('error', lost)
    request.on('response', (response) => {
      hasBegun = true
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > maxReplyBytes) request.destroy(new Error(`the reply is larger than ${maxReplyBytes} bytes`))
        chunks.push(chunk)
      })
      response.on('error', lost)
      response.on('end', () => {
        const text = (chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))?.toString('utf8') ?? ''
        settle({ status: response.statusCode ?? 0, headers: response.headers, text })
      })
    })
    // One write to the socket for head and body.
    request.cork()
    for (const part of body.parts) request.write(part, 'latin1')
    request.end()
    request.uncork()
  })
}

function noAnswer(detail: string, error: unknown): CallResult {
  const code = errorCode(error) ?? ''
  if (unreachableCodes.has(code))
    return { kind: 'away', reason: 'unreachable', detail: detail || code, retryAfterMs: undefined }
  return { kind: 'failed', reason: 'connection-lost', detail: detail || code, ...unpaid }
}

interface Asked {
  endpoint: ResolvedEndpoint
  baseUrl: string
  redact: (text: string) => string
}

/** What an HTTP status means. 408, 409, 425 and 5xx may pass; other 4xx stay. */
function classify(asked: Asked, { status, headers, text }: Answer, latencyMs: number): CallResult {
  const { redact } = asked
  if (status >= 200 && status < 300) {
    const completion = readCompletion(text)
    if ('problem' in completion)
      return {
        kind: 'failed',
        reason: 'broken-reply',
        detail: redact(`${completion.problem}: ${excerpt(text)}`),
        ...unpaid,
      }
    return { kind: 'ok', completion, latencyMs }
  }
  const detail = redact(`HTTP ${status}: ${excerpt(text)}`)
  const fatal = () => refusal(asked, status, detail)
  if (status === 401 || (status === 429 && /insufficient_quota/.test(text))) return { kind: 'fatal', error: fatal() }
  if (status === 429 || status === 503) {
    const resetMs = rateLimitResetMs(headers)
    const asksMs = retryAfterMs(headers['retry-after'] as string | undefined)
    if (resetMs !== undefined) return { kind: 'limited', status, retryAfterMs: asksMs ?? resetMs, detail }
    return { kind: 'overloaded', status, retryAfterMs: asksMs, detail }
  }
  const error = new AskFailure(`http-${status}`, detail)
  if (status === 403 || status === 404) return { kind: 'doubtful', error, fatal: fatal(), words: detail }
  if (status >= 500 || status === 408 || status === 409 || status === 425)
    return { kind: 'failed', reason: `http-${status}`, detail, ...unpaid }
  return { kind: 'refused', error }
}

function refusal({ endpoint, baseUrl }: Asked, status: number, detail: string): HoneError {
  const key = endpoint.apiKeyEnv
  const nextSteps: Record<number, string> = {
    404: `check that the URL ends in /v1 and that the server knows the model "${endpoint.model}" (GET ${baseUrl}/models lists them)`,
    429: 'the account has no quota left: raise it, or name another endpoint in the recipe',
  }
  const access = key ? `check the key in ${key} and what it may use` : 'add apiKeyEnv to the endpoint in the recipe'
  return new HoneError({
    type: 'EndpointRefused',
    message: `endpoint "${endpoint.name}" (${baseUrl}, model "${endpoint.model}") refuses every request: ${detail}`,
    nextStep: nextSteps[status] ?? access,
  })
}

const excerpt = (text: string): string => {
  const flat = text.slice(0, 2000).replaceAll(/\s+/g, ' ').trim()
  return flat === '' ? '(empty)' : flat.length > 300 ? `${flat.slice(0, 300)}…` : flat
}
