import type { Verdict } from './verdict.ts'

/** Counters of a reward server since it started. */
export type RewardMetrics = {
  requests: number
  items: number
  verdicts: Record<Verdict, number>
  /** By HTTP status or `internal`. */
  errors: Map<string, number>
}

export function newRewardMetrics(): RewardMetrics {
  return { requests: 0, items: 0, verdicts: { correct: 0, incorrect: 0, unverifiable: 0 }, errors: new Map() }
}

export function countError(metrics: RewardMetrics, kind: string): void {
  metrics.errors.set(kind, (metrics.errors.get(kind) ?? 0) + 1)
}

/** Prometheus text format, version 0.0.4. */
export function renderMetrics(metrics: RewardMetrics, version: string): string {
  const lines = [
    '# HELP hone_reward_info The verifier that scores.',
    '# TYPE hone_reward_info gauge',
    `hone_reward_info{version="${version}"} 1`,
    '# HELP hone_reward_requests_total Score requests received.',
    '# TYPE hone_reward_requests_total counter',
    `hone_reward_requests_total ${metrics.requests}`,
    '# HELP hone_reward_items_total Completions scored.',
    '# TYPE hone_reward_items_total counter',
    `hone_reward_items_total ${metrics.items}`,
    '# HELP hone_reward_verdicts_total Completions by verdict.',
    '# TYPE hone_reward_verdicts_total counter',
    ...Object.entries(metrics.verdicts).map(([v, n]) => `hone_reward_verdicts_total{verdict="${v}"} ${n}`),
    '# HELP hone_reward_errors_total Requests refused or failed, by reason.',
    '# TYPE hone_reward_errors_total counter',
    ...[...metrics.errors].map(([reason, n]) => `hone_reward_errors_total{reason="${reason}"} ${n}`),
  ]
  return `${lines.join('\n')}\n`
}
