import type { IncomingMessage } from 'node:http'

/** Largest request body, in bytes. 1,024 completions of 16K tokens fit. */
export const MAX_BODY = 64 * 1024 * 1024
/** What a refused client may still send before its connection is cut, so that it gets to read the refusal. Bytes. */
const MAX_DISCARDED = 2 * MAX_BODY

/** Bytes of bodies that are taken in one turn of the event loop, of all requests together: about a millisecond's work. */
const TURN_BYTES = 512 * 1024

/**
 * Spreads the reading of many bodies over turns of the event loop. Without it the loop would take all that the network holds,
 * some megabytes of each connection, before anyone else has a turn.
 */
export class BodyPace {
  readonly #line: (() => void)[] = []
  #left = TURN_BYTES
  #isTurning = false

  /** Resolves when it is this piece's turn. */
  async turn(bytes: number): Promise<void> {
    if (this.#left <= 0) await new Promise<void>((resolve) => this.#line.push(resolve))
    this.#left -= bytes
    if (this.#isTurning) return
    this.#isTurning = true
    setImmediate(() => this.#next())
  }

  #next(): void {
    this.#isTurning = false
    this.#left = TURN_BYTES
    // Pieces are 64 KiB: who waits enters in the order of coming, as many as the turn takes.
    const entering = this.#line.splice(0, TURN_BYTES / (64 * 1024))
    for (const enter of entering) enter()
  }
}

/** The body is over MAX_BODY bytes, and was read to its end or to MAX_DISCARDED. */
export class BodyTooLarge extends Error {}

/** Length that the client announces; null when it sends in pieces. */
export function announcedLength(request: IncomingMessage): number | null {
  const given = request.headers['content-length']
  return given === undefined ? null : Number(given)
}

/**
 * Reads a body into memory of its own, piece by piece: no piece is copied twice and nothing is parsed here, so that the event
 * loop stays free. @throws BodyTooLarge, or the stream's error when the client goes.
 */
export async function readBody(request: IncomingMessage, pace: BodyPace): Promise<Uint8Array<ArrayBuffer>> {
  const announced = announcedLength(request)
  if (announced !== null && announced > MAX_BODY) {
    await discard(request)
    throw new BodyTooLarge()
  }
  let body = new Uint8Array(new ArrayBuffer(announced ?? 64 * 1024))
  let length = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    await pace.turn(piece.length)
    const needed = length + piece.length
    if (needed > MAX_BODY) {
      await discard(request)
      throw new BodyTooLarge()
    }
    if (needed > body.length) {
      const grown = new Uint8Array(new ArrayBuffer(Math.min(MAX_BODY, Math.max(needed, body.length * 2))))
      grown.set(body.subarray(0, length))
      body = grown
    }
    body.set(piece, length)
    length = needed
  }
  return length === body.length ? body : body.slice(0, length)
}

/** Takes what still comes and drops it: a client that is answered while it writes may never read the answer. */
export async function discard(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.destroyed) return
  let dropped = 0
  await new Promise<void>((resolve) => {
    request.on('data', (piece: Buffer) => {
      dropped += piece.length
      if (dropped > MAX_DISCARDED) resolve()
    })
    request.once('end', resolve)
    request.once('close', resolve)
    request.resume()
  })
}

/** Room for bodies in memory: who comes when it is full waits in line, unread. */
export class BodyRoom {
  readonly #capacity: number
  readonly #maxWaiting: number
  readonly #line: { bytes: number; enter: () => void }[] = []
  #held = 0

  constructor(capacity: number, maxWaiting: number) {
    this.#capacity = capacity
    this.#maxWaiting = maxWaiting
  }

  get heldBytes(): number {
    return this.#held
  }

  /** Resolves with the function that gives the room back, or with null when the line is full too. */
  async enter(bytes: number): Promise<(() => void) | null> {
    const wanted = Math.min(bytes, this.#capacity)
    if (this.#line.length > 0 || this.#held + wanted > this.#capacity) {
      if (this.#line.length >= this.#maxWaiting) return null
      await new Promise<void>((resolve) => this.#line.push({ bytes: wanted, enter: resolve }))
    } else this.#held += wanted
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#held -= wanted
      this.#admit()
    }
  }

  #admit(): void {
    for (let next = this.#line[0]; next !== undefined; next = this.#line[0]) {
      if (this.#held + next.bytes > this.#capacity) return
      this.#line.shift()
      this.#held += next.bytes
      next.enter()
    }
  }
}
