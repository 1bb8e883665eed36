import type http from 'node:http'
import type { Scope } from '../scope.ts'
import type { Secrets } from './secrets.ts'
import { StreamedText } from './streamed-text.ts'

// The longest wait of a timer of Node: 24.8 days. A longer timer would fire at once.
const longestMs = 2 ** 31 - 1

/** So long a server may take to send its usage after the last chunk of a reply. */
const afterReplySeconds = 5

/** The time of a call is over: the whole deadline, or the silence between two chunks. */
export class TimeOver extends Error {
  readonly reason: 'timeout' | 'idle'

  constructor(reason: 'timeout' | 'idle', message: string) {
    super(message)
    this.name = 'TimeOver'
    this.reason = reason
  }
}

/** Head of a reply, and its text where it was read at once. */
export interface Replied {
  status: number
  headers: http.IncomingHttpHeaders
  /** Empty for a stream. */
  text: string
}

export interface CallOf {
  /** Takes the place of the marks in the request's JSON, in order. Plain ASCII. */
  pictures?: readonly string[]
  scope: Scope
  /** Deadline of the whole call: from its first byte to the last byte of its reply. */
  timeoutSeconds: number
  /** Longest silence between two chunks of a stream. */
  idleSeconds?: number | undefined
}

/**
 * One model call, which goes through the `openai` client to the transport. It carries what `fetch`
 * has no words for, and brings back what the client would change: the text of any reply, and the
 * error of a lost connection before the client wraps it.
 */
export class Call {
  readonly pictures: readonly string[]
  /** The secrets of the last request that was sent. */
  secrets: Secrets | undefined
  /** The last reply that came. */
  replied: Replied | undefined
  /** Why no whole reply came. */
  failure: Error | undefined
  /** Bytes of the last stream. */
  streamed = new StreamedText()
  readonly #leaveScope: () => void
  readonly #deadline: NodeJS.Timeout
  #idleSeconds: number | undefined
  #idle: NodeJS.Timeout | undefined
  #stop: ((reason: Error) => void) | undefined
  #ended: Error | undefined

  constructor({ pictures = [], scope, timeoutSeconds, idleSeconds }: CallOf) {
    this.pictures = pictures
    this.#idleSeconds = idleSeconds
    const late = () => this.#end(new TimeOver('timeout', `no whole reply within ${timeoutSeconds} s`))
    this.#deadline = setTimeout(late, Math.min(longestMs, timeoutSeconds * 1000))
    this.#leaveScope = scope.onCancel((reason) => this.#end(reason))
  }

  /** Why the call was ended from this side; undefined while it goes on. */
  get ended(): Error | undefined {
    return this.#ended
  }

  /** Another request of this call: what the last one brought back is forgotten. */
  begin(): void {
    this.replied = undefined
    this.failure = undefined
    this.streamed = new StreamedText()
  }

  /** `stop` ends the running exchange. Called at once when the call has ended. */
  onEnd(stop: (reason: Error) => void): void {
    this.#stop = stop
    if (this.#ended) stop(this.#ended)
  }

  /**
   * A chunk of a stream came. The clock of silence starts with the first chunk, because a server
   * may queue a request for long before it says anything. A comment that keeps the connection
   * alive counts as a chunk: the server says that it works on the request. The deadline of the
   * whole call still ends a server that only sends comments.
   */
  chunkCame(): void {
    if (this.#idleSeconds === undefined) return
    if (this.#idle) this.#idle.refresh()
    else {
      const late = () => this.#end(new TimeOver('idle', `the stream was silent for ${this.#idleSeconds} s`))
      this.#idle = setTimeout(late, Math.min(longestMs, this.#idleSeconds * 1000))
    }
  }

  /**
   * The reply is whole, and only its usage and the end of the stream may follow. Some servers leave
   * such a stream open, and a reply must not wait for its deadline then.
   */
  replyIsWhole(): void {
    this.streamEnded()
    this.#idleSeconds = Math.min(this.#idleSeconds ?? afterReplySeconds, afterReplySeconds)
    this.chunkCame()
  }

  /** The stream is over, so that silence ends nothing any more. */
  streamEnded(): void {
    clearTimeout(this.#idle)
    this.#idle = undefined
  }

  /** Frees the timers. Call it when nothing waits for the call any more. */
  close(): void {
    clearTimeout(this.#deadline)
    this.streamEnded()
    this.#leaveScope()
    this.#stop = undefined
  }

  #end(reason: Error): void {
    if (this.#ended) return
    this.#ended = reason
    this.#stop?.(reason)
  }
}
