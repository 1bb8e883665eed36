import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { bringUpPostgres } from '../../services/postgres.ts'
import type { Postgres } from '../../services/postgres.ts'
import { runningServices } from '../../services/processes.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where test files ask for a shared server: see tests/world/postgres.ts and tests/world/temporal.ts. */
    world: string
  }
}

/**
 * The servers that test files share, one set a run. Nothing is started until a file asks: the main process listens,
 * brings a server up on the first question, and ends all of them when the run is over.
 */
export default function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = mkdtempSync(join(tmpdir(), 'hone-world-'))
  // Where root runs the tests, PostgreSQL runs as another user, who must reach it.
  chmodSync(home, 0o755)
  const guards: ChildProcess[] = []
  let postgres: Promise<Postgres> | null = null

  const answers: Record<string, () => Promise<object>> = {
    '/postgres': async () => {
      postgres ??= bringUpPostgres({ home, durability: 'fast', anyPort: true, env: {} }).then((server) => {
        guards.push(guard(home, 'postgres', 'INT'))
        return server
      })
      return { url: (await postgres).url }
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
    await postgres?.then((running) => running.stop()).catch(() => {})
    for (const child of guards) child.kill('SIGKILL')
    rmSync(home, { recursive: true, force: true })
  }
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      project.provide('world', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      resolve(teardown)
    })
  })
}

/**
 * A run that is killed cannot tear down. This small shell holds a pipe from us: when the pipe closes, however we
 * ended, it ends the server.
 */
function guard(home: string, name: string, signal: string): ChildProcess {
  const pid = runningServices(home).find((record) => record.name === name)?.identity.pid
  if (pid === undefined) throw new Error(`${name} has no record`)
  const script = `cat >/dev/null; kill -${signal} -- -${pid} 2>/dev/null; sleep 3; kill -KILL -- -${pid} 2>/dev/null; rm -rf "${home}"`
  return spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
}
