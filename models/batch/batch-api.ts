import { openAsBlob } from 'node:fs'
import type { OpenAI } from 'openai'
import { z } from 'zod'
import { parseJson } from '../../domain/json-text.ts'
import type { ResolvedEndpoint } from '../endpoint.ts'
import type { Connections } from '../http/connections.ts'
import { createOpenAI } from '../http/openai-client.ts'
import { routeTo } from '../http/route.ts'
import { readSecrets } from '../http/secrets.ts'
import type { Environment } from '../http/secrets.ts'
import { createTransport } from '../http/transport.ts'
import type { Asked } from '../replies/answer.ts'
import { excerpt } from '../replies/server-words.ts'
import type { Estimate } from '../rate-limit.ts'
import { brokenAnswer, callFailure } from './call-failed.ts'
import { linesOf } from './lines-of.ts'
import { markName, readProviderBatch } from './provider-batch.ts'
import type { ProviderBatch } from './provider-batch.ts'

/**
 * The batch API of one server, in OpenAI's form. Calls reject with CallFailed, with HoneError for a
 * secret that is missing, and with the reason of the signal.
 */
export interface BatchApi {
  /** Path of the requests, as a batch names it. */
  readonly path: string
  readonly server: string
  /** Uploads a file of requests. Returns its name at the provider. */
  upload(file: string, name: string, signal: AbortSignal): Promise<string>
  create(batch: { inputFileId: string; mark: string; window: string }, signal: AbortSignal): Promise<ProviderBatch>
  /**
   * The batch of this mark or of this file, among the batches since a moment; null if not listed.
   */
  find(wanted: { inputFileId: string; mark: string; since: Date }, signal: AbortSignal): Promise<ProviderBatch | null>
  look(id: string, signal: AbortSignal): Promise<ProviderBatch>
  /** The lines of a file, as JSON values. */
  lines(fileId: string, signal: AbortSignal): AsyncIterable<unknown>
  /** For the meaning of an answer to a request of this size. */
  asked(size: Estimate): Promise<Asked>
}

export interface BatchApiOptions {
  endpoint: ResolvedEndpoint
  env: Environment
  connections: Connections
}

/** An upload of 200 MB over a slow line, or the reading of such a file. */
const fileSeconds = 3600
// The clocks of two machines differ.
const clockSlackMs = 3_600_000

export function createBatchApi({ endpoint, env, connections }: BatchApiOptions): BatchApi {
  const server = endpoint.baseUrls[0] ?? ''
  const url = new URL(server)
  const route = routeTo(url, endpoint, env)
  const secrets = () => readSecrets(endpoint, env, connections.keys)
  const transport = createTransport({
    keyHeader: endpoint.provider === 'azure' ? 'api-key' : 'authorization',
    timeoutSeconds: fileSeconds,
    secrets,
    agentFor: () => connections.agentFor(url, route),
  })
  let opened: Promise<OpenAI> | undefined
  const open = () => (opened ??= createOpenAI(endpoint, server, transport))
  const asked = async (size: Estimate): Promise<Asked> => {
    const { values } = await secrets()
    return { endpoint, baseUrl: server, secrets: [...values, ...route.secrets], size, now: Date.now() }
  }
  const failure = async (error: unknown, signal: AbortSignal): Promise<unknown> => {
    if (signal.aborted) return signal.reason
    try {
      return await callFailure(error, await asked({ promptTokens: 0, maxTokens: 0 }))
    } catch (unreadable) {
      return unreadable
    }
  }
  const call = async <Result>(signal: AbortSignal, run: (client: OpenAI) => Promise<Result>): Promise<Result> => {
    signal.throwIfAborted()
    try {
      return await run(await open())
    } catch (error) {
      throw await failure(error, signal)
    }
  }
  /** Small calls have the endpoint's own deadline. */
  const soon = (signal: AbortSignal) => ({
    signal: AbortSignal.any([signal, AbortSignal.timeout(endpoint.timeoutSeconds * 1000)]),
  })
  const path = endpoint.provider === 'azure' ? '/chat/completions' : '/v1/chat/completions'

  return {
    path,
    server,
    asked,
    async upload(path, name, signal) {
      // Outside of the call: a file that is gone is no fault of the server.
      const file = new File([await openAsBlob(path)], name, { type: 'application/jsonl' })
      return await call(signal, async ({ files }) => {
        const { id } = await files.create({ file, purpose: 'batch' }, { signal })
        if (typeof id !== 'string' || id === '') throw brokenAnswer('the answer to an upload names no file')
        return id
      })
    },
    create: ({ inputFileId, mark, window }, signal) =>
      call(signal, async (client) => {
        const body = { input_file_id: inputFileId, completion_window: window, metadata: { [markName]: mark } }
        // The types of the client know the windows and paths of OpenAI alone.
        return batchIn(await client.post('/batches', { body: { ...body, endpoint: path }, ...soon(signal) }))
      }),
    find: (wanted, signal) => call(signal, (client) => findIn(client, wanted, soon(signal))),
    look: (id, signal) => call(signal, async ({ batches }) => batchIn(await batches.retrieve(id, soon(signal)))),
    async *lines(fileId, signal) {
      const response = await call(signal, ({ files }) => files.content(fileId, { signal }))
      try {
        for await (const line of linesOf(response.body)) yield parseJson(line)
      } catch (error) {
        throw await failure(error, signal)
      }
    },
  }
}

/** Providers that wrap a new batch call the wrapper `job`. */
function batchIn(value: unknown): ProviderBatch {
  const inner = typeof value === 'object' && value !== null && 'job' in value ? value.job : value
  const batch = readProviderBatch(inner)
  if (batch) return batch
  throw brokenAnswer(`the answer is no batch: ${excerpt(JSON.stringify(value) ?? '', [])}`)
}

const page = z.union([
  z.array(z.unknown()).transform((data) => ({ data, has_more: false })),
  z.object({ data: z.array(z.unknown()), has_more: z.boolean().nullish() }),
])

/**
 * Looks through the list of batches, the newest first. The client's own list is not used: it takes
 * an answer of another form for an empty list, and an empty list means that a batch is not there.
 */
async function findIn(
  client: OpenAI,
  { inputFileId, mark, since }: { inputFileId: string; mark: string; since: Date },
  options: { signal: AbortSignal },
): Promise<ProviderBatch | null> {
  let after: string | undefined
  for (;;) {
    const query = { limit: 100, ...(after !== undefined && { after }) }
    const answer: unknown = await client.get('/batches', { query, ...options })
    const read = page.safeParse(answer)
    if (!read.success)
      throw brokenAnswer(`the answer is no list of batches: ${excerpt(JSON.stringify(answer) ?? '', [])}`)
    const batches = read.data.data.flatMap((value) => readProviderBatch(value) ?? [])
    const found = batches.find((batch) => batch.mark === mark || batch.inputFileId === inputFileId)
    if (found) return found
    const last = batches.at(-1)
    if (!last || read.data.has_more !== true || last.id === after) return null
    if (last.createdAt && last.createdAt.getTime() < since.getTime() - clockSlackMs) return null
    after = last.id
  }
}
