import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { Decompress } from 'fzstd'
import unbzip2 from 'unbzip2-stream'
import xz from 'xz-decompress'

/**
 * The bytes of a stream, unpacked by the ending of its file's name; plain where the ending tells no
 * packing. Memory holds a few pieces. Throws Error for packed bytes that are broken or cut off, and
 * for those that unpack to a hundred times their size, as bombs do.
 */
export function unpackedPieces(input: Readable, name: string): AsyncIterable<Uint8Array> {
  if (/\.(?:gz|tgz)$/i.test(name)) return ungzipped(input)
  if (/\.bz2$/i.test(name)) return unbzipped(input)
  if (/\.xz$/i.test(name)) return unxzipped(input)
  if (/\.zst$/i.test(name)) return unzstandard(input)
  return piecesOf(input)
}

async function* piecesOf(input: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const piece of input) yield piece instanceof Uint8Array ? piece : Buffer.from(String(piece))
}

async function* ungzipped(input: Readable): AsyncGenerator<Uint8Array> {
  const unzipped = createGunzip()
  // An error of the file must end the reading, as an error of the unzipping does.
  input.on('error', (error) => unzipped.destroy(error)).pipe(unzipped)
  try {
    yield* piecesOf(unzipped)
  } finally {
    unzipped.destroy()
  }
}

/** Refuses bytes that unpack to too many. Text packs ten to one, a bomb thousands to one. */
class Ratio {
  private packed = 0
  private unpacked = 0

  async *counting(input: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
    for await (const piece of piecesOf(input)) {
      this.packed += piece.length
      yield piece
    }
  }

  add(bytes: number): void {
    this.unpacked += bytes
    if (this.unpacked > freeBytes && this.unpacked > this.packed * mostRatio)
      throw new Error(`it unpacks to more than ${mostRatio} times its size, as bombs do`)
  }
}

const mostRatio = 100
const freeBytes = 64 * 1024 * 1024

async function* unbzipped(input: Readable): AsyncGenerator<Uint8Array> {
  const ratio = new Ratio()
  const unzipped = unbzip2()
  const queue = unzipped.queue.bind(unzipped)
  // Counted here, because the package unpacks all that it has before it lets go of the first byte.
  unzipped.queue = (piece) => {
    ratio.add(piece?.length ?? 0)
    queue(piece)
  }
  const output = new Readable({ highWaterMark: 0 }).wrap(unzipped)
  const packed = Readable.from(ratio.counting(input))
  packed.on('error', (error) => output.destroy(error)).pipe(unzipped)
  try {
    yield* piecesOf(output)
  } finally {
    packed.destroy()
    output.destroy()
  }
}

async function* unxzipped(input: Readable): AsyncGenerator<Uint8Array> {
  const ratio = new Ratio()
  const packed = Readable.from(ratio.counting(input))
  try {
    for await (const piece of piecesOf(new xz.XzReadableStream(Readable.toWeb(packed)))) {
      ratio.add(piece.length)
      yield piece
    }
  } finally {
    packed.destroy()
  }
}

/** A frame whose window is larger than this needs as much memory: `zstd --long` makes such. */
const largestWindow = 256 * 1024 * 1024

async function* unzstandard(input: Readable): AsyncGenerator<Uint8Array> {
  const ratio = new Ratio()
  const ready: Uint8Array[] = []
  let isFirst = true
  const unpacking = new Decompress((piece) => {
    ratio.add(piece.length)
    if (piece.length > 0) ready.push(piece)
  })
  for await (const piece of ratio.counting(input)) {
    if (isFirst) requireWindow(piece)
    isFirst = false
    for (let at = 0; at < piece.length; at += zstdStep) {
      unpacking.push(piece.subarray(at, at + zstdStep))
      yield* ready.splice(0)
    }
  }
  unpacking.push(new Uint8Array(0), true)
  yield* ready
}

/** Bytes that are unpacked at a time: they may become a hundred times as many. */
const zstdStep = 64 * 1024

/** Throws Error when the first frame has too large a window (RFC 8878, section 3.1.1.1.2). */
function requireWindow(head: Uint8Array): void {
  const flags = head[4] ?? 0
  if ((flags & 0x20) !== 0) return
  const descriptor = head[5] ?? 0
  const base = 2 ** (10 + (descriptor >> 3))
  if (base + (base / 8) * (descriptor & 7) > largestWindow)
    throw new Error(`its window is over ${largestWindow} bytes: pack it again without --long`)
}
