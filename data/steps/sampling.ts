import { z } from 'zod'
import type { Outcome, Row } from '../../domain/rows.ts'
import { RowProblem } from '../../domain/row-problem.ts'
import type { Ask, AskMessage, Reply, Sampling } from '../../models/ask.ts'
import { sampleSeed, subjectOf } from '../shards/seeds.ts'
import { carried, dropped, outcome, replyProblem } from './outcome.ts'

/** Sampling options that steps share. Each step sets its own defaults. */
export const sampling = {
  samples: z.int().min(1).max(256),
  temperature: z.number().min(0).max(2),
  topP: z.number().positive().max(1),
  maxTokens: z.int().positive(),
}

interface TraceRequest {
  row: Row
  ask: Ask
  endpoint: string
  messages: readonly AskMessage[]
  samples: number
  seed: number
  sampling: Omit<Sampling, 'seed'>
}

/**
 * Asks for k traces of one row. Returns one outcome for each, in order. A sample whose request
 * failed is dropped with the reason of the failure. Throws the first failure when all samples
 * failed.
 */
export async function sampleTraces({ row, ask, endpoint, messages, samples, seed, sampling }: TraceRequest) {
  const settled = await Promise.allSettled(
    Array.from({ length: samples }, (_, sampleIndex) =>
      ask({
        endpoint,
        messages,
        sampling: { ...sampling, seed: sampleSeed(seed, subjectOf(row), sampleIndex) },
        sampleIndex,
      }),
    ),
  )
  const failures = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  const fatal = failures.find((error) => !(error instanceof RowProblem))
  if (fatal !== undefined) throw fatal
  if (failures.length === samples) throw failures[0]
  return settled.map((one, index) =>
    one.status === 'fulfilled' ? traceOutcome(row, one.value, index) : failedSample(row, one.reason, index),
  )
}

function traceOutcome(row: Row, reply: Reply, sampleIndex: number): Outcome {
  // The verdict of the row belonged to another trace.
  const changes = { trace: reply.text.trim(), verdict: null, metadata: { ...carried(row.metadata), sampleIndex } }
  return outcome(row, replyProblem(reply, 'empty-trace'), { changes, replies: [reply] })
}

function failedSample(row: Row, error: unknown, sampleIndex: number): Outcome {
  const changes = { trace: null, verdict: null, metadata: { ...carried(row.metadata), sampleIndex } }
  return dropped(row, error instanceof RowProblem ? error.reason : 'failed', { changes })
}
