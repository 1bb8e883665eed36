import { availableParallelism } from 'node:os'
import sharp from 'sharp'
import type { Metadata, Sharp } from 'sharp'
import { messageOf } from '../../domain/errors.ts'
import { RowProblem } from '../../domain/row-problem.ts'

/**
 * Size as it is seen (EXIF rotation applied), in pixels. The first frame of an animation counts,
 * here and everywhere.
 */
export interface ImageInfo {
  width: number
  height: number
  mediaType: string
}

/** What a picture's header says. */
export interface ImageHeader extends ImageInfo {
  /** By sharp's name. */
  format: string
  rotated: boolean
  hasAlpha: boolean
  /** More than 8 bits a channel. */
  isDeep: boolean
  /** Colour space by libvips' name: `srgb`, `b-w`, `cmyk`, … */
  space: string
  frames: number
  /** The embedded colour profile. */
  profile: 'none' | 'srgb' | 'other'
}

/** Larger pictures are refused before they are decoded: 50 megapixels take 200 MB. */
const maxInputPixels = 50_000_000
const maxInputBytes = 64 * 1024 * 1024

/** Formats by sharp's name. SVG and PDF are programs rather than pictures, so they are left out. */
const mediaTypes = new Map([
  ['png', 'image/png'],
  ['jpeg', 'image/jpeg'],
  ['webp', 'image/webp'],
  ['gif', 'image/gif'],
  ['tiff', 'image/tiff'],
  ['heif', 'image/avif'],
])

const cores = availableParallelism()
/** Node gives sharp's work to libuv's threads: four, unless the environment says otherwise. */
const uvThreads = Number(process.env['UV_THREADPOOL_SIZE']) || 4

/**
 * Pictures that are decoded at one time: two a core, so that no core waits for the next picture,
 * but no more than Node has threads for. Measured by bench/images.ts on 2 cores: 5 % to 25 % more
 * than one a core.
 */
export const imagesAtOnce = Math.max(1, Math.min(2 * cores, uvThreads))

// One thread for each picture, so that no thread waits for its neighbours. More only where cores
// would get no picture.
sharp.concurrency(Math.max(1, Math.floor(cores / imagesAtOnce)))
// No picture is decoded twice in a row here, so sharp's memory of operations would only hold
// pixels.
sharp.cache(false)

/**
 * Opens a picture's pixels. Every byte of the file is read and checked. Callers turn a rejection
 * into {@link brokenImage}.
 */
export const openImage = (bytes: Uint8Array): Sharp =>
  sharp(bytes, { limitInputPixels: maxInputPixels, sequentialRead: true, failOn: 'error' })

/**
 * Reads only the header and decodes nothing. Throws {@link RowProblem} `image-too-large` for more
 * than 64 MiB or 50 megapixels, and `image-broken` for a file that is no picture in a known format.
 */
export async function readHeader(bytes: Uint8Array): Promise<ImageHeader> {
  if (bytes.length > maxInputBytes)
    throw new RowProblem('image-too-large', `the file has ${bytes.length} bytes; at most ${maxInputBytes} are read`)
  return await headerOf(bytes)
}

/**
 * Reads the header of a picture by its bytes or from its file, of which no more is read. Throws
 * RowProblem as {@link readHeader} does, but takes a file of any size.
 */
export async function headerOf(picture: Uint8Array | string): Promise<ImageHeader> {
  let meta: Metadata
  try {
    // Only the header, so that our own message can name the size.
    meta = await sharp(picture, { limitInputPixels: false }).metadata()
  } catch (error) {
    throw brokenImage(error)
  }
  const mediaType = mediaTypes.get(meta.format)
  if (!mediaType) throw new RowProblem('image-broken', `${meta.format} is not a picture format that is read here`)
  if (meta.width * meta.height > maxInputPixels)
    throw new RowProblem(
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
    isDeep: meta.depth !== 'uchar',
    space: meta.space,
    frames: meta.pages ?? 1,
    profile: profileOf(meta.icc),
  }
}

/** Names in profiles are ASCII or UTF-16, so zero bytes are skipped. */
function profileOf(icc: Buffer | undefined): ImageHeader['profile'] {
  if (!icc) return 'none'
  return icc.toString('latin1').replaceAll('\0', '').includes('sRGB') ? 'srgb' : 'other'
}

/** What sharp said about a picture that it cannot decode, in one line. */
export const brokenImage = (error: unknown): RowProblem =>
  new RowProblem('image-broken', `the picture cannot be decoded: ${firstLineOf(error)}`, error)

/** The first line of what went wrong. */
export const firstLineOf = (error: unknown): string => messageOf(error).split('\n')[0] ?? ''
