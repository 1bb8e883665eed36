import sharp from 'sharp'
import { colorNames } from '../scene.ts'
import type { Cell, Color, Grid, Scene, Shape } from '../scene.ts'

/** Where one colour ends and the next begins on the hue circle, in degrees. */
const hueRanges: Readonly<Record<Color, readonly [number, number]>> = {
  red: [-30, 25],
  yellow: [25, 85],
  green: [85, 175],
  blue: [175, 275],
}
/**
 * Chroma (largest minus smallest channel) of a pixel that surely belongs to a shape; paper and
 * noise stay below 60.
 */
const strongChroma = 90
/** A shape covers at least this share of its cell; less is a speck. */
const smallestAreaShare = 0.06
/** Pictures beyond this are refused before they are decoded. */
const maxInputPixels = 4_000_000

/** The bytes are no picture that can be decoded, or it is too large. */
export class UnreadablePicture extends Error {
  override name = 'UnreadablePicture'
}

/**
 * Reads a scene from the pixels of a PNG, JPEG or any other format that sharp decodes. The picture
 * is cut into the cells of `grid`; in each cell the coloured pixels give the colour by their mean
 * hue, and the shape by how much of their bounding box they fill: a square all, a circle π/4, a
 * triangle half. Throws UnreadablePicture.
 */
export async function readScene(image: Buffer, grid: Grid): Promise<Scene> {
  const pixels = await decode(image)
  const cells: Cell[] = []
  for (let row = 0; row < grid.rows; row += 1) {
    for (let column = 0; column < grid.columns; column += 1) {
      cells.push(
        readCell(pixels, {
          left: Math.round((column * pixels.width) / grid.columns),
          right: Math.round(((column + 1) * pixels.width) / grid.columns),
          top: Math.round((row * pixels.height) / grid.rows),
          bottom: Math.round(((row + 1) * pixels.height) / grid.rows),
        }),
      )
    }
  }
  return { rows: grid.rows, columns: grid.columns, cells }
}

interface Pixels {
  data: Buffer
  width: number
  height: number
}
interface Box {
  left: number
  right: number
  top: number
  bottom: number
}

async function decode(image: Buffer): Promise<Pixels> {
  try {
    const { data, info } = await sharp(image, { limitInputPixels: maxInputPixels, failOn: 'error' })
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true })
    return { data, width: info.width, height: info.height }
  } catch (cause) {
    throw new UnreadablePicture('The picture can not be decoded. Send a whole PNG or JPEG of at most 4 megapixels.', {
      cause,
    })
  }
}

function readCell(pixels: Pixels, box: Box): Cell {
  const strong = colored(pixels, box, strongChroma)
  if (strong.count < smallestAreaShare * (box.right - box.left) * (box.bottom - box.top)) return null
  const color = colorNames.find((each) => {
    const [from, to] = hueRanges[each]
    return (strong.hue >= from && strong.hue < to) || (strong.hue - 360 >= from && strong.hue - 360 < to)
  })
  if (color === undefined) return null
  // Half the shape's own chroma is where its soft edge is half covered, so the area comes out
  // unbiased.
  const whole = colored(pixels, box, strong.chroma / 2)
  return { color, shape: shapeOf(whole.count / whole.boxArea) }
}

function shapeOf(fill: number): Shape {
  if (fill > 0.86) return 'square'
  return fill > 0.66 ? 'circle' : 'triangle'
}

/**
 * The pixels of a box whose chroma is above a threshold: how many, their bounding box, mean chroma
 * and mean hue.
 */
function colored(
  { data, width }: Pixels,
  box: Box,
  threshold: number,
): { count: number; boxArea: number; chroma: number; hue: number } {
  let count = 0
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity]
  let [chromaSum, alpha, beta] = [0, 0, 0]
  for (let y = box.top; y < box.bottom; y += 1) {
    for (let x = box.left; x < box.right; x += 1) {
      const at = (y * width + x) * 3
      const [r, g, b] = [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0]
      const chroma = Math.max(r, g, b) - Math.min(r, g, b)
      if (chroma < threshold) continue
      count += 1
      chromaSum += chroma
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = Math.max(bottom, y)
      // Hue as a direction in the plane of red, green and blue at 120 degrees each; sums average it
      // without a seam.
      alpha += r - (g + b) / 2
      beta += (Math.sqrt(3) / 2) * (g - b)
    }
  }
  const hue = ((Math.atan2(beta, alpha) * 180) / Math.PI + 360) % 360
  const boxArea = count === 0 ? 0 : (right - left + 1) * (bottom - top + 1)
  return { count, boxArea, chroma: count === 0 ? 0 : chromaSum / count, hue }
}
