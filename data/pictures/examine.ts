import pLimit from 'p-limit'
import type { Fingerprint } from '../../domain/rows.ts'
import { fingerprintOf } from './fingerprint.ts'
import { brokenImage, imagesAtOnce, openImage, readHeader } from './open.ts'
import type { ImageInfo } from './open.ts'

/** A whole picture: its header and its fingerprint. */
export interface ExaminedImage extends ImageInfo {
  fingerprint: Fingerprint
}

/** Decoded pixels are held until they are hashed: 50 megapixels take 150 MB. */
const decodes = pLimit(imagesAtOnce)

/**
 * Decodes the whole picture once: that shows whether it is whole, and its pixels give the
 * fingerprint. The pixels are upright (EXIF applied), on white where they are transparent, and
 * 8-bit sRGB whatever the file holds: CMYK, 16 bits, greys, a palette, another profile. Of an
 * animation the first frame is read; a broken later frame is not noticed. Throws {@link RowProblem}
 * `image-too-large` or `image-broken`.
 */
export async function examineImage(bytes: Uint8Array): Promise<ExaminedImage> {
  const { width, height, mediaType } = await readHeader(bytes)
  const fingerprint = await decodes(async () => {
    const { data, info } = await decode(bytes)
    return await fingerprintOf({ data, width: info.width, height: info.height })
  })
  return { width, height, mediaType, fingerprint }
}

const decode = (bytes: Uint8Array) =>
  openImage(bytes)
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw brokenImage(error)
    })
