import sharp from 'sharp'
import type { Random } from './random.ts'
import type { Color, Scene, Shape } from './scene.ts'

export interface PictureSettings {
  /**
   * Width and height in pixels. 56 is two merged patches of Qwen2.5-VL (28 px) each way, one for
   * each cell.
   */
  sizePx: number
  /** Largest change of one colour channel by noise, in levels of 255. */
  noiseLevels: number
  /** Half width of a shape as a share of the cell's width, smallest and largest. */
  radiusShare: readonly [number, number]
  /** Largest move of a shape's centre as a share of the cell's width. */
  shiftShare: number
}

/** Hue in degrees; wide apart, so that jitter never makes one colour pass for another. */
const hueOf: Readonly<Record<Color, number>> = { red: 0, green: 130, blue: 220, yellow: 50 }
const hueJitterDegrees = 7

/**
 * The picture of a scene as PNG bytes. Size, place and shade of each shape, the background and the
 * noise come from `random`, so that two pictures of one scene differ and the same stream gives the
 * same bytes.
 */
export async function drawPicture(scene: Scene, settings: PictureSettings, random: Random): Promise<Buffer> {
  const svg = sceneSvg(scene, settings, random)
  const { data, info } = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const levels = settings.noiseLevels
  for (let index = 0; index < data.length; index += 1) {
    const noisy = (data[index] ?? 0) + Math.round(random.between(-levels, levels))
    data[index] = Math.min(255, Math.max(0, noisy))
  }
  // Filter and compression are fixed so that the bytes do not depend on sharp's defaults.
  return sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } })
    .png({ compressionLevel: 6, adaptiveFiltering: false, palette: false })
    .toBuffer()
}

function sceneSvg(scene: Scene, settings: PictureSettings, random: Random): string {
  const { sizePx } = settings
  const cellWidth = sizePx / scene.columns
  const cellHeight = sizePx / scene.rows
  const cell = Math.min(cellWidth, cellHeight)
  const parts: string[] = []
  for (const [index, content] of scene.cells.entries()) {
    if (content === null) continue
    const shift = settings.shiftShare * cell
    const x = ((index % scene.columns) + 0.5) * cellWidth + random.between(-shift, shift)
    const y = (Math.floor(index / scene.columns) + 0.5) * cellHeight + random.between(-shift, shift)
    const radius = random.between(...settings.radiusShare) * cell
    parts.push(shapeSvg(content.shape, x, y, radius, shade(content.color, random)))
  }
  const background = `hsl(${random.integer(360)},${random.integer(12)}%,${Math.round(random.between(86, 96))}%)`
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${sizePx}" height="${sizePx}">` +
    `<rect width="${sizePx}" height="${sizePx}" fill="${background}"/>${parts.join('')}</svg>`
  )
}

function shade(color: Color, random: Random): string {
  const hue = (hueOf[color] + random.between(-hueJitterDegrees, hueJitterDegrees) + 360) % 360
  const saturation = random.between(68, 92)
  const lightness = random.between(42, 56)
  return `hsl(${hue.toFixed(1)},${saturation.toFixed(1)}%,${lightness.toFixed(1)}%)`
}

function shapeSvg(shape: Shape, x: number, y: number, radius: number, fill: string): string {
  const at = (value: number): string => value.toFixed(2)
  switch (shape) {
    case 'circle':
      return `<circle cx="${at(x)}" cy="${at(y)}" r="${at(radius)}" fill="${fill}"/>`
    case 'square': {
      // A little smaller than the circle's box, so that area alone does not tell the shape.
      const half = radius * 0.9
      return `<rect x="${at(x - half)}" y="${at(y - half)}" width="${at(2 * half)}" height="${at(2 * half)}" fill="${fill}"/>`
    }
    case 'triangle': {
      const top = `${at(x)},${at(y - radius)}`
      const right = `${at(x + radius)},${at(y + radius * 0.85)}`
      const left = `${at(x - radius)},${at(y + radius * 0.85)}`
      return `<polygon points="${top} ${right} ${left}" fill="${fill}"/>`
    }
    default:
      throw new TypeError(`There is no drawing for the shape ${String(shape satisfies never)}.`)
  }
}
