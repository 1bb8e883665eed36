import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { z } from 'zod'
import type { BatchState } from '../../../models/batch/batch-state.ts'
import type { ResolvedEndpoint } from '../../../models/endpoint.ts'
import type { Engine } from '../../../models/engine.ts'
import { completion } from '../fake-endpoint.ts'

const requestLine = z.object({
  custom_id: z.string(),
  method: z.literal('POST'),
  url: z.string(),
  body: z.looseObject({
    model: z.string(),
    messages: z.array(z.looseObject({ content: z.unknown() })),
    seed: z.number(),
  }),
})
export type BatchLine = z.infer<typeof requestLine>

/** The fate of a line: an answer with this status and body, or an error without an answer. */
export type LineEnd =
  | { status?: number; body?: string | object }
  | { error: { code: string; message: string } }
  | 'none'

type Status = 'validating' | 'in_progress' | 'finalizing' | 'completed' | 'failed' | 'expired' | 'cancelled'

export interface FakeBatch {
  id: string
  status: Status
  inputFileId: string
  metadata: Record<string, string>
  lines: BatchLine[]
  looks: number
  outputFileId: string | null
  errorFileId: string | null
  counts: { total: number; completed: number; failed: number }
  errors: { data: { code: string; message: string; line?: number }[] } | null
  createdAt: number
  /** Batches that the list does not show yet. */
  isHidden: boolean
}

/** What the fake does to one HTTP request. `undefined` serves it. */
export interface Fault {
  /** Answers with this status and does nothing. */
  status?: number
  body?: string
  /** Cuts the connection before it does anything, or after it has done all. */
  cut?: 'before' | 'after'
  /** Cuts the connection in the middle of the answer. */
  half?: boolean
  /** Waits for this before anything else. */
  until?: Promise<unknown>
}

/** The calls of the API, for faults. */
export type Call = 'upload' | 'create' | 'list' | 'look' | 'content'

/**
 * A server of OpenAI's batch API over real HTTP. It works on a batch only while somebody looks at
 * it: a state further with each look, or as `next` says. It counts how often it answered each
 * content key, which is what a provider would bill.
 */
export class FakeBatchServer {
  readonly files = new Map<string, { name: string; text: string }>()
  readonly batches: FakeBatch[] = []
  /** How often each custom id was answered with status 200. */
  readonly paid = new Map<string, number>()
  /** Requests that came the live way. */
  live = 0
  readonly calls: Call[] = []
  readonly authorizations = new Set<string | undefined>()
  /** Lengths of uploads as their heads say them. */
  readonly uploadLengths: (string | undefined)[] = []
  fault: (call: Call, count: number) => Fault | undefined = () => undefined
  /** The end of a line; a good answer where absent. `batch` counts from 1. */
  answer: (line: BatchLine, batch: number) => LineEnd | undefined = () => undefined
  /** The state after a look. */
  next: (batch: FakeBatch) => Status = ({ status }) => after[status]
  /** Whether the list shows a new batch. */
  isListed: (batch: FakeBatch) => boolean = () => true
  #ids = 0
  readonly #counts = new Map<Call, number>()
  readonly #server = http.createServer((request, response) => {
    this.#serve(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error))
    })
  })

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`
  }

  /** Custom ids that were answered more than once. */
  get paidTwice(): string[] {
    return [...this.paid].filter(([, times]) => times > 1).map(([key]) => key)
  }

  resolved(changes: Partial<ResolvedEndpoint> = {}): ResolvedEndpoint {
    return {
      name: 'teacher',
      baseUrls: [this.url],
      model: 'fake-model',
      identity: 'fake-model',
      concurrency: 8,
      timeoutSeconds: 5,
      imageMaxPixels: 1_003_520,
      mode: 'batch',
      batch: { window: '24h', maxRequests: 1000, maxBytes: 1_000_000, pollSeconds: 0.02 },
      ...changes,
    }
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const body = await buffer(request)
    const { pathname } = new URL(request.url ?? '', 'http://fake')
    this.authorizations.add(request.headers.authorization)
    const call = callOf(request.method ?? '', pathname)
    const count = call ? (this.#counts.get(call) ?? 0) + 1 : 0
    if (call) {
      this.calls.push(call)
      this.#counts.set(call, count)
    }
    const fault = call && this.fault(call, count)
    await fault?.until
    if (fault?.cut === 'before') return void request.socket.destroy()
    if (fault?.status !== undefined)
      return json(response, fault.status, fault.body ?? { error: { message: 'the fake refuses' } })
    const answer = this.#answer(call, request, pathname, body)
    if (fault?.cut === 'after') return void request.socket.destroy()
    if (fault?.half) {
      response.writeHead(200, { 'content-length': Buffer.byteLength(answer.text) })
      return void response.write(answer.text.slice(0, answer.text.length / 2), () => request.socket.destroy())
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.text)
  }

  #answer(call: Call | undefined, request: http.IncomingMessage, path: string, body: Buffer) {
    switch (call) {
      case 'upload':
        this.uploadLengths.push(request.headers['content-length'])
        return ok(this.#upload(request.headers['content-type'] ?? '', body))
      case 'create':
        return this.#create(body)
      case 'list': {
        const data = this.batches
          .filter((batch) => this.isListed(batch))
          .map(shown)
          .toReversed()
        return ok({ object: 'list', data, has_more: false })
      }
      case 'look': {
        const batch = this.batches.find(({ id }) => path.endsWith(`/${id}`))
        if (!batch) return { status: 404, text: '{"error":{"message":"No batch found"}}' }
        batch.looks += 1
        this.#move(batch, this.next(batch))
        return ok(shown(batch))
      }
      case 'content': {
        const file = this.files.get(path.split('/').at(-2) ?? '')
        return file ? { status: 200, text: file.text } : { status: 404, text: '{"error":{"message":"no such file"}}' }
      }
      case undefined:
    }
    this.live += 1
    return { status: 200, text: completion('live') }
  }

  #upload(contentType: string, body: Buffer): object {
    const boundary = /boundary=(.+)$/.exec(contentType)?.[1] ?? ''
    const parts = body.toString('utf8').split(`--${boundary}`).slice(1, -1)
    const fileOf = (part: string) => /filename="([^"]+)"/.exec(part)?.[1]
    const file = parts.find((part) => fileOf(part) !== undefined) ?? ''
    if (!parts.some((part) => /name="purpose"\r\n\r\nbatch\r\n/.test(part))) throw new Error('the purpose is not batch')
    const id = `file-${++this.#ids}`
    this.files.set(id, { name: fileOf(file) ?? '', text: file.slice(file.indexOf('\r\n\r\n') + 4, -2) })
    return { id, object: 'file', purpose: 'batch', filename: fileOf(file) }
  }

  #create(body: Buffer) {
    const wanted = z
      .object({
        input_file_id: z.string(),
        endpoint: z.literal('/v1/chat/completions'),
        completion_window: z.literal('24h'),
        metadata: z.record(z.string(), z.string()),
      })
      .parse(JSON.parse(body.toString('utf8')))
    const input = this.files.get(wanted.input_file_id)
    if (!input)
      return { status: 400, text: '{"error":{"message":"Cannot find file, or project does not have access to it."}}' }
    const lines = input.text
      .trimEnd()
      .split('\n')
      .map((line) => requestLine.parse(JSON.parse(line)))
    const batch: FakeBatch = {
      id: `batch-${++this.#ids}`,
      status: 'validating',
      inputFileId: wanted.input_file_id,
      metadata: wanted.metadata,
      lines,
      looks: 0,
      outputFileId: null,
      errorFileId: null,
      counts: { total: lines.length, completed: 0, failed: 0 },
      errors: null,
      createdAt: Math.floor(Date.now() / 1000),
      isHidden: false,
    }
    this.batches.push(batch)
    return ok(shown(batch))
  }

  #move(batch: FakeBatch, next: Status): void {
    if (next === batch.status) return
    const wasOver = over.has(batch.status)
    batch.status = next
    if (wasOver || !over.has(next) || next === 'failed') return
    const number = this.batches.indexOf(batch) + 1
    const output: string[] = []
    const errors: string[] = []
    for (const line of batch.lines) {
      const end = this.answer(line, number) ?? {}
      if (end === 'none') continue
      const custom_id = line.custom_id
      if ('error' in end) {
        errors.push(JSON.stringify({ id: 'x', custom_id, response: null, error: end.error }))
        continue
      }
      const { status: status_code = 200, body = completion(`reply to ${textOf(line)}`) } = end
      const answered = {
        status_code,
        request_id: 'r',
        body: typeof body === 'string' ? (JSON.parse(body) as unknown) : body,
      }
      const written = JSON.stringify({ id: 'x', custom_id, response: answered, error: null })
      if (status_code === 200) {
        output.push(written)
        this.paid.set(custom_id, (this.paid.get(custom_id) ?? 0) + 1)
      } else errors.push(written)
    }
    batch.counts = { total: batch.lines.length, completed: output.length, failed: batch.lines.length - output.length }
    batch.outputFileId = this.#file(output)
    batch.errorFileId = this.#file(errors)
  }

  #file(lines: readonly string[]): string | null {
    if (lines.length === 0) return null
    const id = `file-${++this.#ids}`
    this.files.set(id, { name: 'output', text: lines.map((line) => `${line}\n`).join('') })
    return id
  }
}

const over = new Set<Status>(['completed', 'failed', 'expired', 'cancelled'])
const after: Record<Status, Status> = {
  validating: 'in_progress',
  in_progress: 'finalizing',
  finalizing: 'completed',
  completed: 'completed',
  failed: 'failed',
  expired: 'expired',
  cancelled: 'cancelled',
}

function callOf(method: string, path: string): Call | undefined {
  if (method === 'POST' && path === '/v1/files') return 'upload'
  if (method === 'POST' && path === '/v1/batches') return 'create'
  if (method === 'GET' && path === '/v1/batches') return 'list'
  if (method === 'GET' && path.startsWith('/v1/batches/')) return 'look'
  if (method === 'GET' && /^\/v1\/files\/[^/]+\/content$/.test(path)) return 'content'
  return undefined
}

const ok = (value: object) => ({ status: 200, text: JSON.stringify(value) })

function json(response: http.ServerResponse, status: number, body: string | object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

const shown = (batch: FakeBatch) => ({
  id: batch.id,
  object: 'batch',
  endpoint: '/v1/chat/completions',
  completion_window: '24h',
  status: batch.status,
  input_file_id: batch.inputFileId,
  output_file_id: batch.outputFileId,
  error_file_id: batch.errorFileId,
  created_at: batch.createdAt,
  expires_at: batch.createdAt + 86_400,
  request_counts: batch.counts,
  errors: batch.errors,
  metadata: batch.metadata,
})

/** The text of the last message of a request. */
export function textOf({ body }: BatchLine): string {
  const content = body.messages.at(-1)?.content
  if (typeof content === 'string') return content
  const parts = z.array(z.looseObject({ text: z.string().optional() })).parse(content)
  return parts.map(({ text = '' }) => text).join('')
}

/** The batches that an engine's requests wait for. */
export function batchesOf(engine: Pick<Engine, 'waiting'>): readonly BatchState[] {
  const wait = engine.waiting()
  return wait?.kind === 'batches' ? wait.batches : []
}
