import http from 'node:http'
import https from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { errorCode } from '../../domain/errors.ts'
import type { Call } from './call.ts'

/** One HTTP request as it is sent. */
export interface Exchange {
  url: URL
  method: string
  headers: Readonly<Record<string, string | number>>
  /** The body. Texts are plain ASCII. Blobs are read while they are sent. */
  parts: readonly (string | Uint8Array | Blob)[]
  agent: http.Agent
  /**
   * Whether the request may be sent once more when its idle connection was closed. False for what
   * must not happen twice, such as the submission of a batch.
   */
  resends: boolean
}

/** No head of a reply came. */
class Lost extends Error {
  /** The server closed an idle connection while the request was on its way. */
  readonly wasIdle: boolean

  constructor(cause: Error, wasIdle: boolean) {
    super(cause.message, { cause })
    this.name = 'Lost'
    this.wasIdle = wasIdle
  }
}

const earlyMs = 1000
const resets: ReadonlySet<string | null> = new Set(['ECONNRESET', 'EPIPE'])

/**
 * Sends a request and resolves with the head of its reply. It uses node:http, because Node's fetch
 * gives up on any reply that takes over 300 s. Redirects are not followed: the server that a recipe
 * names is the one that gets the pictures and the key. Rejects with the reason of the call when the
 * call ends, and with the error of the connection.
 *
 * A request that met a connection which its server had closed while idle is sent once more, because
 * the server has not seen it. After a second the server may have worked on it.
 */
export async function exchange(request: Exchange, call: Call): Promise<http.IncomingMessage> {
  const began = performance.now()
  try {
    return await send(request, call)
  } catch (error) {
    if (!(error instanceof Lost)) throw error
    if (request.resends && !call.ended && error.wasIdle && performance.now() - began < earlyMs)
      return await send(request, call).catch((again: unknown) => {
        throw causeOf(again, call)
      })
    throw causeOf(error, call)
  }
}

const causeOf = (error: unknown, call: Call): unknown => call.ended ?? (error instanceof Lost ? error.cause : error)

function send({ url, method, headers, parts, agent }: Exchange, call: Call): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const transport = url.protocol === 'https:' ? https : http
    const request = transport.request(url, { method, agent, headers })
    // An error after the head is the reader's, who hears of it from the message. This listener
    // stays, because an error without a listener ends the process.
    request.on('error', (error) => reject(new Lost(error, request.reusedSocket && resets.has(errorCode(error)))))
    request.on('response', resolve)
    call.onEnd((reason) => request.destroy(reason))
    if (parts.some((part) => part instanceof Blob)) {
      // The request itself reports what goes wrong, as an error or as an early reply.
      pipeline(Readable.from(piecesOf(parts)), request).catch(() => undefined)
      return
    }
    // One write to the socket for head and body.
    request.cork()
    for (const part of parts) {
      if (typeof part === 'string') request.write(part, 'latin1')
      else request.write(part)
    }
    request.end()
    request.uncork()
  })
}

async function* piecesOf(parts: Exchange['parts']): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Blob) for await (const piece of part.stream()) yield piece
    else yield typeof part === 'string' ? Buffer.from(part, 'latin1') : part
  }
}
