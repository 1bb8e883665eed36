import http from 'node:http'
import net from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Proxied {
  url: string
  port: number
  connections: number
  /** The hosts of tunnels, and the URLs of plain requests, as they were asked for. */
  asked: string[]
  /** The passwords that came with them. */
  authorizations: (string | undefined)[]
}

/**
 * A proxy that brings each host to one port of this machine, so that a test may use names that do
 * not exist. It tunnels CONNECT and passes plain requests on. `refuse` gives a status to answer
 * with instead.
 */
export async function proxyTo(port: number, refuse?: number): Promise<Proxied> {
  const proxied: Proxied = { url: '', port: 0, connections: 0, asked: [], authorizations: [] }
  const sockets = new Set<Socket>()
  const note = (what: string, request: http.IncomingMessage) => {
    proxied.asked.push(what)
    proxied.authorizations.push(request.headers['proxy-authorization'])
  }
  const server = http.createServer((request, response) => {
    note(request.url ?? '', request)
    if (refuse !== undefined) return response.writeHead(refuse).end('refused by the proxy')
    const { pathname, search } = new URL(request.url ?? '')
    const { method = 'GET', headers } = request
    const onwards = http.request(
      { host: '127.0.0.1', port, path: `${pathname}${search}`, method, headers },
      (reply) => {
        response.writeHead(reply.statusCode ?? 0, reply.headers)
        reply.pipe(response)
      },
    )
    request.pipe(onwards)
    return response
  })
  server.on('connect', (request, socket: Socket) => {
    note(request.url ?? '', request)
    socket.on('error', () => undefined)
    if (refuse !== undefined) return socket.end(`HTTP/1.1 ${refuse} Refused\r\ncontent-length: 7\r\n\r\nrefused`)
    const tunnel = net.connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      tunnel.pipe(socket)
      socket.pipe(tunnel)
    })
    tunnel.on('error', () => socket.destroy())
    sockets.add(tunnel)
    return tunnel
  })
  server.on('connection', (socket) => {
    proxied.connections++
    sockets.add(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  proxied.port = (server.address() as AddressInfo).port
  proxied.url = `http://127.0.0.1:${proxied.port}`
  return proxied
}
