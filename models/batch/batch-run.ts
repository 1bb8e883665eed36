import { HoneError, messageOf } from '../../domain/errors.ts'
import { redactedCut } from '../../domain/redact.ts'
import { Outage } from '../failures.ts'
import type { Waiting } from '../outage.ts'
import type { StoredReply } from '../reply-store.ts'
import { Scope, sleep } from '../scope.ts'
import { isOver, untilOver, wholeFiles } from './await-batch.ts'
import type { BatchApi } from './batch-api.ts'
import type { BatchAsk } from './batch-ask.ts'
import type { BatchState } from './batch-state.ts'
import type { BatchEnd, BatchRecord, BatchStore } from './batch-store.ts'
import { collect, everyonesRefusal } from './collect.ts'
import type { Collected } from './collect.ts'
import { HeldElsewhere, holdSeconds, keepLease } from './lease.ts'
import type { Lease } from './lease.ts'
import type { BatchSettings } from './batch-settings.ts'
import { patiently } from './patience.ts'
import type { Patience } from './patience.ts'
import type { ProviderBatch } from './provider-batch.ts'
import type { RequestFile } from './request-file.ts'
import { submit } from './submit.ts'

/** What a run tells the line that began it. */
export interface RunEvents {
  /** Requests that go into another batch. `why` counts against them; without it they are free. */
  onAgain(asks: readonly BatchAsk[], why?: { reason: string; detail: string }): void
  /** The provider has too many requests of this account. */
  onTooMany(): void
  onWarning(message: string): void
}

export interface RunOptions extends RunEvents {
  id: string
  store: BatchStore
  api: BatchApi
  settings: BatchSettings
  asks: readonly BatchAsk[]
  /** The record and the file of a batch that this process has just opened. */
  fresh?: { record: BatchRecord; file: RequestFile<BatchAsk> }
}

/**
 * The life of one batch in this process: uploaded, submitted, looked at until it is over,
 * collected. While another process holds the batch, this one waits for its end. When all who wait
 * have left, the run ends, and the batch stays with the provider.
 */
export class BatchRun {
  readonly id: string
  readonly asks = new Map<string, BatchAsk>()
  /** Resolves when nothing of this run is under way any more. Never rejects. */
  readonly ended: Promise<void>
  readonly #options: RunOptions
  readonly #scope = new Scope()
  #since = new Date()
  #total: number
  #status = 'uploading'
  #seen: ProviderBatch | undefined
  #trouble: Waiting | null = null

  constructor(options: RunOptions) {
    this.#options = options
    this.id = options.id
    this.#total = options.asks.length
    for (const ask of options.asks) this.asks.set(ask.key, ask)
    this.ended = this.#run().finally(() => options.fresh?.file.remove().catch(() => undefined))
  }

  /** Whether the provider works on it. */
  get isSubmitted(): boolean {
    return this.#seen !== undefined && !isOver(this.#seen)
  }

  /** Whether all who waited have left. Nobody can join it any more. */
  get isLeft(): boolean {
    return this.#scope.reason !== undefined
  }

  get state(): BatchState {
    const { endpoint } = this.#options.settings
    const { id = null, done = 0, failed = 0, expiresAt = null } = this.#seen ?? {}
    const total = this.#seen?.total || this.#total
    return {
      endpoint: endpoint.name,
      batch: id,
      status: this.#status,
      total,
      done,
      failed,
      since: this.#since,
      expires: expiresAt,
      trouble: this.#trouble,
    }
  }

  add(ask: BatchAsk): void {
    this.asks.set(ask.key, ask)
  }

  /** Somebody does not wait any more. */
  drop(ask: BatchAsk): void {
    if (this.asks.get(ask.key) !== ask) return
    this.asks.delete(ask.key)
    if (this.asks.size === 0) this.#scope.cancel(new Error('nobody waits for this batch any more'))
  }

  async #run(): Promise<void> {
    const { id, store, settings, fresh } = this.#options
    const hold = { holder: settings.holder, seconds: holdSeconds }
    try {
      let record = fresh?.record ?? (await store.hold(id, hold))
      for (;;) {
        if (record) {
          const isOver = await this.#held(record)
          if (isOver) return
        }
        if (await this.#waitElsewhere()) return
        record = await store.hold(id, hold)
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    if (this.#scope.reason && this.asks.size === 0) return
    const known = error instanceof HoneError || error instanceof Outage
    const told = known ? error : new Outage(`a batch cannot go on: ${messageOf(error)}`, { cause: error })
    const asks = this.#take()
    for (const ask of asks) ask.reject(told)
  }

  /** All who wait, who wait for this run no more. */
  #take(): BatchAsk[] {
    const asks = [...this.asks.values()]
    this.asks.clear()
    return asks
  }

  /** Works on the batch. False when another process has taken it. */
  async #held(record: BatchRecord): Promise<boolean> {
    const { store, settings } = this.#options
    const { holder, clock } = settings
    const lost = new Scope(this.#scope)
    const lease = keepLease({ store, record, holder, clock }, (reason) => lost.cancel(reason))
    const abort = new AbortController()
    lost.onCancel((reason) => abort.abort(reason))
    this.#since = record.createdAt
    this.#total = record.total
    try {
      await this.#work(lease, lost, abort.signal)
      lease.stop()
      return true
    } catch (error) {
      if (error instanceof HeldElsewhere || lost.reason instanceof HeldElsewhere) {
        lease.stop()
        return false
      }
      await lease.release().catch(() => undefined)
      throw error
    } finally {
      lost.close()
    }
  }

  async #work(lease: Lease, scope: Scope, signal: AbortSignal): Promise<void> {
    const { record } = lease
    const { api, settings, fresh } = this.#options
    const patience: Patience = {
      ...settings,
      scope,
      asked: () => api.asked({ promptTokens: 0, maxTokens: 0 }),
      onTrouble: (trouble) => (this.#trouble = trouble),
    }
    if (record.server !== api.server) {
      this.#options.onWarning(
        `batch ${record.providerId ?? record.id} of ${record.server} is given up: the endpoint "${settings.endpoint.name}" is at ${api.server} now`,
      )
      return await this.#dissolve()
    }
    if (record.state === 'writing') {
      if (!fresh || fresh.record !== record) return await this.#dissolve()
      try {
        const inputFileId = await patiently(patience, () =>
          api.upload(fresh.file.path, `hone-${this.id}.jsonl`, signal),
        )
        await lease.change({ state: 'uploaded', inputFileId })
      } catch (error) {
        if (!(error instanceof HoneError)) throw error
        return await this.#refuse(error)
      }
    }
    const { inputFileId } = record
    if (record.state === 'uploaded' && inputFileId !== null) {
      this.#status = 'submitting'
      const noteAsked = (askedAt: Date) => lease.change({ askedAt })
      const submitted = await submit({
        ...patience,
        ...settings,
        api,
        record: { ...record, inputFileId },
        signal,
        noteAsked,
      })
      if (submitted === 'file gone') return await this.#dissolve()
      if ('refused' in submitted) return await this.#refuse(submitted.refused)
      this.#see(submitted.batch)
      await lease.change({ state: 'submitted', providerId: submitted.batch.id })
    }
    const { providerId } = record
    if (providerId === null) throw new Error(`batch ${this.id} is ${record.state} without an id of the provider`)
    const look = () => api.look(providerId, signal)
    const batch = await untilOver(look, { ...patience, ...settings }, (seen) => this.#see(seen))
    if (batch.status === 'failed') return await this.#failWhole(batch)
    await this.#settle(await this.#collect(batch, patience, signal), batch)
  }

  #see(batch: ProviderBatch): void {
    this.#seen = batch
    this.#status = batch.status
  }

  /** Reads the files of the ended batch, and stores the replies. */
  async #collect(batch: ProviderBatch, patience: Patience, signal: AbortSignal): Promise<Collected> {
    const { api, store, settings } = this.#options
    this.#status = 'collecting'
    return await wholeFiles(batch, { ...patience, ...settings }, (files) =>
      collect({
        api,
        store,
        id: this.id,
        endpoint: settings.endpoint,
        files,
        attemptsOf: (key) => (this.asks.get(key)?.failures ?? 0) + 1,
        onStored: (replies) => this.#answer(replies),
        onUnusable: (key, reply) => this.asks.get(key)?.onUnusable(reply),
        signal,
      }),
    )
  }

  #answer(replies: readonly StoredReply[]): void {
    for (const reply of replies) {
      const ask = this.asks.get(reply.key)
      if (!ask) continue
      this.asks.delete(reply.key)
      ask.resolve(reply)
    }
  }

  /** Ends the collected batch, and says what comes of the requests without a reply. */
  async #settle({ replied, unanswered }: Collected, batch: ProviderBatch): Promise<void> {
    await this.#end({
      state: 'collected',
      done: replied.size,
      failed: this.#total - replied.size,
      detail: batch.status,
    })
    const refusal = everyonesRefusal({ replied, unanswered })
    for (const ask of this.#take()) {
      const one = unanswered.get(ask.key)
      if (one?.kind === 'row' || (one?.kind === 'doubtful' && !refusal)) ask.reject(one.error)
      else if (refusal) ask.reject(refusal)
      else if (one?.kind === 'again') this.#options.onAgain([ask], one)
      else
        this.#options.onAgain([ask], {
          reason: `batch-${batch.status}`,
          detail: `the batch ${batch.id} is ${batch.status} and has no answer to this request`,
        })
    }
  }

  async #failWhole({ id, error }: ProviderBatch): Promise<void> {
    const { secrets } = await this.#options.api.asked({ promptTokens: 0, maxTokens: 0 })
    const words = redactedCut(error?.words ?? 'no reason given', secrets, '[key]')
    await this.#end({ state: 'failed', done: 0, failed: this.#total, detail: words })
    if (error?.code === 'token_limit_exceeded' || /enqueued token limit/i.test(words)) {
      this.#options.onTooMany()
      return this.#options.onAgain(this.#take())
    }
    const { endpoint } = this.#options.settings
    const refusal = new HoneError({
      type: 'EndpointRefused',
      message: `endpoint "${endpoint.name}" (${this.#options.api.server}) refuses the batch ${id} as a whole: ${words}`,
      nextStep: 'change what it refuses in the recipe (model, body, omit, batch), or set mode: live; then go on',
    })
    for (const ask of this.#take()) ask.reject(refusal)
  }

  /** Nothing was submitted: the requests go into another batch. */
  async #dissolve(): Promise<void> {
    await this.#end({ state: 'dissolved', done: 0, failed: 0, detail: null })
    this.#options.onAgain(this.#take())
  }

  /** The provider takes no batch, and has made none. */
  async #refuse(error: HoneError): Promise<void> {
    await this.#end({ state: 'failed', done: 0, failed: this.#total, detail: error.message })
    for (const ask of this.#take()) ask.reject(error)
  }

  async #end(end: BatchEnd): Promise<void> {
    await this.#options.store.end(this.id, end)
  }

  /** Waits a while for the process that holds the batch. True when the batch has ended. */
  async #waitElsewhere(): Promise<boolean> {
    const { store, settings } = this.#options
    if (!this.#seen) this.#status = 'elsewhere'
    const record = await store.read(this.id)
    if (record && (record.state === 'writing' || record.state === 'uploaded' || record.state === 'submitted')) {
      this.#since = record.createdAt
      this.#total = record.total
      await sleep(settings.clock, settings.pollMs, this.#scope)
      return false
    }
    this.#answer([...(await store.findReplies([...this.asks.keys()])).values()])
    if (record?.state === 'collected')
      this.#options.onAgain(this.#take(), { reason: 'batch-request-failed', detail: 'its batch brought no reply' })
    else this.#options.onAgain(this.#take())
    return true
  }
}
