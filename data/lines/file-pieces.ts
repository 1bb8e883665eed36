import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'

const pieceBytes = 1 << 20

/**
 * The bytes of a file, unzipped where its name ends in `.gz`. The file is closed when the reading
 * ends.
 */
export async function* filePieces(file: string): AsyncGenerator<Uint8Array> {
  const input = createReadStream(file, { highWaterMark: pieceBytes })
  const unzipped = file.endsWith('.gz') ? createGunzip() : null
  // An error of the file must end the reading, as an error of the unzipping does.
  if (unzipped) input.on('error', (error) => unzipped.destroy(error)).pipe(unzipped)
  try {
    for await (const piece of unzipped ?? input) yield Buffer.isBuffer(piece) ? piece : Buffer.from(String(piece))
  } finally {
    input.destroy()
    unzipped?.destroy()
  }
}

/**
 * The bytes of an open file from an offset on. All pieces share one memory, so each is used before
 * the next.
 */
export async function* handlePieces(handle: FileHandle, from = 0): AsyncGenerator<Uint8Array> {
  const piece = Buffer.allocUnsafe(pieceBytes)
  for (let position = from; ;) {
    const { bytesRead } = await handle.read(piece, 0, piece.length, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield piece.subarray(0, bytesRead)
  }
}
