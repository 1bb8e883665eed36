import { randomUUID } from 'node:crypto'
import { HoneError, messageOf } from '../../domain/errors.ts'
import { AskFailure } from '../ask.ts'
import { Outage } from '../failures.ts'
import type { StoredReply } from '../reply-store.ts'
import { Scope } from '../scope.ts'
import type { BatchApi } from './batch-api.ts'
import type { BatchAsk } from './batch-ask.ts'
import { BatchRun } from './batch-run.ts'
import type { RunOptions } from './batch-run.ts'
import type { BatchSettings } from './batch-settings.ts'
import type { BatchState } from './batch-state.ts'
import type { BatchStore } from './batch-store.ts'
import { holdSeconds } from './lease.ts'
import { writeRequests } from './request-file.ts'

export interface BatchLineOptions {
  api: BatchApi
  settings: BatchSettings
  onWarning(message: string): void
}

/**
 * Gathers the requests of one endpoint into batches, over all engines of a process that keep their
 * replies in one place. A batch is closed when no request came for a while, or when it is full.
 * Requests that are in an open batch already, of an earlier run or of another process, wait for
 * that batch and are not submitted again.
 */
export class BatchLine {
  readonly #options: BatchLineOptions
  /** Requests without a batch. */
  readonly #waiting = new Map<string, BatchAsk>()
  readonly #runs = new Map<string, BatchRun>()
  /** Requests of one batch; less after the provider had too many. */
  #most: number
  #lastAt = 0
  #pausedUntil = 0
  #cancelTimer: (() => void) | undefined
  #cutting: { ended: Promise<void>; scope: Scope } | undefined

  constructor(options: BatchLineOptions) {
    this.#options = options
    this.#most = options.settings.maxRequests
  }

  /** The batches that are under way. */
  get states(): BatchState[] {
    return [...this.#runs.values()].map(({ state }) => state)
  }

  /**
   * Resolves with the stored reply. Throws AskFailure for a request that cannot be answered,
   * HoneError for an error that hits every row, Outage when the batch API or the store stays away,
   * and the scope's reason. Nothing that only this request needed is under way then.
   */
  async ask(request: Omit<BatchAsk, 'resolve' | 'reject' | 'failures'>, scope: Scope): Promise<StoredReply> {
    scope.check()
    let ask: BatchAsk | undefined
    const answered = new Promise<StoredReply>((resolve, reject) => {
      ask = { ...request, failures: 0, resolve, reject }
      this.#put(ask)
    })
    try {
      return await scope.race(answered)
    } finally {
      answered.catch(() => undefined)
      if (ask) this.#leave(ask)
      await this.#tails()
    }
  }

  #put(ask: BatchAsk): void {
    this.#waiting.set(ask.key, ask)
    this.#lastAt = this.#options.settings.clock.now()
    if (this.#waiting.size >= this.#most) this.#cut()
    else this.#arm()
  }

  #leave(ask: BatchAsk): void {
    if (this.#waiting.get(ask.key) === ask) {
      this.#waiting.delete(ask.key)
      if (this.#waiting.size === 0) this.#cutting?.scope.cancel(new Error('nobody waits for these requests any more'))
    }
    for (const run of this.#runs.values()) run.drop(ask)
    if (this.#waiting.size > 0) return
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  /** Resolves when the work that nobody waits for is over. */
  async #tails(): Promise<void> {
    const tails = [...this.#runs.values()].filter(({ asks }) => asks.size === 0).map(({ ended }) => ended)
    if (this.#waiting.size === 0 && this.#cutting) tails.push(this.#cutting.ended)
    await Promise.all(tails)
  }

  #arm(): void {
    if (this.#cancelTimer || this.#cutting || this.#waiting.size === 0) return
    const { clock, gatherMs } = this.#options.settings
    const now = clock.now()
    const waitMs = Math.max(this.#lastAt + gatherMs, this.#pausedUntil) - now
    this.#cancelTimer = clock.after(Math.max(0, waitMs), () => {
      this.#cancelTimer = undefined
      if (clock.now() < Math.max(this.#lastAt + gatherMs, this.#pausedUntil)) this.#arm()
      else this.#cut()
    })
  }

  #cut(): void {
    if (this.#cutting) return
    const scope = new Scope()
    const ended = this.#join(scope)
      .then(() => this.#open(scope))
      .catch((error: unknown) => this.#fail(error, scope))
      .finally(() => {
        this.#cutting = undefined
        if (this.#waiting.size >= this.#most && this.#options.settings.clock.now() >= this.#pausedUntil) this.#cut()
        else this.#arm()
      })
    this.#cutting = { ended, scope }
  }

  #fail(error: unknown, scope: Scope): void {
    if (scope.reason) return
    const known = error instanceof HoneError || error instanceof Outage
    const told = known ? error : new Outage(`a batch cannot be made: ${messageOf(error)}`, { cause: error })
    const asks = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const ask of asks) ask.reject(told)
  }

  /** Requests that are in open batches wait for these batches. */
  async #join(scope: Scope): Promise<void> {
    const asks = [...this.#waiting.values()]
    const [first] = asks
    if (!first) return
    const open = await first.store.batchOf(asks.map(({ key }) => key))
    scope.check()
    const byBatch = new Map<string, BatchAsk[]>()
    for (const ask of asks) {
      const id = open.get(ask.key)
      if (id !== undefined) byBatch.set(id, [...(byBatch.get(id) ?? []), ask])
    }
    for (const [id, members] of byBatch) {
      const known = this.#runs.get(id)
      // It lets go of its batch first.
      if (known?.isLeft) await known.ended
      const still = this.#taken(members)
      const run = this.#runs.get(id)
      if (run && !run.isLeft) for (const ask of still) run.add(ask)
      else if (still.length > 0) this.#begin({ id, store: first.store, asks: still })
    }
  }

  /** Takes requests out of the line. Those that were given up meanwhile are left out. */
  #taken(asks: readonly BatchAsk[]): BatchAsk[] {
    return asks.filter((ask) => this.#waiting.get(ask.key) === ask && this.#waiting.delete(ask.key))
  }

  /** Makes a batch of the first requests of the line. */
  async #open(scope: Scope): Promise<void> {
    const { api, settings } = this.#options
    const asks = [...this.#waiting.values()].slice(0, this.#most)
    const [first] = asks
    if (!first || settings.clock.now() < this.#pausedUntil) return
    const { store } = first
    const form = { path: api.path, maxBytes: settings.maxBytes, scope }
    let file = await writeRequests(asks, form)
    try {
      for (const { item, error } of file.refused) for (const ask of this.#taken([item])) ask.reject(error)
      if (file.written.length === 0) return await file.remove()
      const { endpoint, holder } = settings
      const batch = { id: randomUUID(), endpoint: endpoint.name, model: endpoint.model, server: api.server }
      const requests = file.written.map(({ request }) => request)
      const claimed = await store.open(batch, requests, { holder, seconds: holdSeconds })
      if (claimed.size < requests.length) {
        // Another process has opened a batch with some of them. They join it in the next round.
        const ours = file.written.filter(({ key }) => claimed.has(key))
        await file.remove()
        if (ours.length === 0) return
        file = await writeRequests(ours, form)
      }
      const record = await store.read(batch.id)
      const still = this.#taken(file.written)
      if (!record || still.length === 0) {
        await store.end(batch.id, { state: 'dissolved', done: 0, failed: 0, detail: null })
        return await file.remove()
      }
      this.#begin({ id: batch.id, store, asks: still, fresh: { record, file } })
    } catch (error) {
      await file.remove()
      throw error
    }
  }

  #begin(batch: { id: string; store: BatchStore; asks: BatchAsk[] } & Pick<RunOptions, 'fresh'>): void {
    const run = new BatchRun({
      ...batch,
      ...this.#options,
      onAgain: (asks, why) => this.#again(asks, why),
      onTooMany: () => this.#tooMany(batch.asks.length),
    })
    this.#runs.set(batch.id, run)
    void this.#forget(run)
  }

  async #forget(run: BatchRun): Promise<void> {
    await run.ended
    if (this.#runs.get(run.id) === run) this.#runs.delete(run.id)
  }

  #again(asks: readonly BatchAsk[], why?: { reason: string; detail: string }): void {
    for (const ask of asks) {
      if (why && ++ask.failures >= this.#options.settings.attempts)
        ask.reject(new AskFailure(why.reason, `${why.detail} (after ${ask.failures} batches)`))
      else this.#put(ask)
    }
  }

  /**
   * Waits before the next batch. While other batches are under way, their ends make room. Without
   * them only a smaller batch has room.
   */
  #tooMany(requests: number): void {
    const { clock, pollMs } = this.#options.settings
    this.#pausedUntil = clock.now() + pollMs
    if ([...this.#runs.values()].some(({ isSubmitted }) => isSubmitted)) return
    this.#most = Math.max(1, Math.min(this.#most, Math.ceil(requests / 2)))
  }
}
