import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { TransferListItem } from 'node:worker_threads'
import type { TraceFormat } from '../format.ts'
import { cells, formatOfBits, noRow } from './thread-messages.ts'
import type { ThreadData, ThreadReply, ThreadRequest } from './thread-messages.ts'

/**
 * Old generation of a thread's heap, in MB. Reading the largest body takes about 400 MB at worst;
 * verifying takes a few.
 */
const heapMb = 512
/**
 * Most milliseconds that one look at a thread counts: a machine that slept must not look like a row
 * that hung.
 */
const longestLookMs = 50
/** Milliseconds that a thread which cannot start gets to end by itself. */
const brokenStartMs = 3000

export interface ThreadEvents {
  ready: () => void
  reply: (reply: ThreadReply) => void
  /** The thread ended by itself: out of memory, or a fault outside the rules. */
  died: (error: Error) => void
}

export interface ThreadOptions {
  /** Module that the thread runs; the product's own where it is undefined. */
  entry: URL | undefined
  /** Whether the process stays while the thread lives. */
  holdsProcess: boolean
}

/** The product's entry, beside this file: the source or the build. */
const defaultEntry = new URL(import.meta.url.endsWith('.ts') ? 'thread-main.ts' : 'thread-main.js', import.meta.url)

/** Resolved once: under tsx, resolving waits for another thread. */
let tsx: string | undefined

/**
 * Code that runs a source file. A thread does not inherit the loader that its main thread
 * registered, and `--import` comes too late for a thread's own entry (Node 20).
 */
function throughTsx(entry: URL): string {
  tsx ??= import.meta.resolve('tsx/esm/api')
  return `import(${JSON.stringify(tsx)}).then(({ register }) => (register(), import(${JSON.stringify(entry.href)})))`
}

/**
 * One thread of the pool. It takes one request at a time and can be ended in the middle of the
 * request, which takes about 7 ms.
 */
export class VerifierThread {
  readonly #worker: Worker
  readonly #progress: Int32Array<SharedArrayBuffer>
  #seenRow = noRow
  #looked = 0
  #ended = false
  #kernelThread: string | null = null
  #cpuBefore: number | null = null
  isReady = false
  /** Milliseconds for which the present row has been watched and has not moved. */
  stillMs = 0

  constructor(events: ThreadEvents, { entry = defaultEntry, holdsProcess }: ThreadOptions) {
    const progress = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)
    this.#progress = new Int32Array(progress)
    const data: ThreadData = { progress }
    const isSource = entry.pathname.endsWith('.ts')
    this.#worker = new Worker(isSource ? throughTsx(entry) : entry, {
      eval: isSource,
      workerData: data,
      execArgv: [],
      // Nothing in the environment is for threads, least of all tokens.
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    })
    this.#worker.on('message', (reply: ThreadReply) => {
      if (this.#ended) return
      if (reply.task === 'ready') {
        this.isReady = true
        this.#kernelThread = reply.kernelThread
        events.ready()
      } else events.reply(reply)
    })
    const died = (error: Error): void => {
      if (this.#ended) return
      this.#ended = true
      events.died(error)
    }
    this.#worker.on('error', died)
    this.#worker.on('messageerror', died)
    this.#worker.on('exit', (code) => died(new Error(`exit code ${code}`)))
    if (!holdsProcess) this.#worker.unref()
  }

  send(request: ThreadRequest, moved: TransferListItem[] = []): void {
    Atomics.store(this.#progress, cells.row, noRow)
    this.#seenRow = noRow
    this.#looked = performance.now()
    this.#cpuBefore = null
    this.stillMs = 0
    this.#worker.postMessage(request, moved)
  }

  /**
   * Looks at the row that the thread is on, and adds to `stillMs` when the row is that of the last
   * look.
   */
  look(): void {
    const [row, now] = [Atomics.load(this.#progress, cells.row), performance.now()]
    this.stillMs = row === this.#seenRow ? this.stillMs + Math.min(now - this.#looked, longestLookMs) : 0
    this.#seenRow = row
    this.#looked = now
    if (this.stillMs === 0) this.#cpuBefore = null
    else this.#cpuBefore ??= this.#cpuMs()
  }

  /**
   * Whether the thread had the processor for less than half of the time that it is watched. On a
   * busy machine a row may stand still because the thread does, and no verdict should depend on
   * that. False where the kernel does not tell (not Linux).
   */
  isStarved(): boolean {
    const now = this.#cpuMs()
    return now !== null && this.#cpuBefore !== null && now - this.#cpuBefore < this.stillMs / 2
  }

  /** Processor time of the thread so far, in milliseconds. */
  #cpuMs(): number | null {
    if (this.#kernelThread === null) return null
    try {
      return Number(readFileSync(`/proc/self/task/${this.#kernelThread}/schedstat`, 'utf8').split(' ', 1)[0]) / 1e6
    } catch {
      return null
    }
  }

  /**
   * The row that the thread is on, by its place in the chunk, with the format as far as it was
   * read. Null between rows.
   */
  place(): { row: number; format: TraceFormat } | null {
    const row = Atomics.load(this.#progress, cells.row)
    return row === noRow ? null : { row, format: formatOfBits(Atomics.load(this.#progress, cells.format)) }
  }

  /** Ends the thread, whatever it does. No event comes after this. */
  async end(): Promise<void> {
    this.#ended = true
    await this.#worker.terminate()
  }

  /**
   * Waits for the thread's own end before ending it, a few seconds at most. For threads whose
   * modules are broken: Node 20 aborts the whole process when such a thread is ended in the moment
   * in which it finds that out.
   */
  async endLate(): Promise<void> {
    this.#ended = true
    const waiting = AbortSignal.timeout(brokenStartMs)
    await once(this.#worker, 'exit', { signal: waiting }).catch(() => undefined)
    await this.#worker.terminate()
  }
}
