import type { Engine } from '../models/engine.ts'

/**
 * What an activity's requests wait for, for its heartbeats: the servers, what they said, and when
 * the wait is given up. Empty while servers work.
 */
export function waitingDetails(engine: Pick<Engine, 'waiting'>): Record<string, unknown> {
  const waiting = engine.waiting()
  if (!waiting) return {}
  const { urls, detail, since, until } = waiting
  return { waitingFor: urls.join(', '), said: detail, since: since.toISOString(), givesUpAt: until.toISOString() }
}
