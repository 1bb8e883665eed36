import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { choosePort, freePort } from '../../services/ports.ts'
import { temporaryHome } from '../world/home.ts'

async function listen(port: number = 0): Promise<number> {
  const server: Server = createServer()
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

test('a service gets its last port back, or another port if that port is in use', async () => {
  const home = temporaryHome()
  const first = await choosePort(home, 'reward', {})
  expect(await choosePort(home, 'reward', {})).toBe(first)
  expect(await choosePort(home, 'teacher', {})).not.toBe(first)
  await listen(first)
  const second = await choosePort(home, 'reward', {})
  expect(second).not.toBe(first)
  expect(await choosePort(home, 'reward', {})).toBe(second)
})

test('a service waits for a port that its dying server still holds for a moment', async () => {
  const home = temporaryHome()
  const first = await choosePort(home, 'reward', {})
  const dying = createServer()
  await new Promise<void>((resolve) => dying.listen(first, '127.0.0.1', resolve))
  setTimeout(() => dying.close(), 300)
  expect(await choosePort(home, 'reward', {})).toBe(first)
})

test('ports are below the ports that systems give to outgoing connections', async () => {
  for (let i = 0; i < 20; i++) expect(await freePort()).toBeLessThan(32_768)
})

test('a wanted port that is in use is an error with port, variable and fix', async () => {
  const taken = await listen()
  await expect(choosePort(temporaryHome(), 'temporal', { HONE_TEMPORAL_PORT: String(taken) })).rejects.toMatchObject({
    type: 'PortInUse',
    message: expect.stringContaining(`Port ${taken}, asked for by HONE_TEMPORAL_PORT`),
    nextStep: expect.stringContaining('ss -ltnp'),
  })
  await expect(choosePort(temporaryHome(), 'temporal', { HONE_TEMPORAL_PORT: '7x' })).rejects.toThrow(
    'which is no port',
  )
})
