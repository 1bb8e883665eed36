import type { OpenAI } from 'openai'
import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import { redacted } from '../domain/redact.ts'
import type { CallResult } from './call-result.ts'
import type { ResolvedEndpoint } from './endpoint.ts'
import { Call, TimeOver } from './http/call.ts'
import type { Replied } from './http/call.ts'
import { sharedConnections } from './http/connections.ts'
import type { Connections } from './http/connections.ts'
import { readEvents } from './http/event-stream.ts'
import { createOpenAI } from './http/openai-client.ts'
import { routeTo } from './http/route.ts'
import { readSecrets } from './http/secrets.ts'
import type { Environment } from './http/secrets.ts'
import type { StreamMode } from './http/stream-modes.ts'
import { createTransport } from './http/transport.ts'
import type { Answer, Asked } from './replies/answer.ts'
import { demandsStream, meaningOf } from './replies/meaning.ts'
import { meaningOfLoss } from './replies/meaning-of-loss.ts'
import { excerpt } from './replies/server-words.ts'
import type { RequestBody } from './request-body.ts'
import type { Scope } from './scope.ts'

/** One model call, without retries and limits. */
export interface ReplicaClient {
  /**
   * Throws the scope's reason when the scope ends, and {@link HoneError} MissingSecret when the key
   * or another secret of the endpoint is missing.
   */
  call(body: RequestBody, scope: Scope): Promise<CallResult>
}

/** A client that can also look at its server. */
export interface ServerClient extends ReplicaClient {
  /** Names of the models that the server lists. Throws where it has no list, or after 10 s. */
  models(): Promise<string[]>
}

const listSeconds = 10
const modelList = z.array(z.object({ id: z.string() }))

interface ClientOptions {
  endpoint: ResolvedEndpoint
  baseUrl: string
  env?: Environment
  connections?: Connections
}

/**
 * Speaks to one server: the `openai` client builds the requests, Hone's transport sends them
 * (http/transport.ts), and replies/ says what came of them. Throws HoneError InvalidRecipe for a
 * proxy or a file of certificate authorities that cannot be used.
 */
export function createReplicaClient(options: ClientOptions): ServerClient {
  const { endpoint, baseUrl, env = process.env, connections = sharedConnections } = options
  const url = new URL(baseUrl)
  const route = routeTo(url, endpoint, env)
  const agent = connections.agentFor(url, route)
  const secrets = () => readSecrets(endpoint, env, connections.keys)
  const transport = createTransport({
    keyHeader: endpoint.provider === 'azure' ? 'api-key' : 'authorization',
    timeoutSeconds: endpoint.timeoutSeconds,
    secrets,
    agentFor: () => agent,
  })
  let opened: Promise<OpenAI> | undefined
  const open = () => (opened ??= createOpenAI(endpoint, baseUrl, transport))
  const server: Omit<Server, 'client'> = {
    endpoint,
    baseUrl,
    mode: connections.streams.of(baseUrl, endpoint.model),
    routeSecrets: route.secrets,
    newKey: async (refused) => {
      if (endpoint.apiKeyCommand) await connections.keys.refused(endpoint.apiKeyCommand, refused)
      return (await secrets()).key
    },
  }
  return {
    async call(body, scope) {
      // Before the call, because loading the client is no part of its time.
      const client = await open()
      scope.check()
      const { timeoutSeconds, idleSeconds } = endpoint
      const call = new Call({ pictures: body.pictures, scope, timeoutSeconds, idleSeconds })
      try {
        return await callServer({ ...server, client }, body, call)
      } catch (error) {
        scope.check()
        throw error
      } finally {
        call.close()
      }
    },
    async models() {
      const { models } = await open()
      const page = await models.list({ signal: AbortSignal.timeout(listSeconds * 1000) })
      const known = [...(await secrets()).values, ...route.secrets]
      return modelList.parse(page.data).map(({ id }) => redacted(id, known))
    },
  }
}

interface Server {
  endpoint: ResolvedEndpoint
  baseUrl: string
  client: OpenAI
  mode: StreamMode
  routeSecrets: readonly string[]
  /** The key to use after a server refused this one. */
  newKey: (refused: string) => Promise<string | undefined>
}

// Load balancers cut a connection without traffic after a minute, Cloudflare after 100 s.
const cutAfterMs = 55_000

type Change = 'stream' | 'no stream options' | 'new key'

/**
 * Sends the request, and again with a change that the answer asks for, each change once: as a
 * stream, without `stream_options`, with a new key. All share the deadline of the call.
 */
async function callServer(server: Server, body: RequestBody, call: Call): Promise<CallResult> {
  const { endpoint, baseUrl, mode } = server
  const made = new Set<Change>()
  for (;;) {
    const began = performance.now()
    const isStream = endpoint.stream === 'always' || (endpoint.stream === 'auto' && mode.isNeeded)
    const got = await send(server, body, call, isStream)
    const secrets = [...(call.secrets?.values ?? []), ...server.routeSecrets]
    const asked: Asked = { endpoint, baseUrl, secrets, size: body.size, now: Date.now() }
    const latencyMs = performance.now() - began
    if (got instanceof Error) {
      if (!isStream && !call.ended && latencyMs >= cutAfterMs) mode.wasCut()
      return lost(got, asked, call)
    }
    const answer: Answer = { ...got, latencyMs }
    const change = await changeFor(server, answer, call, isStream)
    if (change === undefined || made.has(change)) return meaningOf(answer, asked)
    made.add(change)
  }
}

type Got = Replied & { value?: unknown }

/** Sends the request once. An error is a lost connection, or the end of the time. */
async function send(
  { endpoint, client, mode }: Server,
  body: RequestBody,
  call: Call,
  isStream: boolean,
): Promise<Got | Error> {
  const usage = mode.refusesOptions ? {} : { stream_options: { include_usage: true } }
  const params = isStream ? { ...body.params, stream: true, ...usage } : { ...body.params, stream: false }
  const fetchOptions = { call, redirect: 'manual' as const }
  call.begin()
  let response: Response | undefined
  try {
    response = await client.chat.completions.create(params, { fetchOptions }).asResponse()
  } catch (error) {
    // The client throws for each status that is not 2xx. The transport has the whole answer.
    if (error instanceof HoneError) throw error
    if (call.failure instanceof HoneError) throw call.failure
    if (call.failure) return call.failure
    if (!call.replied) throw unsendable(endpoint, error, call)
  }
  const replied = call.replied
  if (!replied) throw unsendable(endpoint, new Error('no reply was read'), call)
  if (!response?.body) return replied
  try {
    const value = await readEvents(response, call, client)
    return value === undefined ? { ...replied, text: call.streamed.text } : { ...replied, value }
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** What an answer asks to change before the request is sent again; undefined for a final answer. */
async function changeFor(
  { endpoint, mode, newKey }: Server,
  answer: Answer,
  call: Call,
  isStream: boolean,
): Promise<Change | undefined> {
  const { status, text } = answer
  if (!isStream && endpoint.stream === 'auto') {
    if (status === 504 || status === 524) mode.wasCut()
    if (demandsStream(answer)) {
      mode.isNeeded = true
      return 'stream'
    }
  }
  if (isStream && status >= 400 && status < 500 && !mode.refusesOptions && /stream_options|include_usage/.test(text)) {
    mode.refusesOptions = true
    return 'no stream options'
  }
  // A token that has expired is no error: all calls in flight get a new one.
  const key = call.secrets?.key
  if (status === 401 && key !== undefined && (await newKey(key)) !== key) return 'new key'
  return undefined
}

function lost(error: Error, asked: Asked, call: Call): CallResult {
  if (error instanceof TimeOver) return { kind: 'silent', reason: error.reason, detail: error.message }
  if (call.ended) throw call.ended
  return meaningOfLoss(error, asked)
}

/** The client could not build the request, which is the same for every row. */
const unsendable = ({ name, baseUrls }: ResolvedEndpoint, error: unknown, call: Call): HoneError =>
  new HoneError({
    type: 'EndpointRefused',
    message: `endpoint "${name}" (${baseUrls.join(', ')}): a request cannot be built: ${excerpt(String(error), call.secrets?.values ?? [])}`,
    nextStep: 'correct `body`, `query` and `url` of the endpoint in the recipe',
  })
