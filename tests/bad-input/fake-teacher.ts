import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { completion } from '../models/fake-endpoint.ts'

/** How the teacher treats a question: a status and a body, or no answer at all. */
export interface Treatment {
  status?: number
  headers?: Record<string, string>
  body?: string
  /** Takes the request and never answers. */
  isSilent?: boolean
  /** Closes the connection in the middle. */
  hangsUp?: boolean
}

export const goodReply = completion('<think>I count them.</think> There are three. <answer>3</answer>')

/**
 * An OpenAI-compatible server over real HTTP that lists its model. A question names its treatment:
 * the server searches the whole request for the names of the test's treatments.
 */
export class FakeTeacher {
  readonly treatments = new Map<string, (call: number) => Treatment>()
  /** The answer to every chat request; each question's own where absent. */
  all: Treatment | undefined
  /** The answer to `GET /v1/models`. */
  models: Treatment = { body: JSON.stringify({ data: [{ id: 'fake-model' }] }) }
  readonly calls = new Map<string, number>()
  /** Chat requests so far. */
  asked = 0
  readonly #server = http.createServer((request, response) => void this.#serve(request, response))

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

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (request.method === 'GET') return answer(response, this.models)
    this.asked++
    if (this.all) return answer(response, this.all)
    const text = Buffer.concat(chunks).toString('utf8')
    const name = [...this.treatments.keys()].find((each) => text.includes(`(${each})`)) ?? 'good'
    const call = (this.calls.get(name) ?? 0) + 1
    this.calls.set(name, call)
    return answer(response, this.treatments.get(name)?.(call) ?? { body: goodReply })
  }
}

function answer(response: http.ServerResponse, { status = 200, headers, body = '', ...rest }: Treatment): void {
  if (rest.hangsUp) response.destroy()
  if (rest.hangsUp || rest.isSilent) return
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(body)
}
