import { didYouMean } from '../domain/did-you-mean.ts'
import { HoneError } from '../domain/errors.ts'
import type { AskRequest } from './ask.ts'
import type { CallResult } from './call-result.ts'
import { systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import type { RequestImages, ResolvedEndpoint } from './endpoint.ts'
import { Connections } from './http/connections.ts'
import type { Environment } from './http/secrets.ts'
import { contentFilter } from './replies/row-rules.ts'
import { isOtherModel } from './replies/model-names.ts'
import { createReplicaClient } from './replica-client.ts'
import type { ServerClient } from './replica-client.ts'
import { requestBody } from './request-body.ts'
import { Scope, sleep } from './scope.ts'

/**
 * What one real request told about a server:
 *
 * - `answered`: it takes requests of this form. `note` says what a person should know all the same.
 * - `refused`: it would refuse every request of this form.
 * - `unreachable`: nobody listens there.
 * - `silent`: it did not answer in time, because it is down, overloaded or slow. It may come up.
 */
export type Probed =
  | { state: 'answered'; note: string | null }
  | { state: 'refused'; error: HoneError }
  | { state: 'unreachable' | 'silent'; detail: string }

export interface Probe {
  endpoint: ResolvedEndpoint
  /** One of the endpoint's servers. */
  baseUrl: string
  request: AskRequest
  images: RequestImages
  /** The whole probe ends after this time. */
  deadlineMs: number
  scope: Scope
  env: Environment
  /** Called with what is waited for, when the server does not work yet. */
  onWaiting?: (detail: string) => void
  connections?: Connections
  clock?: Clock
}

const firstWaitMs = 1000
const longestWaitMs = 10_000
/** A reply that is broken three times will be broken a fourth time. */
const mostFailures = 3
/** Most models that an error names. */
const mostNamed = 10

/**
 * Sends one server one real request, through the client of all model calls. A server that is busy
 * or loads its model is asked again until the deadline. The reply is paid, and kept nowhere. Throws
 * the scope's reason, MissingSecret, and InvalidRecipe for options that cannot be used.
 */
export async function probe(asked: Probe): Promise<Probed> {
  const { endpoint, clock = systemClock } = asked
  const connections = asked.connections ?? new Connections()
  const client = createReplicaClient({ endpoint, baseUrl: asked.baseUrl, env: asked.env, connections })
  const body = await requestBody(endpoint, asked.request, asked.images)
  const end = clock.now() + asked.deadlineMs
  const late = new Error('the time of the probe is over')
  const scope = new Scope(asked.scope)
  const cancelLate = clock.after(asked.deadlineMs, () => scope.cancel(late))
  let heard = `no whole reply within ${asked.deadlineMs / 1000} s`
  try {
    for (let tries = 1, failures = 0; ; tries++) {
      const result = await client.call(body, scope)
      const settled = await settledBy(result, asked, client)
      if (settled) return settled
      heard = detailOf(result)
      if (result.kind === 'failed' && ++failures === mostFailures) return { state: 'silent', detail: heard }
      const waitMs = waitOf(result, tries)
      if (clock.now() + waitMs >= end) return { state: 'silent', detail: heard }
      asked.onWaiting?.(heard)
      await sleep(clock, waitMs, scope)
    }
  } catch (error) {
    if (error === late) return { state: 'silent', detail: heard }
    throw error
  } finally {
    cancelLate()
    scope.close()
  }
}

/** The end of the probe; null when the request is sent again. */
async function settledBy(result: CallResult, asked: Probe, client: ServerClient): Promise<Probed | null> {
  if (result.kind === 'ok') return { state: 'answered', note: otherModel(asked, result.completion.servedModel) }
  if (result.kind === 'refused') {
    // A filter looks at the made-up picture and question, and says nothing about other rows.
    if (result.error.reason === contentFilter) return { state: 'answered', note: result.error.message }
    return { state: 'refused', error: refusal(asked, result.error.message) }
  }
  if (result.kind === 'doubtful' || result.kind === 'fatal') {
    const error = result.kind === 'fatal' ? result.error : result.fatal
    if (error.type !== 'EndpointRefused') throw error
    return { state: 'refused', error: await withModels(error, asked, client) }
  }
  // The server worked on the request, and would be paid a second time.
  if (result.kind === 'silent') return { state: 'silent', detail: result.detail }
  // Waiting would not help where the URL is wrong, and a person is there to correct it.
  const isUnreachable = result.kind === 'away' && result.reason === 'unreachable'
  return isUnreachable ? { state: 'unreachable', detail: result.detail } : null
}

function otherModel({ endpoint }: Probe, served: string | null): string | null {
  // Azure answers with the name of the model behind a deployment.
  if (endpoint.provider === 'azure' || !isOtherModel(endpoint.model, served)) return null
  return `the model "${served}" answers for "${endpoint.model}"`
}

const detailOf = (result: CallResult): string => ('detail' in result ? result.detail : result.kind)

function waitOf(result: CallResult, tries: number): number {
  const askedMs = 'retryAfterMs' in result ? (result.retryAfterMs ?? 0) : 0
  return Math.max(askedMs, Math.min(longestWaitMs, firstWaitMs * 2 ** (tries - 1)))
}

/** The refusal of a small and harmless request, which is a refusal of every request. */
const refusal = ({ endpoint, baseUrl }: Probe, words: string): HoneError =>
  new HoneError({
    type: 'EndpointRefused',
    message: `endpoint "${endpoint.name}" (${baseUrl}, model "${endpoint.model}") refuses a request: ${words}`,
    nextStep: /image|picture|pixel|multimodal/i.test(words)
      ? `correct the picture limits (imageMaxPixels, …) or the model of the endpoint "${endpoint.name}" in the recipe`
      : /token|context|length|long/i.test(words)
        ? `lower \`maxTokens\` of the steps that ask the endpoint "${endpoint.name}"`
        : `correct the endpoint "${endpoint.name}" in the recipe`,
  })

/** The refusal, with names of the server's models where it does not know the endpoint's model. */
async function withModels(error: HoneError, { endpoint }: Probe, client: ServerClient): Promise<HoneError> {
  const words = error.message.replace(`model "${endpoint.model}"`, '')
  if (!/model|deployment|404/i.test(words)) return error
  const known = await modelsOf(client)
  if (known.length === 0 || known.includes(endpoint.model)) return error
  const like = didYouMean(endpoint.model, known)
  const more = known.length > mostNamed ? `, and ${known.length - mostNamed} more` : ''
  const nextStep =
    like === null
      ? `use one of its models: ${known.slice(0, mostNamed).join(', ')}${more}`
      : `did you mean the model "${like}"?`
  return new HoneError({ type: error.type, message: error.message, nextStep, cause: error })
}

/** Names of the server's models; empty for a server without a list, which has told enough. */
async function modelsOf(client: ServerClient): Promise<string[]> {
  try {
    return await client.models()
  } catch {
    return []
  }
}
