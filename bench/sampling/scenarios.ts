import { kill, flap } from './scenario-breaks.ts'
import { edit, rounds, warm } from './scenario-reuse.ts'
import { errors, permanent } from './scenario-errors.ts'
import { memory } from './scenario-memory.ts'
import { rowsOf, runNow, scaled, usualFigures, withSetup } from './bench.ts'
import { clientNames } from './clients.ts'
import type { ClientName } from './clients.ts'
import type { MockConfig } from './mock-types.ts'
import type { Scenario } from './scenario.ts'

interface Load {
  about: string
  n: number
  concurrency: number
  mock: MockConfig & { latencyMs: number; cap: number }
  clients?: readonly ClientName[]
}

/** N requests at full speed. Ideal time: all work of the mock ÷ its capacity. */
const load = ({ about, n: whole, concurrency, mock: config, clients = clientNames }: Load): Scenario => ({
  about,
  clients,
  async run(bench, client) {
    const n = scaled(bench, whole)
    return withSetup(bench, client, config, async ({ mock, open }) => {
      const work = await open({ rows: await rowsOf(n), concurrency })
      const run = await runNow(bench, work, mock, { n, limitSeconds: 300 })
      const slow = config.stragglers ? run.stats.workMs / n : config.latencyMs
      return [usualFigures(run, (n * slow) / 1000 / config.cap)]
    })
  },
})

const keepers = ['hone', 'curator', 'data-designer', 'distilabel'] as const

export const scenarios: Readonly<Record<string, Scenario>> = {
  plain: load({
    about: '2,000 pictures, 0.2 s, 64 in flight, capacity 64: ideal 6.25 s',
    n: 2000,
    concurrency: 64,
    mock: { latencyMs: 200, cap: 64 },
  }),
  wide: load({
    about: '4,000 pictures, 0.8 s, 256 in flight, capacity 256 (320 requests/s as in plain): ideal 12.5 s',
    n: 4000,
    concurrency: 256,
    mock: { latencyMs: 800, cap: 256 },
    clients: ['hone', 'fetch', 'aiohttp', 'curator', 'data-designer'],
  }),
  long: load({
    about: '10,000 pictures, 0.2 s, 64 in flight, capacity 64: ideal 31.25 s',
    n: 10_000,
    concurrency: 64,
    mock: { latencyMs: 200, cap: 64 },
    clients: ['hone', 'fetch', 'aiohttp', 'curator'],
  }),
  reject: load({
    about: '1,000 pictures, 64 in flight, 429 and Retry-After 1 above 32: ideal 6.25 s',
    n: 1000,
    concurrency: 64,
    mock: { latencyMs: 200, cap: 32, overload: 'reject' },
    clients: keepers,
  }),
  stragglers: load({
    about: '2,000 pictures as in plain, 5 % of them take 2 s: ideal is all latency ÷ 64, about 9 s',
    n: 2000,
    concurrency: 64,
    mock: { latencyMs: 200, cap: 64, stragglers: { share: 0.05, factor: 10 } },
  }),
  flap,
  kill,
  warm,
  edit,
  permanent,
  errors,
  memory,
  rounds,
}
