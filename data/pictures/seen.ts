import type { Sharp } from 'sharp'
import { brokenImage, openImage } from './open.ts'
import type { ImageHeader } from './open.ts'

/**
 * The picture as the model sees it. Import, requests, training, serving and exports all show these
 * pixels (docs/pictures.md):
 *
 * - the first frame of an animation;
 * - upright, by the orientation that EXIF names;
 * - in sRGB, by the embedded colour profile. CMYK without a profile counts as libvips' own CMYK.
 *   A profile named sRGB is left out, because it changes no colour by more than rounding;
 * - on white where it is transparent, each channel rounded down;
 * - three channels of 8 bits. Of 16 bits the high byte counts.
 *
 * White and not black: most transparent pictures are drawings and screenshots with dark lines,
 * which vanish on black.
 *
 * One program makes these pixels, this one. Where a stored file is not plain ({@link isPlain}),
 * requests, jobs and exports get a PNG of the pixels in its place (seen-files.ts), so other
 * servers and trainers see them too, however they decode. A second decoder in Python for the files
 * themselves was rejected as the only way: LLaMA-Factory, verl, vLLM and others open pictures with
 * Pillow's `convert("RGB")`, and nothing here can change that. trainer/hone_trainer/seen.py makes
 * the same pixels for pictures that did not come through Hone. tests/data/pictures/seen.test.ts
 * compares all ways.
 */
export const openSeen = (bytes: Uint8Array): Sharp =>
  openImage(bytes).autoOrient().flatten({ background: '#ffffff' }).toColourspace('srgb')

/** Formats that Pillow, OpenCV and browsers decode to the same pixels. */
const commonFormats = new Set(['png', 'jpeg', 'webp'])

/**
 * Whether every decoder that only asks for RGB gives the pixels of {@link openSeen}: a PNG, JPEG or
 * WebP of a single frame, upright, without transparency, with 8-bit greys or RGB, and without a
 * colour profile other than sRGB.
 */
export const isPlain = ({ format, rotated, hasAlpha, isDeep, space, frames, profile }: ImageHeader): boolean =>
  commonFormats.has(format) &&
  !rotated &&
  !hasAlpha &&
  !isDeep &&
  (space === 'srgb' || space === 'b-w') &&
  frames === 1 &&
  profile !== 'other'

/**
 * The pixels of {@link openSeen} as a PNG, without metadata. The same bytes give the same PNG with
 * the same version of sharp. Throws RowProblem `image-broken`.
 */
export async function seenPng(bytes: Uint8Array): Promise<Buffer> {
  try {
    return await openSeen(bytes).png().toBuffer()
  } catch (error) {
    throw brokenImage(error)
  }
}
