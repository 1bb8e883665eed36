import { serve } from '@hono/node-server'
import { Hono } from 'hono'

/**
 * Answers 200 on every path once the worker takes work: how `hone dev` knows. Listens on loopback
 * only.
 */
export async function startHealthServer(port: number): Promise<() => Promise<void>> {
  const { fetch } = new Hono().all('*', (context) => context.text('ok\n'))
  const server = await new Promise<ReturnType<typeof serve>>((resolve, reject) => {
    const starting = serve({ fetch, port, hostname: '127.0.0.1' }, () => resolve(starting))
    starting.once('error', reject)
  })
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      if ('closeAllConnections' in server) server.closeAllConnections()
    })
}
