import { once } from 'node:events'
import { z } from 'zod'
import { nodeEntry } from '../../services/node-process.ts'
import { mockRows, mockStats } from './mock-types.ts'
import type { MockConfig, MockRows, MockStats } from './mock-types.ts'
import { endProcess, startProcess } from './processes.ts'

export interface Mock {
  /** Ends in /v1. */
  baseUrl: string
  stats(): Promise<MockStats>
  rows(): Promise<MockRows>
  reset(): Promise<void>
  /** The next request counts as the first again, for `markedFirstAt`. */
  mark(): Promise<void>
  /** Refuses connections for this long and cuts the existing connections. */
  down(ms: number): Promise<void>
  end(): Promise<void>
}

const ports = z.object({ port: z.number(), control: z.number() })

export async function startMock(config: MockConfig): Promise<Mock> {
  const { command, args } = nodeEntry('bench/sampling/mock')
  const child = startProcess({ command, args: [...args, JSON.stringify(config)] }, 'ports')
  if (!child.stdout) throw new TypeError('the mock has no output')
  const [line] = await once(child.stdout, 'data')
  const { port, control } = ports.parse(JSON.parse(String(line)))
  const call = async (path: string, method = 'GET'): Promise<unknown> =>
    (await fetch(`http://127.0.0.1:${control}${path}`, { method })).json()
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    stats: async () => mockStats.parse(await call('/stats')),
    rows: async () => mockRows.parse(await call('/rows')),
    reset: async () => void (await call('/reset', 'POST')),
    mark: async () => void (await call('/mark', 'POST')),
    down: async (ms) => void (await call(`/down?ms=${ms}`, 'POST')),
    end: () => endProcess(child),
  }
}
