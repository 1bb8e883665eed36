import type { FileHandle } from 'node:fs/promises'

/** A line of a file, and where it stands. */
export interface ByteLine {
  /** Bytes from the start of the file. */
  offset: number
  /** Without the line's end. */
  bytes: number
  /** Null for a line that is longer than {@link longestLine}. */
  text: string | null
  /** False for a last line without an end: it may have been cut. */
  isEnded: boolean
}

/** Bytes of the longest line that is kept in memory. */
export const longestLine = 32 * 1024 * 1024
const pieceBytes = 1 << 20

/**
 * The lines of a file with their places, from an offset on, as many at a time as one piece of the file ends. Lines end at
 * \n alone; a \r before it stays, which JSON does not mind. Memory is bounded by the longest line allowed.
 */
export async function* byteLines(handle: FileHandle, from = 0): AsyncGenerator<ByteLine[]> {
  const piece = Buffer.allocUnsafe(pieceBytes)
  let held: Buffer[] = []
  let heldBytes = 0
  let offset = from
  const line = (rest: Buffer, isEnded: boolean): ByteLine => {
    const bytes = heldBytes + rest.length
    const isTooLong = bytes > longestLine
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
    if (heldBytes + rest.length <= longestLine) held.push(Buffer.from(rest))
    else held = []
    heldBytes += rest.length
    if (lines.length > 0) yield lines
  }
  if (heldBytes > 0) yield [line(Buffer.alloc(0), false)]
}
