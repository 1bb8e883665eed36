import { createHash } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { z } from 'zod'
import { honeCache } from '../../services/home.ts'
import { numberSegment } from './picture-number.ts'

const picture = z.object({
  number: z.number(),
  hash: z.string(),
  path: z.string(),
  bytes: z.number(),
  width: z.number(),
  height: z.number(),
})
/** One JPEG file of the bench; `path` is absolute. */
export type Picture = z.infer<typeof picture>

/**
 * `real`: 50 KB, the size of a photograph of 320 × 240. `small`: 1 KB, for runs with very many
 * rows.
 */
export type PictureKind = 'real' | 'small'

const sizes = {
  real: { width: 320, height: 240, noise: 85, quality: 93 },
  small: { width: 56, height: 56, noise: 4, quality: 50 },
} as const
const drawings = 50

/**
 * Folder of the pictures in the form of an artifact store, so that Hone reads the same files as all
 * other clients.
 */
export const picturesStore = (kind: PictureKind): string => join(honeCache(), 'bench', `pictures-1-${kind}`)

/**
 * The first `count` pictures. Makes the missing ones: fifty drawings under noise, each file with
 * its number in a comment.
 */
export async function benchPictures(kind: PictureKind, count: number): Promise<Picture[]> {
  const root = picturesStore(kind)
  const indexFile = join(root, 'index.json')
  const known = existsSync(indexFile) ? z.array(picture).parse(JSON.parse(readFileSync(indexFile, 'utf8'))) : []
  if (known.length >= count) return known.slice(0, count)
  const drawn = await Promise.all(Array.from({ length: drawings }, (_, index) => draw(kind, index)))
  const { width, height } = sizes[kind]
  for (let number = known.length; number < count; number++) {
    const plain = drawn[number % drawings] ?? Buffer.alloc(0)
    const bytes = Buffer.concat([plain.subarray(0, 2), numberSegment(number), plain.subarray(2)])
    const hash = createHash('sha256').update(bytes).digest('hex')
    const stored = join(root, 'images', hash.slice(0, 2), hash)
    // The same file under a name with the ending that some clients expect.
    const path = join(root, 'files', `${number}.jpg`)
    for (const folder of [dirname(stored), dirname(path)]) mkdirSync(folder, { recursive: true })
    writeFileSync(stored, bytes)
    rmSync(path, { force: true })
    linkSync(stored, path)
    known.push({ number, hash, path, bytes: bytes.length, width, height })
  }
  writeFileSync(`${indexFile}.new`, JSON.stringify(known))
  renameSync(`${indexFile}.new`, indexFile)
  return known
}

/** Discs over a gradient, under noise that keeps the JPEG from becoming small. */
async function draw(kind: PictureKind, index: number): Promise<Buffer> {
  const { width, height, noise, quality } = sizes[kind]
  let state = index + 1
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  const discs = Array.from({ length: 5 }, () => ({
    x: random() * width,
    y: random() * height,
    radius: (0.05 + random() * 0.2) * width,
    colour: [random() * 200, random() * 200, random() * 200],
  }))
  const pixels = Buffer.alloc(width * height * 3)
  for (let at = 0; at < width * height; at++) {
    const x = at % width
    const y = Math.floor(at / width)
    const disc = discs.find((one) => (x - one.x) ** 2 + (y - one.y) ** 2 < one.radius ** 2)
    for (let band = 0; band < 3; band++) {
      const base = disc?.colour[band] ?? (200 * x) / width
      pixels[3 * at + band] = Math.max(0, Math.min(255, base + random() * noise))
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer()
}
