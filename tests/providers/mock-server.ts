import http from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import type { Answer, Answering } from './answers.ts'

const request = z.looseObject({
  messages: z.array(
    z.looseObject({ content: z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))]) }),
  ),
})

/** What a behaviour got. */
interface Got {
  answers: readonly Answering[]
  calls: number
  callsOfRow: Map<number, number>
  /** Row that alone meets the answers; null where all rows do. */
  onlyRow: number | null
  others: Answer
  models: readonly string[]
}

/**
 * One HTTP server for all behaviours. A behaviour's address is `/b/<name>/v1`, and it answers the
 * calls of a row in order.
 */
export class MockServer {
  readonly #behaviours = new Map<string, Got>()
  readonly #server = http.createServer((message, response) => void this.#serve(message, response))

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Adds a behaviour. Returns its address, and a count of its calls. */
  add(
    name: string,
    answers: readonly Answering[],
    onlyRow: number | null,
    others: Answer,
    models: readonly string[] = [],
  ) {
    const got: Got = { answers, calls: 0, callsOfRow: new Map(), onlyRow, others, models }
    this.#behaviours.set(name, got)
    return { url: `${this.origin}/b/${name}/v1`, calls: () => got.calls }
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of message) parts.push(part as Buffer)
    const got = this.#behaviours.get(message.url?.split('/')[2] ?? '')
    if (got && message.url?.endsWith('/models'))
      return void response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ object: 'list', data: got.models.map((id) => ({ id, object: 'model' })) }))
    if (!got || !/\/chat\/completions(\?|$)/.test(message.url ?? '')) return void response.writeHead(404).end('{}')
    got.calls++
    const body = request.parse(JSON.parse(Buffer.concat(parts).toString('utf8')))
    const content = body.messages.at(-1)?.content ?? ''
    const words = typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('')
    const row = Number(/row (\d+)/.exec(words)?.[1] ?? 0)
    const call = (got.callsOfRow.get(row) ?? 0) + 1
    got.callsOfRow.set(row, call)
    const isMet = got.onlyRow === null || got.onlyRow === row
    const answering = isMet ? got.answers[Math.min(call, got.answers.length) - 1] : got.others
    if (!answering) return void response.writeHead(500).end()
    await send(
      typeof answering === 'function' ? answering({ row, call, body, headers: message.headers }) : answering,
      response,
    )
  }
}

async function send(answer: Answer, response: ServerResponse): Promise<void> {
  const { status, headers, body = [], pauseMs = 0, after = 'end', raw, closesAfter } = answer
  const { socket } = response
  if (raw !== undefined) return void socket?.end(raw)
  if (status !== undefined) {
    response.writeHead(status, headers)
    response.flushHeaders()
  }
  for (const part of body) {
    response.write(part)
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  if (after === 'silence') return
  // The bytes are on their way before the connection is cut.
  if (after === 'cut') return void setTimeout(() => socket?.destroy(), body.length > 0 ? 5 : 0)
  response.end(() => {
    if (closesAfter === true) socket?.destroy()
  })
}
