import type { ResolvedEndpoint } from '../endpoint.ts'
import { createBatchApi } from './batch-api.ts'
import type { BatchApiOptions } from './batch-api.ts'
import { BatchLine } from './batch-line.ts'
import { batchSettings } from './batch-settings.ts'
import type { BatchSettings } from './batch-settings.ts'

interface LineOptions
  extends Omit<BatchApiOptions, 'endpoint'>, Pick<BatchSettings, 'clock' | 'attempts' | 'outageMs'> {
  onWarning(message: string): void
}

const lines = new WeakMap<object, Map<string, BatchLine>>()

/**
 * The line of an endpoint, shared by all engines of the process that keep their replies in `place`:
 * shards and campaigns that ask the same server in the same way share its batches.
 */
export function batchLineOf(place: object, endpoint: ResolvedEndpoint, options: LineOptions): BatchLine {
  const ofPlace = lines.get(place) ?? new Map<string, BatchLine>()
  lines.set(place, ofPlace)
  // The limits of calls at one time and their times mean nothing to a batch.
  const { concurrency: _concurrency, hedge: _hedge, body: _body, omit: _omit, ...identity } = endpoint
  const key = JSON.stringify(identity)
  let line = ofPlace.get(key)
  if (!line) {
    const settings = batchSettings(endpoint, options)
    const api = createBatchApi({ ...options, endpoint })
    line = new BatchLine({ api, settings, onWarning: (message) => options.onWarning(message) })
    ofPlace.set(key, line)
  }
  return line
}
