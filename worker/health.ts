import { createServer } from 'node:http'

/** Answers 200 on every path once the worker takes work: how `hone dev` knows. Listens on loopback only. */
export async function startHealthServer(port: number): Promise<() => Promise<void>> {
  const server = createServer((_, response) => response.end('ok\n'))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
}
