import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { describeError } from '../../domain/errors.ts'
import { honeCache } from '../../services/home.ts'
import { bringUpPostgres } from '../../services/postgres.ts'
import { createProgress } from '../../services/progress.ts'
import { bringUpPython } from '../../services/python.ts'
import { findTemporalBinary, obtainTemporalBinary } from '../../services/temporal-binary.ts'
import type { Postgres } from '../../services/postgres.ts'
import { runningServices } from '../../services/processes.ts'
import { bringUpTemporal } from '../../services/temporal.ts'
import type { Temporal } from '../../services/temporal.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /**
     * The address at which test files ask for a shared server: see tests/world/postgres.ts and
     * tests/world/temporal.ts.
     */
    world: string
  }
}

/**
 * On a new machine this gets a Temporal CLI and makes the trainer's environment (minutes), because
 * no test's time limit runs here. If a part is not available, the tests that need it report that.
 */
async function prepare(): Promise<void> {
  const progress = createProgress()
  const cache = honeCache()
  const tell = (error: unknown) => process.stderr.write(`${describeError(error)}\n`)
  if (findTemporalBinary(cache) === null) {
    progress.start('Temporal CLI, once')
    await obtainTemporalBinary({ cache, progress }).then(() => progress.done(), tell)
  }
  await bringUpPython({ cache, progress }).catch(tell)
}

/**
 * The servers that test files share, one set for each run. The main process listens, starts a
 * server at the first request for it, and ends all servers when the run is over.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await prepare()
  let made: string | null = null
  const home = (): string => {
    made ??= mkdtempSync(join(tmpdir(), 'hone-world-'))
    // When root runs the tests, PostgreSQL runs as another user, who must reach the folder.
    chmodSync(made, 0o755)
    return made
  }
  const guards: ChildProcess[] = []
  let postgres: Promise<Postgres> | null = null
  let temporal: Promise<Temporal> | null = null
  // Namespaces are made together with the server, because a later namespace is visible only after
  // seconds. Each file that asks gets one.
  const namespaces = Array.from({ length: 48 }, (_, index) => `test-${index + 1}`)
  const unused = [...namespaces]

  const answers: Record<string, () => Promise<object>> = {
    '/postgres': async () => {
      postgres ??= bringUpPostgres({ home: home(), durability: 'fast', anyPort: true, env: {} }).then((server) => {
        guards.push(guard(home(), 'postgres', 'INT'))
        return server
      })
      return { url: (await postgres).url }
    },
    '/temporal': async () => {
      const namespace = unused.shift()
      if (namespace === undefined) throw new Error(`All ${namespaces.length} test namespaces are taken: add some here.`)
      const env = {
        ...process.env,
        TEMPORAL_ADDRESS: undefined,
        TEMPORAL_PROFILE: undefined,
        TEMPORAL_CONFIG_FILE: undefined,
      }
      temporal ??= bringUpTemporal({ home: home(), anyPort: true, inMemory: true, namespaces, env }).then((server) => {
        guards.push(guard(home(), 'temporal', 'TERM'))
        return server
      })
      const { address, uiUrl } = await temporal
      return { address, uiUrl, namespace }
    },
  }
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? '']
    if (!answer) return response.writeHead(404).end()
    answer().then(
      (body) => response.end(JSON.stringify(body)),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    )
    return undefined
  })
  const teardown = async (): Promise<void> => {
    server.close()
    server.closeAllConnections()
    const servers = await Promise.allSettled([postgres, temporal])
    for (const server of servers) if (server.status === 'fulfilled') await server.value?.stop()
    for (const child of guards) child.kill('SIGKILL')
    if (made !== null) rmSync(made, { recursive: true, force: true })
  }
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      project.provide('world', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      resolve(teardown)
    })
  })
}

/**
 * A killed run cannot tear down its servers. This small shell holds a pipe from us. When the pipe
 * closes, for any reason, the shell ends the server.
 */
function guard(home: string, name: string, signal: string): ChildProcess {
  const pid = runningServices(home).find((record) => record.name === name)?.identity.pid
  if (pid === undefined) throw new Error(`${name} has no record`)
  const script = `cat >/dev/null; kill -${signal} -${pid} 2>/dev/null; sleep 3; kill -KILL -${pid} 2>/dev/null; rm -rf "${home}"`
  return spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
}
