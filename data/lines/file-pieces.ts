import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { unpackedPieces } from './unpacked-pieces.ts'

const pieceBytes = 1 << 20

/**
 * The bytes of a file, unpacked where its name ends in `.gz`, `.tgz`, `.zst`, `.bz2` or `.xz`. The
 * file is closed when the reading ends.
 */
export async function* filePieces(file: string): AsyncGenerator<Uint8Array> {
  const input = createReadStream(file, { highWaterMark: pieceBytes })
  try {
    yield* unpackedPieces(input, file)
  } finally {
    input.destroy()
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
