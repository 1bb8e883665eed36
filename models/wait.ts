import type { BatchState } from './batch/batch-state.ts'
import type { Waiting } from './outage.ts'

/** What requests wait for: servers that are all away, or batches of a provider. */
export type Wait = ({ kind: 'outage' } & Waiting) | { kind: 'batches'; batches: readonly BatchState[] }

const longestSaid = 120

/**
 * A wait as a line, with the times as `timeText` writes them:
 * `waiting for http://…: HTTP 503 …; gives up at 14:32` or
 * `batch batch_1: in_progress, 120 of 500 done; expires at 14:32`.
 */
export function waitText(wait: Wait, timeText: (time: Date) => string): string {
  if (wait.kind === 'batches') return batchesText(wait.batches, timeText)
  const { urls, detail, until } = wait
  const said = detail.length > longestSaid ? `${detail.slice(0, longestSaid)}…` : detail
  return `waiting for ${urls.join(', ')}${said === '' ? '' : `: ${said}`}; gives up at ${timeText(until)}`
}

function batchesText(batches: readonly BatchState[], timeText: (time: Date) => string): string {
  const [first] = batches
  const sum = (count: (batch: BatchState) => number) => batches.reduce((total, batch) => total + count(batch), 0)
  const failed = sum((batch) => batch.failed)
  const counts = `${sum(({ done }) => done)} of ${sum(({ total }) => total)} done${failed > 0 ? `, ${failed} failed` : ''}`
  const expiries = batches.flatMap(({ expires }) => expires ?? []).toSorted((a, b) => a.getTime() - b.getTime())
  const expires = expiries[0] ? `; expires at ${timeText(expiries[0])}` : ''
  if (batches.length === 1 && first) return `batch ${first.batch ?? 'to come'}: ${first.status}, ${counts}${expires}`
  const statuses = [...new Set(batches.map(({ status }) => status))].join(', ')
  return `${batches.length} batches: ${statuses}, ${counts}${expires && expires.replace('expires', 'the first expires')}`
}
