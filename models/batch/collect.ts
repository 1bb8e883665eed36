import { z } from 'zod'
import { sha256Hex } from '../../artifacts/hash.ts'
import type { HoneError } from '../../domain/errors.ts'
import type { AskFailure } from '../ask.ts'
import type { CallResult } from '../call-result.ts'
import type { ResolvedEndpoint } from '../endpoint.ts'
import type { Asked } from '../replies/answer.ts'
import { meaningOf } from '../replies/meaning.ts'
import { excerpt } from '../replies/server-words.ts'
import type { StoredReply, UnusableReply } from '../reply-store.ts'
import { estimateOf } from '../usage.ts'
import type { BatchApi } from './batch-api.ts'
import type { BatchStore, KeptReply } from './batch-store.ts'

/** What came of a request without a usable reply. */
export type Unanswered =
  | { kind: 'again'; reason: string; detail: string }
  | { kind: 'row'; error: AskFailure }
  | { kind: 'doubtful'; error: AskFailure; fatal: HoneError; words: string }
  | { kind: 'everyone'; error: HoneError }

/** What the files of a batch held. */
export interface Collected {
  /** Keys whose replies are stored. */
  replied: Set<string>
  unanswered: Map<string, Unanswered>
}

export interface Collecting {
  api: BatchApi
  store: Pick<BatchStore, 'requests' | 'keep'>
  /** This side's id of the batch. */
  id: string
  endpoint: ResolvedEndpoint
  /** Files of the provider. */
  files: readonly string[]
  /** Number of batches that carried a request so far, with this one. */
  attemptsOf(key: string): number
  /** Called when replies are stored. */
  onStored(replies: readonly StoredReply[]): void
  /** Called for each stored reply that was paid for and cannot be used. */
  onUnusable(key: string, reply: UnusableReply): void
  signal: AbortSignal
}

const linesAtOnce = 256

const outputLine = z.object({
  custom_id: z.string(),
  response: z.object({ status_code: z.number(), body: z.unknown() }).nullish().catch(null),
  error: z.object({ code: z.coerce.string().nullish(), message: z.string().nullish() }).nullish().catch(null),
})
type OutputLine = z.infer<typeof outputLine>

/**
 * Reads the files of a batch line by line, and stores the replies as it goes. To read them again
 * changes nothing: replies are stored under content keys, and unusable ones under keys that come
 * from the batch. A line that is no answer to a request of the batch is passed over.
 */
export async function collect(collecting: Collecting): Promise<Collected> {
  const collected: Collected = { replied: new Set(), unanswered: new Map() }
  for (const file of collecting.files) {
    let lines: OutputLine[] = []
    for await (const value of collecting.api.lines(file, collecting.signal)) {
      const line = outputLine.safeParse(value)
      if (line.success) lines.push(line.data)
      if (lines.length < linesAtOnce) continue
      await store(collecting, lines, collected)
      lines = []
    }
    await store(collecting, lines, collected)
  }
  for (const key of collected.replied) collected.unanswered.delete(key)
  return collected
}

async function store(collecting: Collecting, lines: readonly OutputLine[], collected: Collected): Promise<void> {
  if (lines.length === 0) return
  const { api, id, endpoint } = collecting
  const asked = await api.asked({ promptTokens: 0, maxTokens: 0 })
  const requests = await collecting.store.requests(id, [...new Set(lines.map((line) => line.custom_id))])
  const kept: KeptReply[] = []
  const usable: StoredReply[] = []
  for (const line of lines) {
    const request = requests.get(line.custom_id)
    if (!request) continue
    const { key } = request
    const result = meaningOfLine(line, { ...asked, size: estimateOf(endpoint, request.request) })
    const about = { endpoint: request.endpoint, model: request.model, request: { ...request.request } }
    const told = { latencyMs: 0, attempts: collecting.attemptsOf(key) }
    if (result.kind === 'ok') {
      const reply = { key, ...about, ...result.completion, ...told }
      kept.push({ asked: key, reply })
      usable.push(reply)
      continue
    }
    if (result.kind === 'failed' && result.paid) {
      const { text, promptTokens, completionTokens } = result.paid
      const unusable = { finishReason: 'unusable' as const, servedModel: null, isEstimated: false }
      const reply = {
        key: sha256Hex(`${key} ${id}`),
        ...about,
        text,
        promptTokens,
        completionTokens,
        ...unusable,
        ...told,
      }
      kept.push({ asked: key, reply })
      collecting.onUnusable(key, reply)
    }
    collected.unanswered.set(key, unansweredOf(result))
  }
  if (kept.length > 0) await collecting.store.keep(id, kept)
  for (const { key } of usable) collected.replied.add(key)
  collecting.onStored(usable)
}

function meaningOfLine({ response, error }: OutputLine, asked: Asked): CallResult {
  if (response) {
    const { status_code: status, body } = response
    const text = typeof body === 'string' ? body : ''
    return meaningOf({ status, headers: {}, text, latencyMs: 0, ...(text === '' && { value: body }) }, asked)
  }
  const reason = error?.code || 'batch-error'
  return { kind: 'failed', reason, retryAfterMs: undefined, detail: error?.message ?? reason, paid: undefined }
}

function unansweredOf(result: Exclude<CallResult, { kind: 'ok' }>): Unanswered {
  if (result.kind === 'refused') return { kind: 'row', error: result.error }
  if (result.kind === 'doubtful') return result
  if (result.kind === 'fatal') return { kind: 'everyone', error: result.error }
  const reason = 'reason' in result ? result.reason : `http-${result.status}`
  return { kind: 'again', reason, detail: excerpt(result.detail, []) }
}

/** So many equal refusals, and no reply in the batch, are everyone's. */
const enoughEqual = 3

/**
 * The error of a batch that the server refuses for every row; null where rows are at fault. A
 * refusal that may be one row's is everyone's when no request of the batch has a reply, and either
 * three refusals are equal or it is about key, model or URL.
 */
export function everyonesRefusal({ replied, unanswered }: Collected): HoneError | null {
  const counts = new Map<string, number>()
  for (const one of unanswered.values()) {
    if (one.kind === 'everyone') return one.error
    if (one.kind !== 'doubtful' || replied.size > 0) continue
    const count = (counts.get(one.words) ?? 0) + 1
    counts.set(one.words, count)
    if (count >= enoughEqual || /^http-40[134]$/.test(one.error.reason)) return one.fatal
  }
  return null
}
