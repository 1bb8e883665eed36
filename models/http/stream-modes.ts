import { LRUCache } from 'lru-cache'

// A served checkpoint has a port of its own, so a long-lived worker meets ever new servers.
const mostServers = 1000
const cutsBeforeStreaming = 2

/** What a process has learned about streams of one model of one server. */
export class StreamMode {
  #cuts = 0
  /** The server demands streams, or a gateway cuts replies that take long. */
  isNeeded = false
  /** The server refuses `stream_options`, so that its streams come without usage. */
  refusesOptions = false

  /** A gateway gave up on a whole reply. After the second time, replies are streamed. */
  wasCut(): void {
    this.#cuts++
    if (this.#cuts >= cutsBeforeStreaming) this.isNeeded = true
  }
}

/** {@link StreamMode} of all servers of a process. */
export class StreamModes {
  readonly #modes = new LRUCache<string, StreamMode>({ max: mostServers })

  of(baseUrl: string, model: string): StreamMode {
    const key = `${baseUrl} ${model}`
    let mode = this.#modes.get(key)
    if (!mode) this.#modes.set(key, (mode = new StreamMode()))
    return mode
  }
}
