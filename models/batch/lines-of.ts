/**
 * The lines of a reply's body. They end at `\n` alone: JSON may hold U+2028, at which Node's own
 * reader of lines would cut. A last line without an end counts as a line.
 */
export async function* linesOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<string> {
  if (body === null) return
  const decoder = new TextDecoder()
  let pieces: string[] = []
  for await (const bytes of body) {
    const lines = decoder.decode(bytes, { stream: true }).split('\n')
    pieces.push(lines[0] ?? '')
    for (const next of lines.slice(1)) {
      yield pieces.join('')
      pieces = [next]
    }
  }
  const last = pieces.join('') + decoder.decode()
  if (last !== '') yield last
}
