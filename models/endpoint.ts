import http from 'node:http'
import https from 'node:https'
import { errorCode, HoneError } from '../domain/errors.ts'
import { AskFailure, type AskMessage, type AskRequest } from './ask.ts'
import { abortReason } from './clock.ts'
import { type Completion, readCompletion } from './completion.ts'

/** An endpoint of a recipe with everything filled in: where it is, what it serves, how much it takes. */
export interface ResolvedEndpoint {
  /** Name in the recipe. */
  name: string
  /** Ends in `/v1`, no slash after it. */
  baseUrl: string
  /** Model name as the server knows it. */
  model: string
  /** Part of content keys: the model name behind a URL, the content hash of a served checkpoint. */
  identity: string
  /** Environment variable that holds the key; read at each call, kept nowhere. */
  apiKeyEnv?: string | undefined
  concurrency: number
  /** Deadline of one HTTP call. */
  timeoutSeconds: number
  /** Larger pictures are shrunk to this area before they are sent. */
  imageMaxPixels: number
}

/** What one HTTP call came to. `fatal` hits every row of the endpoint, `refused` only this one. */
export type CallResult =
  | { kind: 'ok'; completion: Completion; latencyMs: number }
  | { kind: 'overloaded'; status: number; retryAfterMs: number | undefined; detail: string }
  | { kind: 'unreachable'; detail: string }
  | { kind: 'silent'; reason: 'timeout'; detail: string }
  | { kind: 'failed'; reason: string; detail: string }
  | { kind: 'refused'; error: AskFailure }
  | { kind: 'fatal'; error: HoneError }

/** Data URL of an image, shrunk to the limit. Throws {@link AskFailure} for a picture that cannot be sent. */
export interface RequestImages {
  dataUrl(hash: string, maxPixels: number): Promise<string>
}

/** One HTTP call and nothing around it: no retry, no limit. */
export interface EndpointClient {
  /** Throws the signal's reason when cancelled, {@link HoneError} MissingSecret when the key is not set. */
  call(body: string, signal: AbortSignal): Promise<CallResult>
  close(): void
}

const maxReplyBytes = 64 * 1024 * 1024
const unreachableCodes = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN'])

/** The request as JSON text in the chat completions form; images stand before the text of their turn. */
export async function requestBody(endpoint: ResolvedEndpoint, request: AskRequest, images: RequestImages) {
  const { temperature, topP, maxTokens, seed } = request.sampling
  const messages = await Promise.all(request.messages.map((message) => messageBody(endpoint, message, images)))
  return JSON.stringify({
    model: endpoint.model,
    messages,
    temperature,
    top_p: topP,
    max_tokens: maxTokens,
    seed,
    n: 1,
    stream: false,
  })
}

async function messageBody(
  endpoint: ResolvedEndpoint,
  { role, text, images: hashes }: AskMessage,
  images: RequestImages,
) {
  if (!hashes?.length) return { role, content: text }
  const urls = await Promise.all(hashes.map((hash) => images.dataUrl(hash, endpoint.imageMaxPixels)))
  const pictures = urls.map((url) => ({ type: 'image_url', image_url: { url } }))
  return { role, content: [...pictures, { type: 'text', text }] }
}

/**
 * Speaks to one OpenAI-compatible server over kept-alive connections. Written on node:http and not on fetch, whose
 * built-in client gives up on any reply that takes over 300 s.
 */
export function createEndpointClient(
  endpoint: ResolvedEndpoint,
  env: Readonly<Record<string, string | undefined>> = process.env,
): EndpointClient {
  const url = new URL(`${endpoint.baseUrl.replace(/\/+$/, '')}/chat/completions`)
  const transport = url.protocol === 'https:' ? https : http
  const agent = new transport.Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  return {
    async call(body, signal) {
      const key = readKey(endpoint, env)
      const redact = (text: string) => (key ? text.replaceAll(key, '[key]') : text)
      const deadline = createDeadline(endpoint.timeoutSeconds * 1000, signal)
      const began = performance.now()
      try {
        const answer = await post(transport, url, { agent, body, key, signal: deadline.signal })
        return classify(endpoint, answer, redact, performance.now() - began)
      } catch (error) {
        if (signal.aborted) throw abortReason(signal)
        if (deadline.passed())
          return { kind: 'silent', reason: 'timeout', detail: `no reply within ${endpoint.timeoutSeconds} s` }
        return noAnswer(redact(error instanceof Error ? error.message : String(error)), error)
      } finally {
        deadline.clear()
      }
    },
    close: () => agent.destroy(),
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

/** A signal of one call. Made by hand: AbortSignal.any would hang a listener a call on the shard's signal for good. */
function createDeadline(ms: number, parent: AbortSignal) {
  const controller = new AbortController()
  let passed = false
  const cancel = () => controller.abort(parent.reason)
  const timer = setTimeout(() => {
    passed = true
    controller.abort()
  }, ms)
  if (parent.aborted) cancel()
  parent.addEventListener('abort', cancel, { once: true })
  return {
    signal: controller.signal,
    passed: () => passed,
    clear() {
      clearTimeout(timer)
      parent.removeEventListener('abort', cancel)
    },
  }
}

interface Answer {
  status: number
  retryAfter: string | undefined
  text: string
}

interface Post {
  agent: http.Agent
  body: string
  key: string | undefined
  signal: AbortSignal
}

function post(transport: typeof http | typeof https, url: URL, { agent, body, key, signal }: Post): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      accept: 'application/json',
      ...(key ? { authorization: `Bearer ${key}` } : {}),
    }
    const request = transport.request(url, { method: 'POST', agent, headers, signal }, (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > maxReplyBytes) request.destroy(new Error(`the reply is larger than ${maxReplyBytes} bytes`))
        chunks.push(chunk)
      })
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], text })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

function noAnswer(detail: string, error: unknown): CallResult {
  const code = errorCode(error) ?? ''
  if (unreachableCodes.has(code)) return { kind: 'unreachable', detail: detail || code }
  return { kind: 'failed', reason: 'connection-lost', detail: detail || code }
}

/** HTTP status → what to do with it. 408, 409, 425 and 5xx may pass; other 4xx stay as they are. */
function classify(
  endpoint: ResolvedEndpoint,
  { status, retryAfter, text }: Answer,
  redact: (text: string) => string,
  latencyMs: number,
): CallResult {
  if (status >= 200 && status < 300) {
    const completion = readCompletion(text)
    if ('problem' in completion)
      return { kind: 'failed', reason: 'broken-reply', detail: redact(`${completion.problem}: ${excerpt(text)}`) }
    return { kind: 'ok', completion, latencyMs }
  }
  const detail = redact(`HTTP ${status}: ${excerpt(text)}`)
  if (status === 429 && /insufficient_quota/.test(text))
    return { kind: 'fatal', error: refusal(endpoint, status, detail) }
  if (status === 429 || status === 503)
    return { kind: 'overloaded', status, retryAfterMs: retryAfterMs(retryAfter), detail }
  if (status === 401 || status === 403 || status === 404)
    return { kind: 'fatal', error: refusal(endpoint, status, detail) }
  if (status >= 500 || status === 408 || status === 409 || status === 425)
    return { kind: 'failed', reason: `http-${status}`, detail }
  return { kind: 'refused', error: new AskFailure(`http-${status}`, detail) }
}

function refusal(endpoint: ResolvedEndpoint, status: number, detail: string): HoneError {
  const key = endpoint.apiKeyEnv
  const nextSteps: Record<number, string> = {
    404: `check that the URL ends in /v1 and that the server knows the model "${endpoint.model}" (GET ${endpoint.baseUrl}/models lists them)`,
    429: 'the account has no quota left: raise it, or name another endpoint in the recipe',
  }
  const access = key ? `check the key in ${key} and what it may use` : 'add apiKeyEnv to the endpoint in the recipe'
  return new HoneError({
    type: 'EndpointRefused',
    message: `endpoint "${endpoint.name}" (${endpoint.baseUrl}, model "${endpoint.model}") refuses every request: ${detail}`,
    nextStep: nextSteps[status] ?? access,
  })
}

/** `Retry-After` in seconds or as a date → milliseconds from now, at most an hour; undefined when absent or unreadable. */
export function retryAfterMs(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined || header.trim() === '') return undefined
  const seconds = Number(header)
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now
  return Number.isFinite(ms) ? Math.min(3_600_000, Math.max(0, ms)) : undefined
}

const excerpt = (text: string): string => {
  const flat = text.replaceAll(/\s+/g, ' ').trim()
  return flat === '' ? '(empty)' : flat.length > 300 ? `${flat.slice(0, 300)}…` : flat
}
