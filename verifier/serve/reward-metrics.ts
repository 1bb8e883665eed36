import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { JudgeCounts } from '../judge/judge.ts'
import type { Verdict } from '../verdict.ts'
import type { PoolStats } from './pool.ts'

/** Upper bounds of the histogram of request times, in seconds. */
const secondsBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
/**
 * How often the event loop is looked at. The delay that Node measures contains this interval; the
 * lag is what goes beyond it. Milliseconds.
 */
const lagResolutionMs = 10

/** The metrics of one reward server since it started. */
export interface RewardMetrics {
  /** Gives all metrics as text in Prometheus' format. */
  registry: Registry
  requests: Counter
  /** Refused and failed requests. The reason is an HTTP status, `internal` or `client-gone`. */
  errors: Counter<'reason'>
  inFlight: Gauge
  seconds: Histogram
  /** Counts completions that rules scored. */
  scored: (verdicts: Readonly<Record<Verdict, number>>) => void
  /** Counts completions that rules left open and a judge was there for. */
  judged: (counts: JudgeCounts) => void
  /** Stops the watch on the event loop. */
  close: () => void
}

/** What the server is doing. It is asked each time when metrics are read. */
export interface RewardState {
  version: string
  pool: () => PoolStats
  heldBytes: () => number
}

/** A registry of its own: two servers of one process do not share counters. */
export function createRewardMetrics(state: RewardState): RewardMetrics {
  const registry = new Registry()
  const registers = [registry]
  const info = new Gauge({
    name: 'hone_reward_info',
    help: 'The verifier that scores.',
    labelNames: ['version'],
    registers,
  })
  info.set({ version: state.version }, 1)
  const requests = new Counter({ name: 'hone_reward_requests_total', help: 'Score requests received.', registers })
  const items = new Counter({ name: 'hone_reward_items_total', help: 'Completions scored.', registers })
  const verdicts = new Counter({
    name: 'hone_reward_verdicts_total',
    help: 'Completions by verdict.',
    labelNames: ['verdict'],
    registers,
  })
  const scored = (counts: Readonly<Record<Verdict, number>>): void => {
    for (const verdict of ['correct', 'incorrect', 'unverifiable'] as const) {
      verdicts.inc({ verdict }, counts[verdict])
      items.inc(counts[verdict])
    }
  }
  // A labelled counter has no sample before its first count. Prometheus wants to see the zeros.
  scored({ correct: 0, incorrect: 0, unverifiable: 0 })
  const errors = new Counter({
    name: 'hone_reward_errors_total',
    help: 'Requests refused or failed, by reason.',
    labelNames: ['reason'],
    registers,
  })
  poolMetrics(registry, state.pool)
  const inFlight = new Gauge({
    name: 'hone_reward_requests_in_flight',
    help: 'Score requests not answered yet.',
    registers,
  })
  registry.registerMetric(
    new Gauge({
      name: 'hone_reward_body_bytes',
      help: 'Bytes of bodies that are held.',
      registers: [],
      collect() {
        this.set(state.heldBytes())
      },
    }),
  )
  const close = watchLoopLag(registry)
  const seconds = new Histogram({
    name: 'hone_reward_request_seconds',
    help: "Time from a score request's head to its answer.",
    buckets: secondsBounds,
    registers,
  })
  return { registry, requests, errors, inFlight, seconds, scored, judged: judgeCounters(registry), close }
}

function judgeCounters(registry: Registry): (counts: JudgeCounts) => void {
  const counter = (name: string, help: string): Counter =>
    new Counter({ name: `hone_reward_judge_${name}_total`, help, registers: [registry] })
  const rows = counter('rows', 'Completions that rules left open and the judge was there for.')
  const asked = counter('asked', 'Completions among those rows that the judge was asked about.')
  const cached = counter('cached', 'Completions among those rows whose reply was known already.')
  const abstained = counter('abstained', 'Completions among those rows that the judge gave no score.')
  return (counts) => {
    rows.inc(counts.judged)
    asked.inc(counts.asked)
    cached.inc(counts.cached)
    abstained.inc(counts.abstained)
  }
}

/** The pool counts for itself: its numbers are copied when metrics are read. */
function poolMetrics(registry: Registry, stats: () => PoolStats): void {
  registry.registerMetric(
    new Counter({
      name: 'hone_reward_killed_rows_total',
      help: 'Completions given up and answered as unverifiable, by cause.',
      labelNames: ['cause'],
      registers: [],
      collect() {
        this.reset()
        for (const [cause, rows] of Object.entries(stats().killedRows)) this.inc({ cause }, rows)
      },
    }),
  )
  registry.registerMetric(
    new Counter({
      name: 'hone_reward_respawns_total',
      help: 'Threads started to replace others.',
      registers: [],
      collect() {
        this.reset()
        this.inc(stats().respawns)
      },
    }),
  )
  registry.registerMetric(
    new Gauge({
      name: 'hone_reward_threads',
      help: 'Threads by state.',
      labelNames: ['state'],
      registers: [],
      collect() {
        const { ready, busy } = stats()
        this.set({ state: 'ready' }, ready)
        this.set({ state: 'busy' }, busy)
      },
    }),
  )
  registry.registerMetric(
    new Gauge({
      name: 'hone_reward_queued_rows',
      help: 'Completions that wait for a thread.',
      registers: [],
      collect() {
        this.set(stats().queuedRows)
      },
    }),
  )
}

/**
 * Watches how late the event loop of this process is, without keeping the process alive. A reading
 * covers the time since the last one, as prom-client's own `nodejs_eventloop_lag_*` do. Those are
 * not used: they have other names, and count the interval of looking as lag.
 */
function watchLoopLag(registry: Registry): () => void {
  const histogram = monitorEventLoopDelay({ resolution: lagResolutionMs })
  histogram.enable()
  const lag = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - lagResolutionMs / 1e3)
  registry.registerMetric(
    new Gauge({
      name: 'hone_reward_event_loop_lag_seconds',
      help: 'How late the event loop was since metrics were last read.',
      labelNames: ['quantile'],
      registers: [],
      collect() {
        this.set({ quantile: '0.5' }, lag(histogram.percentile(50)))
        this.set({ quantile: '0.99' }, lag(histogram.percentile(99)))
        this.set({ quantile: '1' }, lag(histogram.max))
        histogram.reset()
      },
    }),
  )
  return () => void histogram.disable()
}
