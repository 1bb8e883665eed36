/** Longest line, in characters. A longer one is an error of its own, and is not kept. */
const MAX_LINE = 32 * 1024 * 1024

/** A line and its number from 1; null for one that is longer than MAX_LINE. */
export type TextLine = { number: number; text: string | null }

/**
 * The lines of a stream of text, as many at a time as each piece of the stream ends: nothing is held back while it pauses. Lines end
 * at \n and \r\n, and nowhere else: JSON may contain U+2028. Memory is bounded by the longest line
 * allowed, whatever the stream holds. A byte order mark at the beginning is dropped.
 */
export async function* readLines(source: AsyncIterable<string | Uint8Array>): AsyncGenerator<TextLine[]> {
  const decoder = new TextDecoder()
  let [number, held, isTooLong] = [0, [] as string[], false]
  let heldLength = 0
  const take = (part: string): void => {
    heldLength += part.length
    if (heldLength > MAX_LINE) {
      isTooLong = true
      held = []
    } else held.push(part)
  }
  const line = (): TextLine => {
    number += 1
    const text = held.join('').replace(number === 1 ? /^\ufeff/ : '', '')
    const ended = { number, text: isTooLong ? null : text.endsWith('\r') ? text.slice(0, -1) : text }
    ;[held, heldLength, isTooLong] = [[], 0, false]
    return ended
  }
  for await (const piece of source) {
    const text = typeof piece === 'string' ? piece : decoder.decode(piece, { stream: true })
    const lines: TextLine[] = []
    let from = 0
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
      take(text.slice(from, at))
      lines.push(line())
      from = at + 1
    }
    if (from < text.length) take(text.slice(from))
    if (lines.length > 0) yield lines
  }
  const rest = decoder.decode()
  if (rest !== '') take(rest)
  if (heldLength > 0) yield [line()]
}
