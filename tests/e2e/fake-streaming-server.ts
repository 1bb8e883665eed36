import { createHash } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { z } from 'zod'

const asked = z.looseObject({ stream: z.boolean().optional(), stream_options: z.unknown().optional() })

/**
 * An OpenAI-compatible server that answers streams alone, and refuses every other request with 400.
 * It counts the replies that it sent whole, by the content of their requests.
 */
export class FakeStreamingServer {
  /** Whole replies by content. */
  readonly paid = new Map<string, number>()
  /** Requests that did not ask for a stream. */
  refused = 0
  /** Requests that were left before their reply was whole. */
  left = 0
  readonly #held: (() => void)[] = []
  #isHolding = false
  readonly #server = http.createServer((request, response) => void this.#serve(request, response))

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }

  async stop(): Promise<void> {
    this.release()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`
  }

  /** Requests that wait in the middle of their replies. */
  get waiting(): number {
    return this.#held.length
  }

  /** All replies stop in the middle from now on. */
  hold(): void {
    this.#isHolding = true
  }

  /** The replies that stopped go on. */
  release(): void {
    this.#isHolding = false
    for (const go of this.#held.splice(0)) go()
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { stream, stream_options: _, ...content } = asked.parse(await json(request))
    if (stream !== true) {
      this.refused++
      response.writeHead(400, { 'content-type': 'application/json' })
      return void response.end('{"error":{"message":"only stream mode is supported","type":"invalid_request_error"}}')
    }
    response.on('close', () => {
      if (!response.writableEnded) this.left++
    })
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(chunk({ role: 'assistant', reasoning_content: 'I look ' }))
    response.write(chunk({ reasoning_content: 'closely.' }))
    await new Promise((resolve) => setTimeout(resolve, 20))
    if (this.#isHolding) await new Promise<void>((resolve) => this.#held.push(resolve))
    if (response.destroyed) return
    const key = createHash('sha256').update(JSON.stringify(content)).digest('hex')
    this.paid.set(key, (this.paid.get(key) ?? 0) + 1)
    response.write(chunk({ content: 'There are ' }))
    response.write(chunk({ content: '<answer>3</answer>' }))
    response.write(chunk({}, 'stop'))
    const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 }
    response.end(`data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`)
  }
}

const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
