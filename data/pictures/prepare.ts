import { LRUCache } from 'lru-cache'
import pLimit from 'p-limit'
import { RowProblem } from '../../domain/row-problem.ts'
import type { PictureLimits, RequestImages } from '../../models/endpoint.ts'
import { encodeWithin, sizeOf, usualPatch } from './encode.ts'
import { brokenImage, imagesAtOnce, firstLineOf, readHeader } from './open.ts'
import { isPlain } from './seen.ts'

/** Gives pictures by SHA-256. Rejects when the picture is not there. */
interface ImageSource {
  read(hash: string): Promise<Buffer>
}

export interface ImagesOptions {
  source: ImageSource
  /**
   * Size of the encoded pictures that are kept in memory, in bytes. All samples of a picture are
   * asked for together, so a few hundred pictures are enough. At 256 MiB a step over 10,000
   * pictures of 50 KB took 963 MB (bench/sampling, `long`), at 32 MiB 456 MB, in the same time.
   */
  cacheBytes?: number
  /**
   * Pictures that are decoded at one time; each may take 200 MB. By default two a core, or as many
   * as Node has threads for.
   */
  concurrency?: number
}

/**
 * Pictures ready to be sent, by hash: as the model sees them, shrunk to whole patches, as PNG or
 * JPEG in data URLs. A picture is encoded once while it stays in the cache. A plain PNG or JPEG
 * within the limit is sent as its own bytes: only its header is read, because the import decoded it
 * whole before it came into the store. Rejects with {@link RowProblem} `image-missing`,
 * `image-too-large`, `image-too-flat` or `image-broken`.
 */
export function createImages({
  source,
  cacheBytes = 32 * 1024 * 1024,
  concurrency = imagesAtOnce,
}: ImagesOptions): RequestImages {
  // At least 1, because 0 means "no limit" to the library.
  const maxSize = Math.max(1, cacheBytes)
  const cache = new LRUCache<string, string>({ maxSize, sizeCalculation: (url) => url.length })
  const running = new Map<string, Promise<string>>()
  const decodes = pLimit(concurrency)

  const load = async (hash: string, limits: PictureLimits): Promise<string> => {
    let bytes: Buffer
    try {
      bytes = await source.read(hash)
    } catch (error) {
      throw new RowProblem('image-missing', `picture ${hash.slice(0, 12)} cannot be read: ${firstLineOf(error)}`, error)
    }
    return prepareImage(bytes, limits)
  }

  return {
    async dataUrl(hash, limits) {
      const { maxPixels, patch = usualPatch, maxBytes, formats, minSide } = limits
      const key = `${hash} ${maxPixels} ${patch} ${maxBytes ?? ''} ${formats?.join() ?? ''} ${minSide ?? ''}`
      const found = cache.get(key)
      if (found !== undefined) return found
      const already = running.get(key)
      if (already) return already
      const encoding = decodes(() => load(hash, limits))
      running.set(key, encoding)
      try {
        const url = await encoding
        cache.set(key, url)
        return url
      } finally {
        running.delete(key)
      }
    },
  }
}

/** A picture's bytes as the data URL of a request. Rejects as {@link createImages} says. */
async function prepareImage(bytes: Buffer, limits: PictureLimits): Promise<string> {
  const header = await readHeader(bytes)
  const { width, height, format } = header
  const isSendable = limits.formats ? limits.formats.some((each) => each === format) : /^(png|jpeg)$/.test(format)
  const isSmall = bytes.length <= (limits.maxBytes ?? Infinity)
  const size = sizeOf(width, height, limits)
  if (!size && isPlain(header) && isSendable && isSmall) return dataUrlOf(header.mediaType, bytes)
  try {
    return await encodeWithin(bytes, header, size, limits)
  } catch (error) {
    throw error instanceof RowProblem ? error : brokenImage(error)
  }
}

const dataUrlOf = (mediaType: string, bytes: Buffer): string => `data:${mediaType};base64,${bytes.toString('base64')}`
