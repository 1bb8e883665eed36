import type { Engine, Usage } from '../../models/engine.ts'
import type { Wait } from '../../models/wait.ts'

/** The state of a run. */
export interface Reading {
  /** Lines of the input that are worked on; 0 while the input is still being read. */
  total: number
  /** Rows that are done, in earlier runs too. */
  done: number
  /** Rows that an earlier run has done. */
  found: number
  /** Rows of the output, by status. */
  kept: number
  dropped: number
  failed: number
  /** Rows that failed or were dropped, by reason. */
  failures: Readonly<Record<string, number>>
  drops: Readonly<Record<string, number>>
  /** Replies of this run that were paid for, and replies that were found again. */
  paid: number
  reused: number
  /** Tokens of what this run paid. */
  promptTokens: number
  completionTokens: number
  /** Replies of this run whose tokens are estimates. */
  estimated: number
  /** Names of the models that answered, as the servers say them, by the name of the endpoint. */
  servedModels: Readonly<Record<string, readonly string[]>>
  /** Cost of all runs on this output; null without prices. */
  cost: number | null
  /** What the requests wait for while a server is away; null while servers work. */
  waiting: Wait | null
}

/** Counts what a run does. */
export interface Progress {
  read(): Reading
  total(rows: number): void
  /** Rows of the input that are done. */
  rows(count: number, outcomes: readonly { status: 'kept' | 'dropped' | 'failed'; reason: string | null }[]): void
  /** A row that an earlier run has done. `failure` says why it failed. */
  found(failure: string | undefined): void
  usage(usage: Usage): void
  cost(amount: number): void
  /** Where to look for what the requests wait for. */
  watch(engine: Pick<Engine, 'waiting'>): void
}

export function createProgress(): Progress {
  const now = {
    total: 0,
    done: 0,
    found: 0,
    kept: 0,
    dropped: 0,
    failed: 0,
    paid: 0,
    reused: 0,
    promptTokens: 0,
    completionTokens: 0,
    estimated: 0,
  }
  let cost: number | null = null
  let watched: Pick<Engine, 'waiting'> | undefined
  const failures: Record<string, number> = {}
  const served = new Map<string, Set<string>>()
  const drops: Record<string, number> = {}
  const count = (reasons: Record<string, number>, reason: string | null): void => {
    const name = reason ?? 'unspecified'
    reasons[name] = (reasons[name] ?? 0) + 1
  }
  return {
    read: () => ({
      ...now,
      failures: { ...failures },
      drops: { ...drops },
      servedModels: Object.fromEntries([...served].map(([endpoint, models]) => [endpoint, [...models].toSorted()])),
      cost,
      waiting: watched?.waiting() ?? null,
    }),
    total(rows) {
      now.total = rows
    },
    rows(rows, outcomes) {
      now.done += rows
      for (const { status, reason } of outcomes) {
        now[status] += 1
        if (status === 'failed') count(failures, reason)
        if (status === 'dropped') count(drops, reason)
      }
    },
    found(failure) {
      now.done += 1
      now.found += 1
      if (failure === undefined) return
      now.failed += 1
      count(failures, failure)
    },
    usage({ endpoint, promptTokens, completionTokens, reused, servedModel, isEstimated }) {
      if (servedModel !== null) served.set(endpoint, (served.get(endpoint) ?? new Set()).add(servedModel))
      if (reused) {
        now.reused += 1
        return
      }
      now.paid += 1
      if (isEstimated) now.estimated += 1
      now.promptTokens += promptTokens
      now.completionTokens += completionTokens
    },
    cost(amount) {
      cost = amount
    },
    watch(engine) {
      watched = engine
    },
  }
}
