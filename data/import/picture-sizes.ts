import { LRUCache } from 'lru-cache'
import pLimit from 'p-limit'
import { locatePicture } from '../pictures/locate.ts'
import { headerOf, imagesAtOnce } from '../pictures/open.ts'
import type { PictureRef } from './picture-refs.ts'

interface Size {
  width: number
  height: number
}

const remembered = 20_000

/**
 * Reads the sizes of rows' pictures from the headers of their files, upright. A picture that cannot
 * be read or that must be fetched has no size here: the import says what is wrong with it.
 */
export function pictureSizes(): (refs: readonly PictureRef[], folder: string) => Promise<Size[]> {
  const atOnce = pLimit(imagesAtOnce)
  const known = new LRUCache<string, Promise<Size | null>>({ max: remembered })
  const sizeOf = async (ref: PictureRef, folder: string): Promise<Size | null> => {
    if ('bytes' in ref) return await headerOf(ref.bytes)
    return 'path' in ref
      ? await headerOf(await locatePicture(ref.path, { folders: [folder], isAbsoluteFree: true }))
      : null
  }
  const look = (ref: PictureRef, folder: string): Promise<Size | null> => {
    const looking = () => atOnce(() => sizeOf(ref, folder).catch(() => null))
    if (!('path' in ref)) return looking()
    const found = known.get(ref.path) ?? looking()
    known.set(ref.path, found)
    return found
  }
  return async (refs, folder) => {
    const sizes = await Promise.all(refs.map((ref) => look(ref, folder)))
    return sizes.filter((size) => size !== null)
  }
}
