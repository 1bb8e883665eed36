import { randomUUID } from 'node:crypto'
import { HoneError } from '../../domain/errors.ts'
import type { Clock } from '../clock.ts'
import type { BatchLimits, ResolvedEndpoint } from '../endpoint.ts'

/** How the batches of an endpoint are made and waited for. */
export interface BatchSettings extends Pick<BatchLimits, 'window' | 'maxRequests' | 'maxBytes'> {
  endpoint: ResolvedEndpoint
  pollMs: number
  /** A batch is closed when no request came for so long. */
  gatherMs: number
  /** The batch API may fail for so long. */
  outageMs: number
  firstPauseMs: number
  /** Batches that may carry a request before it fails. */
  attempts: number
  /** The line of this process, as the holder of batches. */
  holder: string
  clock: Clock
}

// Rows of a step come as fast as the store gives them and their pictures are hashed.
const longestGatherMs = 10_000
const longestFirstPauseMs = 1000

/** Throws InvalidRecipe for an endpoint without the limits of batches. */
export function batchSettings(
  endpoint: ResolvedEndpoint,
  { clock, attempts, outageMs }: Pick<BatchSettings, 'clock' | 'attempts' | 'outageMs'>,
): BatchSettings {
  const { batch } = endpoint
  if (!batch)
    throw new HoneError({
      type: 'InvalidRecipe',
      message: `endpoint "${endpoint.name}" has mode: batch, and no limits of its batches`,
      nextStep: 'add `batch` to the endpoint',
    })
  const { pollSeconds, ...limits } = batch
  const pollMs = pollSeconds * 1000
  return {
    ...limits,
    endpoint,
    pollMs,
    gatherMs: Math.min(longestGatherMs, pollMs),
    outageMs,
    firstPauseMs: Math.min(longestFirstPauseMs, pollMs),
    attempts,
    holder: randomUUID(),
    clock,
  }
}
