import type { FileHandle } from 'node:fs/promises'

/** Where a line of a file is. */
export interface Place {
  /** Bytes from the start of the file. */
  offset: number
  /** Without the line's end. */
  bytes: number
}

const widestGap = 16 * 1024
const mostAtOnce = 1 << 20

/**
 * The lines at these places, in their order. Bytes that are no longer in the file are missing at
 * the end of a line. Neighbours are read with one call: a call for each line took longer than the
 * lines.
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
