import pLimit from 'p-limit'
import type { Fingerprint } from '../../domain/rows.ts'
import { fingerprintOf } from './fingerprint.ts'
import { brokenImage, imagesAtOnce, readHeader } from './open.ts'
import type { ImageInfo } from './open.ts'
import { openSeen } from './seen.ts'

/** A whole picture: its header and its fingerprint. */
export interface ExaminedImage extends ImageInfo {
  fingerprint: Fingerprint
}

/** Decoded pixels are held until they are hashed: 50 megapixels take 150 MB. */
const decodes = pLimit(imagesAtOnce)

/**
 * Decodes the whole picture once: that shows whether it is whole, and its pixels give the
 * fingerprint. The pixels are those of {@link openSeen}. A broken later frame of an animation is
 * not noticed. Throws {@link RowProblem} `image-too-large` or `image-broken`.
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
  openSeen(bytes)
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw brokenImage(error)
    })
