import type { JudgeCounts } from '../judge/judge.ts'
import type { Verdict } from '../verdict.ts'
import type { LoopLag } from './loop-lag.ts'
import type { PoolStats } from './pool.ts'

/** Upper bounds of the histogram of request times, in seconds. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const

/** Counters of a reward server since it started. */
export type RewardMetrics = {
  requests: number
  items: number
  verdicts: Record<Verdict, number>
  judge: JudgeCounts
  /** By HTTP status, or `internal`, or `client-gone`. */
  errors: Map<string, number>
  /** Score requests that were answered, by the time they took; one more place than there are bounds. */
  seconds: { counts: number[]; sum: number }
}

/** What the server is at when it is asked for its metrics. */
export type RewardState = { version: string; pool: PoolStats; lag: LoopLag; inFlight: number; heldBytes: number }

export function newRewardMetrics(): RewardMetrics {
  return {
    requests: 0,
    items: 0,
    verdicts: { correct: 0, incorrect: 0, unverifiable: 0 },
    judge: { judged: 0, asked: 0, cached: 0, abstained: 0 },
    errors: new Map(),
    seconds: { counts: Array.from({ length: SECONDS.length + 1 }, () => 0), sum: 0 },
  }
}

export function countError(metrics: RewardMetrics, kind: string): void {
  metrics.errors.set(kind, (metrics.errors.get(kind) ?? 0) + 1)
}

export function addJudged({ judge }: RewardMetrics, counts: JudgeCounts): void {
  for (const name of ['judged', 'asked', 'cached', 'abstained'] as const) judge[name] += counts[name]
}

export function countSeconds({ seconds }: RewardMetrics, taken: number): void {
  const found = SECONDS.findIndex((bound) => taken <= bound)
  const at = found < 0 ? SECONDS.length : found
  seconds.counts[at] = (seconds.counts[at] ?? 0) + 1
  seconds.sum += taken
}

/** One metric: its comment lines and its samples, each a label part (may be empty) and a value. */
function metric(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  samples: readonly (readonly [labels: string, value: number])[],
): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.map(([l, v]) => `${name}${l} ${v}`)]
}

/** Prometheus text format, version 0.0.4. */
export function renderMetrics(
  metrics: RewardMetrics,
  { version, pool, lag, inFlight, heldBytes }: RewardState,
): string {
  const lines = [
    ...metric('hone_reward_info', 'gauge', 'The verifier that scores.', [[`{version="${version}"}`, 1]]),
    ...metric('hone_reward_requests_total', 'counter', 'Score requests received.', [['', metrics.requests]]),
    ...metric('hone_reward_items_total', 'counter', 'Completions scored.', [['', metrics.items]]),
    ...metric(
      'hone_reward_verdicts_total',
      'counter',
      'Completions by verdict.',
      Object.entries(metrics.verdicts).map(([verdict, n]) => [`{verdict="${verdict}"}`, n]),
    ),
    ...renderJudge(metrics),
    ...metric(
      'hone_reward_errors_total',
      'counter',
      'Requests refused or failed, by reason.',
      [...metrics.errors].map(([reason, n]) => [`{reason="${reason}"}`, n]),
    ),
    ...metric(
      'hone_reward_killed_rows_total',
      'counter',
      'Completions given up and answered as unverifiable, by cause.',
      Object.entries(pool.killedRows).map(([cause, n]) => [`{cause="${cause}"}`, n]),
    ),
    ...metric('hone_reward_respawns_total', 'counter', 'Threads started in the place of others.', [
      ['', pool.respawns],
    ]),
    ...metric('hone_reward_threads', 'gauge', 'Threads by state.', [
      ['{state="ready"}', pool.ready],
      ['{state="busy"}', pool.busy],
    ]),
    ...metric('hone_reward_queued_rows', 'gauge', 'Completions that wait for a thread.', [['', pool.queuedRows]]),
    ...metric('hone_reward_requests_in_flight', 'gauge', 'Score requests not answered yet.', [['', inFlight]]),
    ...metric('hone_reward_body_bytes', 'gauge', 'Bytes of bodies that are held.', [['', heldBytes]]),
    ...metric(
      'hone_reward_event_loop_lag_seconds',
      'gauge',
      'How late the event loop was in the last 30 to 60 seconds.',
      [
        ['{quantile="0.5"}', lag.p50],
        ['{quantile="0.99"}', lag.p99],
        ['{quantile="1"}', lag.max],
      ],
    ),
    ...renderSeconds(metrics),
  ]
  return `${lines.join('\n')}\n`
}

function renderJudge({ judge }: RewardMetrics): string[] {
  const counter = (name: string, help: string, count: number): string[] =>
    metric(`hone_reward_judge_${name}_total`, 'counter', help, [['', count]])
  return [
    ...counter('rows', 'Completions that rules left open and the judge was there for.', judge.judged),
    ...counter('asked', 'Of them, those that the judge was asked about.', judge.asked),
    ...counter('cached', 'Of them, those whose reply was known already.', judge.cached),
    ...counter('abstained', 'Of them, those that the judge gave no score.', judge.abstained),
  ]
}

function renderSeconds({ seconds: { counts, sum } }: RewardMetrics): string[] {
  const name = 'hone_reward_request_seconds'
  let below = 0
  const buckets = counts.map((count, at) => {
    below += count
    return `${name}_bucket{le="${SECONDS[at] ?? '+Inf'}"} ${below}`
  })
  return [
    `# HELP ${name} Time from a score request's head to its answer.`,
    `# TYPE ${name} histogram`,
    ...buckets,
    `${name}_sum ${sum}`,
    `${name}_count ${below}`,
  ]
}
