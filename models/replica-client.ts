import http from 'node:http'
import https from 'node:https'
import { errorCode, HoneError } from '../domain/errors.ts'
import type { CallResult } from './call-result.ts'
import { sharedConnections } from './http/connections.ts'
import type { Connections } from './http/connections.ts'
import type { ResolvedEndpoint } from './endpoint.ts'
import { meaningOf } from './replies/meaning.ts'
import { meaningOfLoss } from './replies/meaning-of-loss.ts'
import type { Headers } from './replies/rate-headers.ts'
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
const maxReplyBytes = 64 * 1024 * 1024

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
      const asked = { endpoint, baseUrl, secrets: key ? [key] : [] }
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
        return meaningOfLoss(outcome.error, asked)
      }
      const answer = { ...outcome, latencyMs: performance.now() - began }
      return asJudged(meaningOf(answer, { ...asked, size: { promptTokens: 0, maxTokens: 0 }, now: Date.now() }))
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

/** Doubts that the engine does not judge yet: only those of 401, 403 and 404 wait for other calls. */
function asJudged(result: CallResult): CallResult {
  if (result.kind !== 'doubtful' || /^http-40[134]$/.test(result.error.reason)) return result
  return { kind: 'refused', error: result.error }
}
