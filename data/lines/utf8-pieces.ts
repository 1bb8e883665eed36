import { TextDecoder } from 'node:util'

/**
 * The bytes of a text as UTF-8. A text in UTF-16 is known by its byte order mark, or by the zero
 * bytes of its first two characters, which no UTF-8 text has. Other bytes pass as they are. Throws
 * TypeError for UTF-16 that is broken.
 */
export async function* utf8Pieces(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let decoder: TextDecoder | null | undefined
  let held = Buffer.alloc(0)
  for await (const piece of pieces) {
    if (decoder === undefined) {
      held = Buffer.concat([held, piece])
      if (held.length < 4) continue
      decoder = decoderOf(held)
      yield decoded(decoder, held)
      continue
    }
    yield decoded(decoder, piece)
  }
  if (decoder === undefined) {
    decoder = decoderOf(held)
    yield decoded(decoder, held)
  }
  if (decoder) yield Buffer.from(decoder.decode())
}

const decoded = (decoder: TextDecoder | null, piece: Uint8Array): Uint8Array =>
  decoder ? Buffer.from(decoder.decode(piece, { stream: true })) : piece

/** Whether a text that begins with these four bytes is in UTF-16. */
export const isUtf16 = (start: Uint8Array): boolean => decoderOf(start) !== null

function decoderOf([first, second, third, fourth]: Uint8Array): TextDecoder | null {
  const isLittle = (first === 0xff && second === 0xfe) || (second === 0 && fourth === 0 && first !== 0)
  const isBig = (first === 0xfe && second === 0xff) || (first === 0 && third === 0 && second !== 0)
  if (!isLittle && !isBig) return null
  return new TextDecoder(isLittle ? 'utf-16le' : 'utf-16be', { fatal: true })
}
