import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import type { ResolvedEndpoint } from '../../models/endpoint.ts'

const chatRequest = z.object({
  model: z.string(),
  messages: z.array(
    z.object({
      role: z.string(),
      content: z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))]),
    }),
  ),
  seed: z.number(),
  top_p: z.number().optional(),
})
export type ChatRequest = z.infer<typeof chatRequest>

/** How the fake treats a call. `undefined` gives a good answer. */
export interface Misbehaviour {
  status?: number
  headers?: Record<string, string>
  body?: string
  /** Never answers. */
  hang?: boolean
  /** Cuts the connection. */
  cut?: boolean
}

/** An OpenAI-compatible server over real HTTP whose failures the test chooses call by call. */
export class FakeEndpoint {
  readonly requests: ChatRequest[] = []
  readonly authorizations: (string | undefined)[] = []
  /** The number of calls that the client left before the answer. */
  left = 0
  /** The number of connections that were ever opened. */
  connections = 0
  /** Highest number of calls at one time. */
  peak = 0
  running = 0
  latencyMs = 0
  misbehave: (call: number, request: ChatRequest) => Misbehaviour | undefined = () => undefined
  reply: (request: ChatRequest) => string = (request) => `reply to ${lastText(request)}`
  #server = http.createServer((request, response) => void this.#serve(request, response))
  #port = 0

  async start(port = 0): Promise<this> {
    this.#server = http.createServer((request, response) => void this.#serve(request, response))
    this.#server.on('connection', () => this.connections++)
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as AddressInfo).port
    return this
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/v1`
  }

  get port(): number {
    return this.#port
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
      ...changes,
    }
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const chat = chatRequest.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')))
    this.requests.push(chat)
    this.authorizations.push(request.headers.authorization)
    this.running++
    response.on('close', () => {
      if (!response.writableEnded) this.left++
    })
    this.peak = Math.max(this.peak, this.running)
    const bad = this.misbehave(this.requests.length, chat)
    if (bad?.cut) request.socket.destroy()
    if (!bad?.hang && !bad?.cut) {
      if (!bad && this.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, this.latencyMs))
      response.writeHead(bad?.status ?? 200, { 'content-type': 'application/json', ...bad?.headers })
      response.end(bad ? (bad.body ?? '{"error":{"message":"the fake refuses"}}') : completion(this.reply(chat)))
    }
    this.running--
  }
}

/** The text of the last message without its images. */
export function lastText(request: ChatRequest): string {
  const content = request.messages.at(-1)?.content ?? ''
  return typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('')
}

export function completion(text: string, finishReason = 'stop'): string {
  return JSON.stringify({
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: finishReason }],
    usage: { prompt_tokens: 10, completion_tokens: 5 },
  })
}
