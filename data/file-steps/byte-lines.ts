import type { FileHandle } from 'node:fs/promises'

/** Where a line of a file stands. */
export interface Place {
  /** Bytes from the start of the file. */
  offset: number
  /** Without the line's end. */
  bytes: number
}

/** A line of a file, and where it stands. */
export interface ByteLine extends Place {
  /** Null for a line that is longer than the reader allows. */
  text: string | null
  /** False for a last line without an end: it may have been cut. */
  isEnded: boolean
}

/** Bytes of the longest line of rows that is kept in memory. */
export const longestLine = 32 * 1024 * 1024
/**
 * Bytes of the longest line of a log of ours. Whatever is written must be read again: a reply has up to 64 MiB
 * (models/replica-client.ts), three times that where its bytes are no UTF-8, and its request is made of a row.
 */
export const longestLogLine = 256 * 1024 * 1024
const pieceBytes = 1 << 20

/**
 * The lines of a file with their places, from an offset on, as many at a time as one piece of the file ends. Lines end at
 * \n alone; a \r before it stays, which JSON does not mind. Memory is bounded by the longest line allowed.
 */
export async function* byteLines(
  handle: FileHandle,
  from = 0,
  longest: number = longestLine,
): AsyncGenerator<ByteLine[]> {
  const piece = Buffer.allocUnsafe(pieceBytes)
  let held: Buffer[] = []
  let heldBytes = 0
  let offset = from
  const line = (rest: Buffer, isEnded: boolean): ByteLine => {
    const bytes = heldBytes + rest.length
    const isTooLong = bytes > longest
    const text = isTooLong ? null : (held.length === 0 ? rest : Buffer.concat([...held, rest])).toString('utf8')
    const found = { offset, bytes, text, isEnded }
    ;[held, heldBytes, offset] = [[], 0, offset + bytes + 1]
    return found
  }
  for (let position = from; ;) {
    const { bytesRead } = await handle.read(piece, 0, piece.length, position)
    if (bytesRead === 0) break
    position += bytesRead
    const read = piece.subarray(0, bytesRead)
    const lines: ByteLine[] = []
    let start = 0
    for (let end = read.indexOf(10); end >= 0; end = read.indexOf(10, start)) {
      lines.push(line(read.subarray(start, end), true))
      start = end + 1
    }
    const rest = read.subarray(start)
    // A copy: the piece is read into again. Of a line that is too long its length alone is kept.
    if (heldBytes + rest.length <= longest) held.push(Buffer.from(rest))
    else held = []
    heldBytes += rest.length
    if (lines.length > 0) yield lines
  }
  if (heldBytes > 0) yield [line(Buffer.alloc(0), false)]
}

const widestGap = 16 * 1024
const mostAtOnce = 1 << 20

/**
 * The lines at these places, in their order; what has gone from the file is missing at their end. Neighbours are read in one
 * go: a call a line took longer than the lines.
 */
export async function readPlaces(handle: FileHandle, places: readonly Place[]): Promise<string[]> {
  const texts = places.map(() => '')
  const inOrder = places.map((place, at) => ({ ...place, at })).sort((a, b) => a.offset - b.offset)
  for (let first = 0; first < inOrder.length;) {
    const start = inOrder[first]?.offset ?? 0
    let end = start
    let next = first
    for (let place = inOrder[next]; place; place = inOrder[++next]) {
      const isNear = place.offset <= end + widestGap && place.offset + place.bytes <= start + mostAtOnce
      if (next > first && !isNear) break
      end = Math.max(end, place.offset + place.bytes)
    }
    const content = Buffer.allocUnsafe(end - start)
    const { bytesRead } = await handle.read(content, 0, content.length, start)
    const read = content.subarray(0, bytesRead)
    for (const { at, offset, bytes } of inOrder.slice(first, next))
      texts[at] = read.toString('utf8', offset - start, offset - start + bytes)
    first = next
  }
  return texts
}
