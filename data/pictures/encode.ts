import type { PictureFormat } from '../../domain/recipe/call-options.ts'
import { RowProblem } from '../../domain/row-problem.ts'
import type { PictureLimits } from '../../models/endpoint.ts'
import { fitToPatches } from './fit.ts'
import type { ImageHeader } from './open.ts'
import { openSeen } from './seen.ts'

interface Size {
  width: number
  height: number
}

/** Side of a patch in pixels when the endpoint names none: the side of Qwen2-VL and Qwen2.5-VL. */
export const usualPatch = 28

/**
 * The size in which a picture is sent; null when it keeps its own. Throws {@link RowProblem}
 * `image-too-flat` for a picture that cannot have both the smallest side and the largest area.
 */
export function sizeOf(width: number, height: number, limits: PictureLimits): Size | null {
  const { maxPixels, patch = usualPatch, minSide = 1 } = limits
  const fitted = width * height > maxPixels ? fitToPatches(width, height, { maxPixels, patch }) : null
  const size = fitted ?? { width, height }
  const shortest = Math.min(size.width, size.height)
  if (shortest >= minSide) return fitted
  const scale = minSide / shortest
  const enlarged = { width: Math.ceil(size.width * scale), height: Math.ceil(size.height * scale) }
  if (enlarged.width * enlarged.height <= maxPixels) return enlarged
  throw new RowProblem(
    'image-too-flat',
    `the picture is ${width}×${height} pixels: with ${minSide} pixels on its short side it has more than ${maxPixels} in all`,
  )
}

const jpegQualities = [95, 85, 75, 60] as const
const smallestStep = 0.8
/** A picture that had to become so small shows nothing any more. */
const smallestSide = 64

/**
 * A picture as the data URL of a request: as the model sees it, in an allowed format, in the given
 * size, and within the limit of bytes. JPEG loses quality first, then the sides shrink. A PNG that
 * is too large becomes a JPEG where the endpoint takes JPEG. Throws {@link RowProblem}
 * `image-too-large` when no form is small enough.
 */
export async function encodeWithin(
  bytes: Buffer,
  header: ImageHeader,
  size: Size | null,
  limits: PictureLimits,
): Promise<string> {
  const { maxBytes = Infinity } = limits
  const whole = size ?? { width: header.width, height: header.height }
  for (let scale = 1; Math.min(whole.width, whole.height) * scale >= 1; scale *= smallestStep) {
    const scaled = scale === 1 ? size : scaledBy(whole, scale)
    for (const form of formsOf(header, limits)) {
      const encoded = await encode(bytes, form, scaled)
      if (encoded.length <= maxBytes) return `data:image/${form.format};base64,${encoded.toString('base64')}`
    }
    const next = scaledBy(whole, scale * smallestStep)
    if (Math.min(next.width, next.height) < Math.max(limits.minSide ?? 1, smallestSide)) break
  }
  throw new RowProblem('image-too-large', `the picture cannot be made smaller than ${maxBytes} bytes`)
}

const scaledBy = ({ width, height }: Size, scale: number): Size => ({
  width: Math.max(1, Math.round(width * scale)),
  height: Math.max(1, Math.round(height * scale)),
})

interface Form {
  format: PictureFormat
  quality?: number
}

/** Forms to try, the best first. Without a limit of bytes only the first one counts. */
function formsOf({ format, hasAlpha }: ImageHeader, { formats, maxBytes }: PictureLimits): Form[] {
  const takes = (wanted: PictureFormat) => !formats || formats.includes(wanted)
  const usual = format !== 'jpeg' && (format === 'png' || hasAlpha) ? 'png' : 'jpeg'
  const first = takes(usual) ? usual : (formats?.[0] ?? usual)
  const jpegs = jpegQualities.map((quality): Form => ({ format: 'jpeg', quality }))
  if (first === 'jpeg') return maxBytes === undefined ? jpegs.slice(0, 1) : jpegs
  return [{ format: first }, ...(maxBytes !== undefined && takes('jpeg') ? jpegs : [])]
}

async function encode(bytes: Buffer, { format, quality }: Form, size: Size | null): Promise<Buffer> {
  let picture = openSeen(bytes)
  if (size) picture = picture.resize({ ...size, fit: 'fill' })
  if (format === 'png') return await picture.png().toBuffer()
  if (format === 'webp') return await picture.webp({ quality: 95 }).toBuffer()
  if (format === 'gif') return await picture.gif().toBuffer()
  return await picture.jpeg({ quality: quality ?? 95 }).toBuffer()
}
