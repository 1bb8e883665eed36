import { setTimeout as sleep } from 'node:timers/promises'
import { lostOf, problemOf, rowsOf, runNow, scaled, spanOf, usualFigures, withSetup } from './bench.ts'
import type { MockStats } from './mock-types.ts'
import type { Scenario } from './scenario.ts'

const latencyMs = 200
const cap = 64

/**
 * Seconds from `upAt` until a second reaches nine tenths of the rate before the outage, or null.
 */
function secondsToFullRate({ buckets, bucketMs, firstAt }: MockStats, downAt: number, upAt: number): number | null {
  const pieces = 1000 / bucketMs
  const sum = (from: number, to: number) => buckets.slice(from, to).reduce((total, count) => total + count, 0)
  // The load still rises in the first second, so that second is left out.
  const until = Math.floor((downAt - firstAt) / bucketMs)
  const full = (0.9 * pieces * sum(pieces, until)) / Math.max(1, until - pieces)
  for (let at = Math.max(0, Math.ceil((upAt - firstAt) / bucketMs)); at + pieces <= buckets.length; at++)
    if (sum(at, at + pieces) >= full) return Math.max(0, (firstAt + at * bucketMs - upAt) / 1000)
  return null
}

/** Seconds from `since` until the first interval with a good reply, or null. */
function secondsToFirst({ buckets, bucketMs, firstAt }: MockStats, since: number): number | null {
  const from = Math.max(0, Math.ceil((since - firstAt) / bucketMs))
  const at = buckets.findIndex((count, index) => index >= from && count > 0)
  return at < 0 ? null : Math.max(0, (firstAt + at * bucketMs - since) / 1000)
}

/** In the middle of the run the mock refuses connections and cuts the existing connections. */
export const flap: Scenario = {
  about: '8,000 pictures as in plain; after half of them 30 s of refused connections: ideal 25 s + 30 s',
  clients: ['hone', 'curator', 'data-designer'],
  async run(bench, client) {
    const n = scaled(bench, 8000)
    const downSeconds = Math.max(3, Math.min(30, 30 * bench.scale))
    return withSetup(bench, client, { latencyMs, cap }, async ({ mock, open }) => {
      const work = await open({ rows: await rowsOf(n), concurrency: cap })
      let downAt = 0
      const run = await runNow(bench, work, mock, {
        n,
        limitSeconds: 300,
        during: async (_, { ok }) => {
          if (ok < n / 2) return false
          downAt = Date.now()
          await mock.down(downSeconds * 1000)
          return true
        },
      })
      const ideal = (n * latencyMs) / 1000 / cap + downSeconds
      const upAt = downAt + downSeconds * 1000
      const back = secondsToFullRate(run.stats, downAt, upAt)
      const { 'span s': span, '× ideal': ratio, 'RSS MB': rss } = usualFigures(run, ideal)
      return [
        {
          'span s': span ?? '',
          '× ideal': ratio ?? '',
          'RSS MB': rss ?? '',
          'down s': downSeconds,
          'first reply after s': secondsToFirst(run.stats, upAt) ?? 'never',
          'full rate after s': back ?? 'never',
          lost: lostOf(run.outcome),
          reasons: reasonsOf(run.outcome.lost),
          'paid again': run.stats.paidAgain,
          ...problemOf(run),
        },
      ]
    })
  },
}

export const reasonsOf = (lost: Record<string, number>): string =>
  Object.entries(lost)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ') || '–'

/**
 * kill -9 of the client and all its descendants after half of the replies, then the same command
 * again.
 */
export const kill: Scenario = {
  about: '2,000 pictures as in plain; kill -9 at 50 %, then the same command again (at most 90 s)',
  clients: ['hone', 'curator', 'data-designer', 'distilabel'],
  async run(bench, client) {
    const n = scaled(bench, 2000)
    return withSetup(bench, client, { latencyMs, cap }, async ({ mock, open }) => {
      const work = await open({ rows: await rowsOf(n), concurrency: cap })
      let inFlight = 0
      const first = await runNow(bench, work, mock, {
        n,
        limitSeconds: 120,
        during: async (watched, { ok, inFlight: now }) => {
          if (ok < n / 2) return false
          watched.kill()
          inFlight = now
          return Promise.resolve(true)
        },
      })
      const keptBefore = first.outcome.kept
      await sleep(1000)
      const before = await mock.stats()
      const stored = await work.storedReplies()
      await mock.mark()
      const second = await runNow(bench, work, mock, { n, limitSeconds: 90 })
      const { markedFirstAt } = second.stats
      const startUp = second.outcome.report?.readyAt
      const firstAfter = markedFirstAt === 0 ? null : (markedFirstAt - second.spawnedAt) / 1000
      const startUpSeconds = startUp === undefined ? null : (startUp - second.spawnedAt) / 1000
      return [
        {
          'in flight at kill': inFlight,
          'rows in store at kill': client === 'hone' ? keptBefore : '',
          'sent, reply not stored': stored === null ? '' : before.requests - stored,
          'paid again': second.stats.paidAgain - before.paidAgain,
          'first request after s': firstAfter?.toFixed(2) ?? 'none',
          'of it start-up s': startUpSeconds?.toFixed(2) ?? '',
          kept: second.outcome.kept,
          lost: lostOf(second.outcome),
          twice: second.outcome.twice,
          'span of both s': spanOf(second.stats).toFixed(1),
          ...problemOf(second),
        },
      ]
    })
  },
}
