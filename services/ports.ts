import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { z } from 'zod'
import { writeWholeFileSync } from '../artifacts/whole-file.ts'
import { HoneError } from '../domain/errors.ts'
import { ensureFolder, homePaths, storageError } from './home.ts'

/** Services that listen, and the variable with which a user fixes the port of each. */
export const portVariables = {
  postgres: 'HONE_POSTGRES_PORT',
  temporal: 'HONE_TEMPORAL_PORT',
  'temporal-ui': 'HONE_TEMPORAL_UI_PORT',
  reward: 'HONE_REWARD_PORT',
  teacher: 'HONE_TEACHER_PORT',
  dashboard: 'HONE_DASHBOARD_PORT',
} as const

/** A service that listens. */
export type PortName = keyof typeof portVariables

const lowestPort = 15_000
const highestPort = 32_000
const releaseMs = 2000

const portNumber = z.coerce.number().int().min(1).max(65535)
const portsFile = z.record(z.string(), z.int().min(1).max(65535))

/**
 * The port on which a service is to listen: the port that its variable asks for, else the port that
 * it had last time if that is free (a job that outlives a restart still finds its server), else a
 * free port, which is remembered in `<home>/ports.json`. Throws PortInUse if the port that was
 * asked for is taken, InvalidInput if it is no port.
 */
export async function choosePort(
  home: string,
  name: PortName,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<number> {
  const variable = portVariables[name]
  const asked = env[variable]
  if (asked !== undefined && asked !== '') {
    const port = portNumber.safeParse(asked)
    if (!port.success) {
      throw new HoneError({
        type: 'InvalidInput',
        message: `${variable} is "${asked}", which is no port.`,
        nextStep: `Set ${variable} to a number from 1 to 65535, or unset it.`,
      })
    }
    if (!(await isFree(port.data))) throw portInUse(port.data, name, variable)
    remember(home, name, port.data)
    return port.data
  }
  const before = rememberedPorts(home)[name]
  if (before !== undefined && (await isFreeWithin(before, releaseMs))) return before
  // Looked up anew each time: services that start side by side choose at the same time.
  const isTaken = (port: number): boolean => Object.values(rememberedPorts(home)).includes(port)
  let port = await freePort()
  for (let tries = 0; isTaken(port) && tries < 20; tries++) port = await freePort()
  remember(home, name, port)
  return port
}

/** Ports that the services of this home had last. */
export function rememberedPorts(home: string): Record<string, number> {
  try {
    return portsFile.parse(JSON.parse(readFileSync(homePaths(home).ports, 'utf8')))
  } catch {
    return {}
  }
}

/**
 * A port of 127.0.0.1 that nobody listens on now. It lies below the range from which systems take
 * ports for outgoing connections (Linux 32768, others 49152): any client may take a port of that
 * range while the port's server restarts.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(lowestPort, highestPort + 1)
    if (await isFree(port)) return port
  }
  throw new HoneError({
    type: 'PortInUse',
    message: `No port from ${lowestPort} to ${highestPort} was free in 100 tries.`,
    nextStep: 'See who holds them (`ss -ltn`), or set the ports of the services by their variables (HONE_…_PORT).',
  })
}

/** Whether a server could listen there. */
export async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** A server that was just killed holds its port until the last of its threads is gone. */
async function isFreeWithin(port: number, ms: number): Promise<boolean> {
  const deadline = Date.now() + ms
  while (!(await isFree(port))) {
    if (Date.now() > deadline) return false
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return true
}

function portInUse(port: number, name: PortName, variable: string): HoneError {
  return new HoneError({
    type: 'PortInUse',
    message: `Port ${port}, asked for by ${variable} for ${name}, is in use, perhaps by another Hone or a service of the system.`,
    nextStep: `See who holds it (\`ss -ltnp 'sport = :${port}'\` or \`lsof -i :${port}\`) and stop it, set ${variable} to another port, or unset it to take a free one.`,
  })
}

function remember(home: string, name: PortName, port: number): void {
  const path = homePaths(home).ports
  ensureFolder(homePaths(home).root)
  try {
    writeWholeFileSync(path, `${JSON.stringify({ ...rememberedPorts(home), [name]: port }, null, 2)}\n`)
  } catch (error) {
    throw storageError(error, path)
  }
}
