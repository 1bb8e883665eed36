import { lostOf, problemOf, rowsOf, runNow, scaled, spanOf, withSetup } from './bench.ts'
import type { Figures } from './bench.ts'
import type { Scenario } from './scenario.ts'

/**
 * Whether memory grows with the number of rows. Peers that hold all rows in memory run only in
 * `plain`.
 */
export const memory: Scenario = {
  about: '10,000 and 50,000 rows (--full: and 200,000) of pictures under 1 KB, no latency, 64 in flight: peak RSS',
  clients: ['hone'],
  async run(bench, client) {
    const lines: Figures[] = []
    for (const whole of bench.full ? [10_000, 50_000, 200_000] : [10_000, 50_000]) {
      const n = scaled(bench, whole)
      const config = { latencyMs: 0, cap: 64 }
      const line = await withSetup(bench, client, config, async ({ mock, open }) => {
        const rows = await rowsOf(n, 'small')
        const work = await open({ rows, concurrency: 64, pictures: 'small' })
        const run = await runNow(bench, work, mock, { n, limitSeconds: 1800 })
        return {
          rows: n,
          'RSS MB': Math.round(run.ended.peakRssMb),
          'requests/s': Math.round(run.stats.ok / Math.max(0.001, spanOf(run.stats))),
          'CPU ms/req': (run.ended.cpuMs / n).toFixed(2),
          ...(run.server
            ? { 'PG ms/req': (run.server.cpuMs / n).toFixed(2), 'PG MB': Math.round(run.server.peakMb) }
            : {}),
          'disk bytes/row': Math.round(run.diskBytes / n),
          lost: lostOf(run.outcome),
          'span s': spanOf(run.stats).toFixed(1),
          ...problemOf(run),
        }
      })
      lines.push(line)
    }
    return lines
  },
}
