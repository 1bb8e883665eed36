import type { IncomingMessage } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import pLimit from 'p-limit'
import type { LimitFunction } from 'p-limit'
import { takePlace } from './held-place.ts'

/** Largest request body, in bytes. 1,024 completions of 16K tokens fit. */
export const maxBody = 64 * 1024 * 1024
/**
 * A refused client may still send this many bytes before the refusal is sent. Then the client gets
 * to read it.
 */
const maxDiscarded = 2 * maxBody

/**
 * Pieces that one turn of the event loop takes, of all requests together. A piece is at most
 * 64 KiB, so a turn takes 512 KiB: about a millisecond's work.
 */
const turnPieces = 8

/** Resolves in the next turn of the event loop. */
const nextTurn = (): Promise<void> => setImmediate()

/**
 * Spreads the reading of many bodies over turns of the event loop: each piece holds a place until
 * the next turn. Without the pace the loop would take all that the network holds, some megabytes of
 * each connection, before any other request has a turn.
 */
export const createBodyPace = (): LimitFunction => pLimit(turnPieces)

/** The body is over {@link maxBody} bytes. It was read to its end or to `maxDiscarded`. */
export class BodyTooLarge extends Error {}

/** Length in bytes that the client announces; null when the client sends a body in pieces. */
export function announcedLength(request: IncomingMessage): number | null {
  const given = request.headers['content-length']
  return given === undefined ? null : Number(given)
}

/**
 * Reads a body into memory of its own, piece by piece. No piece is copied twice and nothing is
 * parsed here, so the event loop stays free. Throws BodyTooLarge when the body is over
 * `maxBody`, and the stream's error when the client goes.
 *
 * Reads Node's request, not Hono's. Hono's bodyLimit and `arrayBuffer` know no pace: with 64
 * clients that send 2 MB each, on a busy machine, the loop was up to 1.9 s late with bodyLimit and
 * 0.8 s with `arrayBuffer` alone, against 0.1 s here. bodyLimit also makes a web stream of each
 * request, which cost 2.5 times the processor time at 100 KB a body.
 */
export async function readBody(request: IncomingMessage, pace: LimitFunction): Promise<Uint8Array<ArrayBuffer>> {
  const announced = announcedLength(request)
  if (announced !== null && announced > maxBody) {
    await discard(request)
    throw new BodyTooLarge()
  }
  let body = new Uint8Array(new ArrayBuffer(announced ?? 64 * 1024))
  let length = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    await takePlace(pace, nextTurn)
    const needed = length + piece.length
    if (needed > maxBody) {
      await discard(request)
      throw new BodyTooLarge()
    }
    if (needed > body.length) {
      const grown = new Uint8Array(new ArrayBuffer(Math.min(maxBody, Math.max(needed, body.length * 2))))
      grown.set(body.subarray(0, length))
      body = grown
    }
    body.set(piece, length)
    length = needed
  }
  return length === body.length ? body : body.slice(0, length)
}

/**
 * Takes what still comes and drops it. A client that is answered while it writes may never read the
 * answer. (Hono's adapter drops the rest too, but after the answer, and cuts the connection after
 * 500 ms.)
 */
export async function discard(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.destroyed) return
  let dropped = 0
  await new Promise<void>((resolve) => {
    request.on('data', (piece: Buffer) => {
      dropped += piece.length
      if (dropped > maxDiscarded) resolve()
    })
    request.once('end', resolve)
    request.once('close', resolve)
    request.resume()
  })
}
