import { availableParallelism } from 'node:os'
import { HoneError } from '../../domain/errors.ts'
import { createJob } from './job.ts'
import type { Chunk, ChunkSource, Job } from './job.ts'
import { cancelled, cannotStart, closed, tooBig } from './pool-errors.ts'
import { VerifierThread } from './thread.ts'
import type { ThreadReply } from './thread-messages.ts'

/** Milliseconds between two looks at the busy threads. */
const lookMs = 10
/**
 * A row that stands still this long hangs, most likely. Another thread takes over while the pool
 * waits for this one. Milliseconds.
 */
const stuckMs = 30
/** A thread that got too little of the processor gets this many times the limit. */
const starvedFactor = 4
/**
 * Milliseconds that one chunk should take: long compared with a message between threads, short
 * compared with the time that another request may wait.
 */
const chunkMs = 4
const maxChunkRows = 256
/**
 * Limit for reading a body. 64 MB take about a second, and nothing in a body can hang.
 * Milliseconds.
 */
export const readLimitMs = 15_000
/**
 * When this many threads end one after another before any of them was ready, the installation is
 * broken.
 */
const maxFailedStarts = 3
/** Most workers by default: each verifies a few thousand rows a second. */
const maxDefaultWorkers = 8

export interface VerifierPoolOptions {
  /**
   * Threads that verify at a time. Default: one fewer than processors, from 1 to 8. One more is
   * kept warm as a spare.
   */
  workers?: number | undefined
  /**
   * A row that takes longer is given up, and its thread is ended. Milliseconds, default 250.
   */
  killAfterMs?: number | undefined
  /**
   * Whether the process stays while the pool is open. Default: true. Where false, the caller keeps
   * the process while it waits for a verdict.
   */
  holdsProcess?: boolean | undefined
  /** Module that a thread runs; it calls `serveThread`. Default: the product's own. */
  entry?: URL | undefined
}

/** Counters since the pool began, and what it is doing. */
export interface PoolStats {
  workers: number
  /** Threads that can take work, the spare included. */
  ready: number
  busy: number
  /** Rows that wait for a thread. */
  queuedRows: number
  verifiedRows: number
  /**
   * Rows that were given up: they took too long, their thread died of them, or a rule threw.
   */
  killedRows: { hung: number; crashed: number; threw: number }
  /** Threads started to replace others. */
  respawns: number
}

interface Busy {
  thread: VerifierThread
  chunk: Chunk
}

/**
 * Gives chunks to threads, a chunk of each job in turn, and ends threads whose row stands still.
 */
export class Scheduler {
  readonly killAfterMs: number
  readonly #workers: number
  readonly #entry: URL | undefined
  readonly #holdsProcess: boolean
  readonly #threads = new Set<VerifierThread>()
  readonly #busy = new Map<VerifierThread, Busy>()
  /** Jobs that have chunks to give, in the order of their turns. */
  readonly #ring: Job[] = []
  readonly #open = new Set<Job>()
  readonly #ended = new Set<Promise<void>>()
  readonly #whenReady: { resolve: () => void; reject: (error: Error) => void }[] = []
  #watch: NodeJS.Timeout | undefined
  #failedStarts = 0
  /** Why the pool takes no work any more; undefined while it takes work. */
  #over: HoneError | undefined
  /** Milliseconds that a row takes, smoothed; a guess at first. */
  #rowMs = 0.5
  #verifiedRows = 0
  #killedRows = { hung: 0, crashed: 0, threw: 0 }
  #respawns = 0

  constructor({ workers, killAfterMs = 250, holdsProcess = true, entry }: VerifierPoolOptions) {
    this.#workers = workers ?? Math.max(1, Math.min(maxDefaultWorkers, availableParallelism() - 1))
    this.killAfterMs = killAfterMs
    this.#entry = entry
    this.#holdsProcess = holdsProcess
    for (let i = 0; i < this.#workers + 1; i++) this.#spawn()
  }

  /** Rows that make a chunk of `chunkMs`. */
  chunkRows(): number {
    return Math.max(1, Math.min(maxChunkRows, Math.round(chunkMs / this.#rowMs)))
  }

  ready(): Promise<void> {
    if (this.#over !== undefined) return Promise.reject(this.#over)
    if ([...this.#threads].some((thread) => thread.isReady)) return Promise.resolve()
    return new Promise((resolve, reject) => this.#whenReady.push({ resolve, reject }))
  }

  /** Resolves when every chunk of the source is done. */
  async run(source: ChunkSource): Promise<void> {
    if (this.#over !== undefined) throw this.#over
    source.signal?.throwIfAborted()
    if (source.rows === 0) return
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => this.#settle(job, cancelled())
      const job = createJob(source, (error) => {
        source.signal?.removeEventListener('abort', abort)
        if (error === undefined) resolve()
        else reject(error)
      })
      source.signal?.addEventListener('abort', abort, { once: true })
      this.#open.add(job)
      this.#ring.push(job)
      this.#pump()
    })
  }

  stats(): PoolStats {
    return {
      workers: this.#workers,
      ready: [...this.#threads].filter((thread) => thread.isReady).length,
      busy: this.#busy.size,
      queuedRows: this.#ring.reduce((sum, job) => sum + job.waitingRows(), 0),
      verifiedRows: this.#verifiedRows,
      killedRows: { ...this.#killedRows },
      respawns: this.#respawns,
    }
  }

  async close(): Promise<void> {
    this.#fail(closed())
    await Promise.all(this.#ended)
  }

  #spawn(): void {
    const thread = new VerifierThread(
      {
        ready: () => {
          this.#failedStarts = 0
          for (const { resolve } of this.#whenReady.splice(0)) resolve()
          this.#pump()
        },
        reply: (reply) => this.#take(thread, reply),
        died: (error) => this.#replace(thread, error),
      },
      { entry: this.#entry, holdsProcess: this.#holdsProcess },
    )
    this.#threads.add(thread)
  }

  /**
   * Gives chunks to idle threads. A thread whose row stands still does not count as working: the
   * spare replaces it.
   */
  #pump(): void {
    while (this.#over === undefined && this.#ring.length > 0) {
      const working = [...this.#busy.keys()].filter((thread) => thread.stillMs < stuckMs).length
      const thread = [...this.#threads].find((thread) => thread.isReady && !this.#busy.has(thread))
      // A job that holds a thread up gets no second thread. A batch of nothing but hangs cannot
      // take all threads.
      const turn = this.#ring.findIndex((job) => !this.#isStuck(job))
      if (working >= this.#workers || thread === undefined || turn < 0) return
      const [job] = this.#ring.splice(turn, 1)
      const chunk = job?.take(this.chunkRows())
      if (job === undefined || chunk === undefined) continue
      if (job.hasMore()) this.#ring.push(job)
      this.#busy.set(thread, { thread, chunk })
      thread.send(chunk.request(chunk.dead), chunk.moved)
      this.#watch ??= setInterval(() => this.#look(), lookMs)
    }
  }

  #isStuck(job: Job): boolean {
    return [...this.#busy.values()].some(({ thread, chunk }) => chunk.job === job && thread.stillMs >= stuckMs)
  }

  #take(thread: VerifierThread, reply: ThreadReply): void {
    const chunk = this.#busy.get(thread)?.chunk
    if (chunk === undefined) return
    this.#busy.delete(thread)
    if (reply.task === 'verify' || reply.task === 'score') {
      this.#killedRows.threw += reply.threw
      this.#verifiedRows += chunk.rows
      this.#rowMs += 0.2 * (reply.ms / chunk.rows - this.#rowMs)
    }
    if (reply.task === 'refused') {
      this.#settle(chunk.job, new HoneError({ type: 'InvalidInput', ...reply }))
    } else {
      chunk.done(reply)
      chunk.job.finished()
      if (chunk.job.isDone()) this.#settle(chunk.job)
    }
    this.#rest()
    this.#pump()
  }

  /** Ends threads whose row has stood still too long. */
  #look(): void {
    let someStuck = false
    for (const { thread, chunk } of this.#busy.values()) {
      thread.look()
      const place = thread.place()
      // Between rows nothing can hang but the machine.
      const limit = place === null ? Math.max(chunk.limitMs, readLimitMs) : chunk.limitMs
      const isOver = thread.stillMs >= limit * starvedFactor || (thread.stillMs >= limit && !thread.isStarved())
      if (isOver) this.#replace(thread, null)
      else if (thread.stillMs >= stuckMs) someStuck = true
    }
    if (someStuck) this.#pump()
  }

  /**
   * Replaces a thread that hangs (`error` is null) or died, and gives up the row that the thread
   * was on.
   */
  #replace(thread: VerifierThread, error: Error | null): void {
    const chunk = this.#busy.get(thread)?.chunk
    const place = thread.place()
    this.#threads.delete(thread)
    this.#busy.delete(thread)
    this.#end(thread)
    if (this.#over !== undefined) return
    if (!thread.isReady && ++this.#failedStarts >= maxFailedStarts) {
      this.#fail(cannotStart(error))
      return
    }
    this.#respawns++
    this.#spawn()
    if (chunk !== undefined && this.#open.has(chunk.job)) {
      if (place !== null) {
        this.#killedRows[error === null ? 'hung' : 'crashed']++
        chunk.dead.push(place)
      } else chunk.attempts++
      if (chunk.attempts > 1 || chunk.moved !== undefined) this.#settle(chunk.job, tooBig(error))
      else {
        if (!chunk.job.hasMore()) this.#ring.push(chunk.job)
        chunk.job.again(chunk)
      }
    }
    this.#rest()
    this.#pump()
  }

  #settle(job: Job, error?: Error): void {
    if (!this.#open.delete(job)) return
    const at = this.#ring.indexOf(job)
    if (at >= 0) this.#ring.splice(at, 1)
    job.settle(error)
  }

  #rest(): void {
    if (this.#busy.size > 0) return
    clearInterval(this.#watch)
    this.#watch = undefined
  }

  #end(thread: VerifierThread): void {
    const mayBeBroken = this.#over?.type === 'MissingDependency' && !thread.isReady
    const ended = mayBeBroken ? thread.endLate() : thread.end()
    this.#ended.add(ended)
    void ended.then(() => this.#ended.delete(ended))
  }

  #fail(error: HoneError): void {
    this.#over ??= error
    clearInterval(this.#watch)
    this.#watch = undefined
    for (const { reject } of this.#whenReady.splice(0)) reject(this.#over)
    for (const job of this.#open) this.#settle(job, this.#over)
    for (const thread of this.#threads) this.#end(thread)
    this.#threads.clear()
    this.#busy.clear()
  }
}
