import http from 'node:http'
import type { AddressInfo } from 'node:net'

/** The front's reaction to one request. `undefined` passes the request to the real server. */
export interface FrontFault {
  status?: number
  headers?: Record<string, string>
  body?: string
  /** Never answers. */
  hang?: boolean
  /** Sends a byte now and then, and never ends. */
  drip?: boolean
  /** Closes the connection. */
  cut?: boolean
}

/** A front of a reward server that spoils the replies that the test chooses. */
export class FakeFront {
  readonly bodies: { items: { id: string }[] }[] = []
  fault: (request: number) => FrontFault | undefined = () => undefined
  readonly #behind: string
  readonly #server = http.createServer((request, response) => void this.#serve(request, response))

  constructor(behind: string) {
    this.#behind = behind
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString('utf8')
    this.bodies.push(JSON.parse(body) as { items: { id: string }[] })
    const fault = this.fault(this.bodies.length)
    if (fault?.hang) return
    if (fault?.cut) {
      request.socket.destroy()
      return
    }
    if (fault?.drip) {
      response.writeHead(200, { 'content-type': 'application/json' })
      const timer = setInterval(() => response.write(' '), 50)
      response.on('close', () => clearInterval(timer))
      return
    }
    if (fault) {
      response.writeHead(fault.status ?? 200, fault.headers)
      response.end(fault.body ?? '')
      return
    }
    const { authorization } = request.headers
    const headers = { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) }
    const reply = await fetch(`${this.#behind}${request.url ?? ''}`, { method: 'POST', headers, body })
    response.writeHead(reply.status, { 'content-type': 'application/json' })
    response.end(await reply.text())
  }
}
