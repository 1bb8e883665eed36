import { isUtf8 } from 'node:buffer'

/** A line of a file or stream. */
export interface Line {
  /** From 1, counted from where the reading began. */
  number: number
  /** Bytes from the start of the file to the first byte of the line. */
  offset: number
  /** Bytes of the line as it lies in the file, without its \n; a \r before that counts. */
  bytes: number
  /** Null for a line that is longer than the reader allows. */
  text: string | null
  /** False for a last line without an end: another process may still be writing it. */
  isEnded: boolean
  /** Whether the line is not UTF-8: its text then has U+FFFD where bytes have no meaning. */
  isBroken?: true
}

export interface LineOptions {
  /** Bytes of the longest line that is kept in memory. */
  longest?: number
  /** Where in its file the stream begins: offsets count from there. */
  offset?: number
  /**
   * Whether a \r at the end of a line and a byte order mark stay in the text: it is then what lies
   * in the file.
   */
  isExact?: boolean
}

/**
 * Bytes of the longest line that a reader keeps, unless it says otherwise: a row may hold pictures
 * in base64.
 */
export const longestLine = 64 * 1024 * 1024

/**
 * The lines of a stream, as many at a time as end in one piece of it: no complete line is held back
 * while the stream pauses. Lines end at \n and at \r\n and nowhere else, because JSON may contain
 * U+2028. A byte order mark at the start of the file is left out. A line that is longer than
 * allowed comes as a line without text, so memory is bounded by the longest line. A source may use
 * the memory of a piece again when it is asked for the next one.
 */
export async function* readLines(
  pieces: AsyncIterable<Uint8Array | string>,
  { longest = longestLine, offset: from = 0, isExact = false }: LineOptions = {},
): AsyncGenerator<Line[]> {
  let number = 0
  let offset = from
  let held: Buffer[] = []
  let heldBytes = 0
  const textOf = (line: Buffer): string => (isExact ? line.toString('utf8') : withoutMarks(line, offset === 0))
  const line = (rest: Buffer, isEnded: boolean): Line => {
    const bytes = heldBytes + rest.length
    const whole = bytes > longest ? null : held.length === 0 ? rest : Buffer.concat([...held, rest])
    const text = whole && textOf(whole)
    const isBroken = whole !== null && text?.includes('\uFFFD') === true && !isUtf8(whole)
    number += 1
    const found: Line = { number, offset, bytes, text, isEnded, ...(isBroken && { isBroken }) }
    offset += bytes + 1
    held = []
    heldBytes = 0
    return found
  }
  for await (const piece of pieces) {
    const read = bufferOf(piece)
    const lines: Line[] = []
    let start = 0
    for (let end = read.indexOf(lineFeed); end >= 0; end = read.indexOf(lineFeed, start)) {
      lines.push(line(read.subarray(start, end), true))
      start = end + 1
    }
    const rest = read.subarray(start)
    heldBytes += rest.length
    // Of a line that is too long only the length is kept. A copy, because the piece may be read
    // into again.
    if (heldBytes > longest) held = []
    else if (rest.length > 0) held.push(Buffer.from(rest))
    if (lines.length > 0) yield lines
  }
  if (heldBytes > 0) yield [line(Buffer.alloc(0), false)]
}

const lineFeed = 0x0a
const carriageReturn = 0x0d

/**
 * The text of a line without its \r, and without a byte order mark where the file begins with it.
 */
function withoutMarks(line: Buffer, isFirst: boolean): string {
  const end = line.at(-1) === carriageReturn ? line.length - 1 : line.length
  const hasMark = isFirst && line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf
  return line.toString('utf8', hasMark ? 3 : 0, end)
}

function bufferOf(piece: Uint8Array | string): Buffer {
  if (Buffer.isBuffer(piece)) return piece
  return typeof piece === 'string' ? Buffer.from(piece) : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
}
