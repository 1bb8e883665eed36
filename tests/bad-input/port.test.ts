import { readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { homePaths } from '../../services/home.ts'
import { runningServices } from '../../services/processes.ts'
import { temporaryHome } from '../world/home.ts'
import { honeProcess } from './hone-process.ts'

it('hone dev on a port that is in use names port, variable and fix, and leaves nothing running', async () => {
  const squatter = createServer()
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void squatter.close())
  const { port } = squatter.address() as AddressInfo
  const home = temporaryHome()
  const { code, err } = await honeProcess(['dev'], { home, env: { HONE_POSTGRES_PORT: String(port) } })
  expect(code).toBe(1)
  expect(err).toContain(`Port ${port}, asked for by HONE_POSTGRES_PORT for postgres, is in use`)
  expect(err).toMatch(/→ See who holds it .* set HONE_POSTGRES_PORT to another port, or unset it to take a free one/)
  expect(runningServices(home)).toEqual([])
  // The token is kept: the reward server may have started beside PostgreSQL.
  expect(readdirSync(homePaths(home).services).filter((name) => name !== 'reward-token')).toEqual([])
})

it('hone dev with a value that is not a port says so', async () => {
  const { code, err } = await honeProcess(['dev'], { home: temporaryHome(), env: { HONE_POSTGRES_PORT: 'http' } })
  expect(code).toBe(2)
  expect(err).toContain('HONE_POSTGRES_PORT is "http", which is no port.')
})
