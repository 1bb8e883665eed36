import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { extract } from 'tar-stream'
import type { Extract } from 'tar-stream'
import { filePieces } from '../lines/file-pieces.ts'

/** A member of a tar: its header, and its content as a stream. */
export type TarMember = Extract extends AsyncIterable<infer Member> ? Member : never

/** Whether a file is a tar, also a packed one, by its name. */
export const isTarName = (name: string): boolean => /\.(?:tar|tgz|tar\.(?:gz|zst|bz2|xz))$/i.test(name)

/**
 * The members of a tar in their order. Each is read, or passed over, before the next comes. Reading
 * ends, with the file closed, when the consumer stops. Throws Error for a tar that is broken.
 */
export async function* tarMembers(file: string): AsyncGenerator<TarMember> {
  const tar = extract()
  const source = Readable.from(filePieces(file))
  const streams = pipeline(source, tar)
  // Its error ends the iteration below, which throws it.
  streams.catch(() => undefined)
  try {
    for await (const entry of tar) {
      yield entry
      entry.resume()
    }
  } finally {
    source.destroy()
    tar.destroy()
  }
  await streams
}
