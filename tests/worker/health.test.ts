import { expect, it } from 'vitest'
import { freePort } from '../../services/ports.ts'
import { startHealthServer } from '../../worker/health.ts'

it('answers on every path and by every method, and frees its port though a connection is kept', async () => {
  const port = await freePort()
  const close = await startHealthServer(port)
  for (const [method, path] of [
    ['GET', ''],
    ['GET', 'any/path'],
    ['POST', 'any?query'],
  ] as const) {
    const response = await fetch(`http://127.0.0.1:${port}/${path}`, { method })
    expect([response.status, await response.text()]).toEqual([200, 'ok\n'])
  }
  await expect(startHealthServer(port)).rejects.toThrow('EADDRINUSE')
  await close()
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed')
})
