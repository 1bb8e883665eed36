import sharp, { type Metadata } from 'sharp'
import { AskFailure } from '../models/ask.ts'
import type { RequestImages } from '../models/endpoint.ts'

/** Where pictures come from, by SHA-256. Rejects when the picture is not there. */
interface ImageSource {
  read(hash: string): Promise<Buffer>
}

/** Size as it is seen (EXIF rotation applied), in pixels. */
export interface ImageInfo {
  width: number
  height: number
  mediaType: string
}

/** Larger pictures are refused before they are decoded: 50 megapixels take 200 MB. */
const maxInputPixels = 50_000_000
const maxInputBytes = 64 * 1024 * 1024
/** Vision towers of the Qwen2.5-VL family merge 2×2 patches of 14 pixels. */
const patchPixels = 28

/** Formats by sharp's name. SVG and PDF are programs rather than pictures and stay out. */
const mediaTypes = new Map([
  ['png', 'image/png'],
  ['jpeg', 'image/jpeg'],
  ['webp', 'image/webp'],
  ['gif', 'image/gif'],
  ['tiff', 'image/tiff'],
  ['heif', 'image/avif'],
])

const open = (bytes: Uint8Array) =>
  sharp(bytes, { limitInputPixels: maxInputPixels, sequentialRead: true, failOn: 'error' })

/** Decodes the whole picture. Throws {@link AskFailure} `image-too-large` or `image-broken`. */
export async function examineImage(bytes: Uint8Array): Promise<ImageInfo> {
  const info = await readHeader(bytes)
  try {
    // One band: reads every line of the file in the least memory.
    await open(bytes).toColourspace('b-w').raw().toBuffer()
  } catch (error) {
    throw broken(error)
  }
  return info
}

interface Header extends ImageInfo {
  format: string
  rotated: boolean
  hasAlpha: boolean
}

async function readHeader(bytes: Uint8Array): Promise<Header> {
  if (bytes.length > maxInputBytes)
    throw new AskFailure('image-too-large', `the file has ${bytes.length} bytes; at most ${maxInputBytes} are read`)
  let meta: Metadata
  try {
    // The header alone, so that our own message can name the size.
    meta = await sharp(bytes, { limitInputPixels: false }).metadata()
  } catch (error) {
    throw broken(error)
  }
  const mediaType = mediaTypes.get(meta.format)
  if (!mediaType) throw new AskFailure('image-broken', `${meta.format} is not a picture format that is read here`)
  if (meta.width * meta.height > maxInputPixels)
    throw new AskFailure(
      'image-too-large',
      `the picture is ${meta.width}×${meta.height} pixels; at most ${maxInputPixels / 1e6} megapixels are read`,
    )
  const { width, height } = meta.autoOrient
  return {
    width,
    height,
    mediaType,
    format: meta.format,
    rotated: (meta.orientation ?? 1) > 1,
    hasAlpha: meta.hasAlpha,
  }
}

const broken = (error: unknown): AskFailure =>
  new AskFailure('image-broken', `the picture cannot be decoded: ${messageOf(error)}`, error)

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''

/**
 * Largest size within `maxPixels` of the same shape, each side a multiple of 28 so that the model's own processor has
 * nothing left to resize. A picture that fits already stays as it is.
 */
export function fitWithin(width: number, height: number, maxPixels: number): { width: number; height: number } {
  if (width * height <= maxPixels) return { width, height }
  const scale = Math.sqrt(maxPixels / (width * height))
  const step = maxPixels >= patchPixels * patchPixels ? patchPixels : 1
  const floor = (pixels: number) => Math.max(step, Math.floor(pixels / step) * step)
  const [short, long] = width < height ? [width, height] : [height, width]
  const side = floor(short * scale)
  // The short side of a very flat picture may have been rounded up: the long one pays for it.
  const other = Math.min(floor(long * scale), floor(maxPixels / side))
  return width < height ? { width: side, height: other } : { width: other, height: side }
}

export interface ImagesOptions {
  source: ImageSource
  /** Encoded pictures kept in memory, in bytes. */
  cacheBytes?: number
  /** Pictures decoded at one time: each may take 200 MB. */
  concurrency?: number
}

/**
 * Pictures ready to be sent, by hash: EXIF-rotated, shrunk, PNG or JPEG, as data URLs, encoded once while they stay in
 * the cache. Rejects with {@link AskFailure} `image-missing`, `image-too-large` or `image-broken`.
 */
export function createImages({
  source,
  cacheBytes = 256 * 1024 * 1024,
  concurrency = 4,
}: ImagesOptions): RequestImages {
  const cache = new Map<string, string>()
  const running = new Map<string, Promise<string>>()
  const withSlot = slots(concurrency)
  let cached = 0

  const keep = (key: string, url: string) => {
    cache.set(key, url)
    cached += url.length
    for (const [oldest, old] of cache) {
      if (cached <= cacheBytes) break
      cache.delete(oldest)
      cached -= old.length
    }
  }

  const load = async (hash: string, maxPixels: number): Promise<string> => {
    let bytes: Buffer
    try {
      bytes = await source.read(hash)
    } catch (error) {
      throw new AskFailure('image-missing', `picture ${hash.slice(0, 12)} cannot be read: ${messageOf(error)}`, error)
    }
    return encode(bytes, maxPixels)
  }

  return {
    async dataUrl(hash, maxPixels) {
      const key = `${hash} ${maxPixels}`
      const found = cache.get(key)
      if (found !== undefined) {
        cache.delete(key)
        cache.set(key, found)
        return found
      }
      const already = running.get(key)
      if (already) return already
      const encoding = withSlot(() => load(hash, maxPixels))
      running.set(key, encoding)
      try {
        const url = await encoding
        keep(key, url)
        return url
      } finally {
        running.delete(key)
      }
    },
  }
}

async function encode(bytes: Buffer, maxPixels: number): Promise<string> {
  const header = await readHeader(bytes)
  const size = fitWithin(header.width, header.height, maxPixels)
  const shrinks = size.width !== header.width || size.height !== header.height
  const lossless = header.format !== 'jpeg' && (header.format === 'png' || header.hasAlpha)
  if (!shrinks && !header.rotated && (header.format === 'png' || header.format === 'jpeg')) {
    await examineImage(bytes)
    return `data:${header.mediaType};base64,${bytes.toString('base64')}`
  }
  try {
    let picture = open(bytes).autoOrient().toColourspace('srgb')
    if (shrinks) picture = picture.resize({ ...size, fit: 'fill' })
    const encoded = await (lossless ? picture.png() : picture.jpeg({ quality: 95 })).toBuffer()
    return `data:${lossless ? 'image/png' : 'image/jpeg'};base64,${encoded.toString('base64')}`
  } catch (error) {
    throw broken(error)
  }
}

function slots(count: number): <Result>(run: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = []
  let free = count
  return async (run) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await run()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}
