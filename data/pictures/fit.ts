import { RowProblem } from '../../domain/row-problem.ts'

/** Limits of a model's own picture processor, in pixels. */
export interface PatchLimits {
  maxPixels: number
  /** Smaller pictures are enlarged. Without this limit they keep their size. */
  minPixels?: number
  /**
   * Sides are multiples of it: 28 for Qwen2-VL and Qwen2.5-VL (2×2 patches of 14 merged), 32 for
   * Qwen3-VL (patches of 16).
   */
  patch: number
}

interface Size {
  width: number
  height: number
}

const maxRatio = 200

/**
 * The size that the image processor of the Qwen-VL family would give a picture, as `smart_resize`
 * of transformers' Qwen2VLImageProcessor does. Each side goes to the nearest multiple of `patch`
 * and to at least one patch. Halves go to the even multiple, as Python rounds. An area over
 * `maxPixels` shrinks both sides by one factor, rounded down; an area under `minPixels` grows them,
 * rounded up. A picture that is sent in this size is not resized again.
 *
 * It is stricter in two places. Where the short side of a very flat picture was rounded up to a
 * patch, the long side pays for it, so that `maxPixels` always holds. Limits below one patch are
 * kept by single pixels.
 *
 * Throws {@link RowProblem} `image-too-flat` where one side is over 200 times the other, which the
 * processor refuses too.
 */
export function fitToPatches(width: number, height: number, { maxPixels, minPixels = 0, patch }: PatchLimits): Size {
  if (Math.max(width, height) > maxRatio * Math.min(width, height))
    throw new RowProblem(
      'image-too-flat',
      `the picture is ${width}×${height} pixels; one side may be ${maxRatio} times the other at most`,
    )
  const step = maxPixels >= patch * patch ? patch : 1
  const toStep = (pixels: number, round: (steps: number) => number) => Math.max(step, round(pixels / step) * step)
  const nearest = { width: toStep(width, roundHalfEven), height: toStep(height, roundHalfEven) }
  const area = nearest.width * nearest.height
  if (area > maxPixels) {
    const scale = Math.sqrt((width * height) / maxPixels)
    const smaller = { width: toStep(width / scale, Math.floor), height: toStep(height / scale, Math.floor) }
    const longest = (short: number) => toStep(maxPixels / short, Math.floor)
    return width < height
      ? { width: smaller.width, height: Math.min(smaller.height, longest(smaller.width)) }
      : { width: Math.min(smaller.width, longest(smaller.height)), height: smaller.height }
  }
  if (area < minPixels) {
    const scale = Math.sqrt(minPixels / (width * height))
    return { width: toStep(width * scale, Math.ceil), height: toStep(height * scale, Math.ceil) }
  }
  return nearest
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}
