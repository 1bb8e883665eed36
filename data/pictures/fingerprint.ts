import { createHash, subtle } from 'node:crypto'
import sharp from 'sharp'
import type { Fingerprint } from '../../domain/rows.ts'

/** Upright 8-bit sRGB pixels, three bytes each, row by row from the top left. */
export interface Pixels {
  data: Buffer
  width: number
  height: number
}

/** Side of the square of greys to which the picture is reduced for both hashes. */
const size = 32
/**
 * Pictures with a shorter side are averaged here: sharp moves edges where it enlarges, which
 * changed up to 16 bits of a hash.
 */
const smallest = 2 * size
const low = 8

/**
 * What a picture looks like, in numbers that stay nearly the same when it is re-encoded or resized.
 *
 * - `phash`: type-II DCT of 32×32 greys, a bit for each of the 8×8 lowest frequencies above their
 *   median. The first term (the mean grey) takes no part in the median, and its bit is always 0.
 * - `dhash`: whether a grey is darker than its right neighbour by more than 2 levels of 255, in 8
 *   rows of 9.
 * - `pixels`: SHA-256 of the size and of the SHA-256 of the pixels. It depends on the decoder's
 *   version.
 * - `spread`: standard deviation of the reduced greys, from 0 for a plain picture.
 *
 * docs/decisions/2026-11-21-picture-fingerprints.md has the sources and the rejected forms.
 */
export async function fingerprintOf(pixels: Pixels): Promise<Fingerprint> {
  const [greys, digest] = await Promise.all([
    reduce(pixels),
    // Runs on one of Node's threads. createHash would keep all others waiting for megabytes.
    subtle.digest('SHA-256', pixels.data),
  ])
  return {
    phash: perceptualHash(greys),
    dhash: differenceHash(boxMeans(greys, [size, size], [9, 8])),
    pixels: createHash('sha256')
      .update(`${pixels.width}x${pixels.height}:${Buffer.from(digest).toString('hex')}`)
      .digest('hex'),
    spread: spreadOf(greys),
  }
}

/**
 * 32×32 greys, 0 to 255. Colours are reduced first and then made grey: the other order takes six
 * times as long.
 */
async function reduce({ data, width, height }: Pixels): Promise<Float64Array> {
  if (Math.min(width, height) < smallest) return boxMeans(greysOf(data), [width, height], [size, size])
  const colours = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize({ width: size, height: size, fit: 'fill', kernel: 'lanczos3' })
    .raw({ depth: 'uchar' })
    .toBuffer()
  return greysOf(colours)
}

/** Luma of ITU-R BT.601, as most programs turn colours grey. */
const greysOf = (colours: Uint8Array): Float64Array =>
  Float64Array.from(
    { length: colours.length / 3 },
    (_, at) => 0.299 * (colours[3 * at] ?? 0) + 0.587 * (colours[3 * at + 1] ?? 0) + 0.114 * (colours[3 * at + 2] ?? 0),
  )

type Shape = readonly [columns: number, rows: number]

/** Means of equal boxes of a picture. A box may hold a part of a pixel. */
function boxMeans(greys: Float64Array, from: Shape, [columns, rows]: Shape): Float64Array {
  const narrowed = new Float64Array(columns * from[1])
  for (const [x, column, share] of shares(from[0], columns))
    for (let y = 0; y < from[1]; y++) {
      const at = y * columns + column
      narrowed[at] = (narrowed[at] ?? 0) + share * (greys[y * from[0] + x] ?? 0)
    }
  const means = new Float64Array(columns * rows)
  for (const [y, row, share] of shares(from[1], rows))
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column
      means[at] = (means[at] ?? 0) + share * (narrowed[y * columns + column] ?? 0)
    }
  return means
}

/** Which part of each box (0 to 1) a pixel of a line fills. */
function* shares(pixels: number, boxes: number): Generator<[pixel: number, box: number, share: number]> {
  const width = pixels / boxes
  for (let box = 0; box < boxes; box++)
    for (let pixel = Math.floor(box * width); pixel < Math.min(pixels, (box + 1) * width); pixel++) {
      const covered = Math.min(pixel + 1, (box + 1) * width) - Math.max(pixel, box * width)
      if (covered > 0) yield [pixel, box, covered / width]
    }
}

/**
 * Cosines of the DCT-II: `cosines[frequency * 32 + place]`. Scaling does not matter where only the
 * order counts.
 */
const cosines = Float64Array.from({ length: low * size }, (_, index) =>
  Math.cos((Math.PI * (2 * (index % size) + 1) * Math.floor(index / size)) / (2 * size)),
)

function perceptualHash(greys: Float64Array): string {
  const columns = new Float64Array(low * size)
  for (let v = 0; v < low; v++)
    for (let x = 0; x < size; x++) {
      let sum = 0
      for (let y = 0; y < size; y++) sum += (greys[y * size + x] ?? 0) * (cosines[v * size + y] ?? 0)
      columns[v * size + x] = sum
    }
  const terms: number[] = []
  for (let v = 0; v < low; v++)
    for (let u = 0; u < low; u++) {
      let sum = 0
      for (let x = 0; x < size; x++) sum += (columns[v * size + x] ?? 0) * (cosines[u * size + x] ?? 0)
      // The rest of rounding in a symmetric picture is no frequency of it.
      terms.push(Math.abs(sum) < 1e-6 ? 0 : sum)
    }
  // 63 terms without the first: the 32nd in order is the one in the middle.
  const median = terms.slice(1).toSorted((a, b) => a - b)[31] ?? 0
  return hexOf(terms.map((term, index) => index > 0 && term > median))
}

/** A difference of fewer grey levels comes from the encoder, not from the picture. */
const leastDifference = 2

function differenceHash(greys: Float64Array): string {
  const bits: boolean[] = []
  for (let y = 0; y < 8; y++)
    for (let x = 0; x < 8; x++) bits.push((greys[y * 9 + x + 1] ?? 0) - (greys[y * 9 + x] ?? 0) > leastDifference)
  return hexOf(bits)
}

/** 64 bits as 16 hexadecimal digits, the first bit highest. */
function hexOf(bits: readonly boolean[]): string {
  let hex = ''
  for (let start = 0; start < 64; start += 4)
    hex += bits
      .slice(start, start + 4)
      .reduce((digit, bit) => digit * 2 + (bit ? 1 : 0), 0)
      .toString(16)
  return hex
}

function spreadOf(greys: Float64Array): number {
  let sum = 0
  let squares = 0
  for (const grey of greys) {
    sum += grey
    squares += grey * grey
  }
  const mean = sum / greys.length
  return Math.sqrt(Math.max(0, squares / greys.length - mean * mean))
}
