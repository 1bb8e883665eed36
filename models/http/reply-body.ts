import type http from 'node:http'
import { pipeline } from 'node:stream'
import type { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { errorCode } from '../../domain/errors.ts'
import type { Call } from './call.ts'

/** The largest reply, as it is sent and as it is unpacked. */
const maxReplyBytes = 64 * 1024 * 1024
/**
 * So long a stream may still send its last bytes after its last event. Then its connection closes.
 */
const drainMs = 1000

const tooLarge = () => new Error(`the reply is larger than ${maxReplyBytes} bytes`)

const codingOf = (message: http.IncomingMessage): string =>
  message.headers['content-encoding']?.trim().toLowerCase() || 'identity'

/** The whole text of a reply. Rejects with the reason of the call, or with what cut the reply. */
export async function readText(message: http.IncomingMessage, call: Call): Promise<string> {
  const bytes = await readBytes(message, call)
  const coding = codingOf(message)
  return coding === 'identity' ? bytes.toString('utf8') : (await unpacked(bytes, coding)).toString('utf8')
}

function readBytes(message: http.IncomingMessage, call: Call): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const fail = (error: Error) => reject(call.ended ?? error)
    message.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > maxReplyBytes) {
        fail(tooLarge())
        message.destroy()
      } else chunks.push(chunk)
    })
    message.on('error', fail)
    message.on('end', () => {
      const [first] = chunks
      resolve(first && chunks.length === 1 ? first : Buffer.concat(chunks))
    })
  })
}

const limited = { maxOutputLength: maxReplyBytes }
const gunzip = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip)
const inflate = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflate)
const inflateRaw = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflateRaw)
const brotli = promisify<Buffer, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress)

async function unpacked(bytes: Buffer, coding: string): Promise<Buffer> {
  if (bytes.length === 0) return bytes
  try {
    if (coding === 'gzip' || coding === 'x-gzip') return isGzip(bytes) ? await gunzip(bytes, limited) : bytes
    if (coding === 'br') return await brotli(bytes, limited)
    // Half of the servers that say `deflate` leave out the head of zlib.
    if (coding === 'deflate')
      return ((bytes[0] ?? 0) & 0x0f) === 8 ? await inflate(bytes, limited) : await inflateRaw(bytes, limited)
  } catch (error) {
    throw errorCode(error) === 'ERR_BUFFER_TOO_LARGE' ? tooLarge() : error
  }
  throw new Error(`the reply is packed as "${coding.slice(0, 40)}", which nobody asked for`)
}

/** Some gateways unpack a reply and leave the header. */
const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b

/**
 * The unpacked bytes of a stream of events, as they come. Its reader may leave early: then the rest
 * is read and thrown away, so that the connection serves the next call.
 */
export function eventBytes(message: http.IncomingMessage, call: Call): ReadableStream<Uint8Array> {
  const body = unpackedStream(message)
  let bytes = 0
  let isOver = false
  const over = () => {
    isOver = true
    call.streamEnded()
  }
  return new ReadableStream<Uint8Array>({
    start(reader) {
      const fail = (error: Error) => {
        if (isOver) return
        over()
        reader.error(call.ended ?? error)
      }
      body.on('data', (chunk: Buffer) => {
        if (isOver) return
        call.chunkCame()
        call.streamed.add(chunk)
        bytes += chunk.length
        if (bytes <= maxReplyBytes) return reader.enqueue(chunk)
        fail(tooLarge())
        message.destroy()
      })
      body.on('error', fail)
      body.on('end', () => {
        if (isOver) return
        over()
        reader.close()
      })
    },
    cancel() {
      if (isOver) return
      over()
      const timer = setTimeout(() => message.destroy(), drainMs)
      message.once('close', () => clearTimeout(timer))
    },
  })
}

/** The body of a reply, unpacked as it comes. */
export function unpackedStream(message: http.IncomingMessage): Readable {
  const coding = codingOf(message)
  if (coding === 'identity') return message
  // `deflate` is left out: nobody streams it, and its two forms differ only in their first byte.
  if (coding !== 'gzip' && coding !== 'x-gzip' && coding !== 'br') {
    message.destroy(new Error(`the stream is packed as "${coding.slice(0, 40)}", which nobody asked for`))
    return message
  }
  const unpack = coding === 'br' ? zlib.createBrotliDecompress() : zlib.createGunzip()
  // The unpacking stream gives on what goes wrong.
  return pipeline(message, unpack, () => undefined)
}
