import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { examineImage } from '../../../data/pictures/examine.ts'
import { createRandom } from '../../../demo/random.ts'
import { drawPicture } from '../../../demo/picture.ts'
import { drawScene } from '../../../demo/scene.ts'
import { demoWorld } from '../../../demo/world.ts'
import { pngHeader } from '../pictures.ts'

const fingerprint = async (bytes: Uint8Array) => (await examineImage(bytes)).fingerprint
const blank = (width: number, height: number, background = '#ffffff') =>
  sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer()

const distance = (a: string, b: string) => (BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(2).replaceAll('0', '').length

let scene: Buffer
beforeAll(async () => {
  const random = createRandom(11)
  scene = await drawPicture(
    drawScene({ rows: 3, columns: 4, emptyShare: 0.2, repeatShare: 0.4 }, random),
    { ...demoWorld.picture, sizePx: 336, noiseLevels: 3 },
    random,
  )
})

describe('the look of a picture', () => {
  it('has 64-bit hashes, a hash of pixels and a spread', async () => {
    expect(await fingerprint(scene)).toEqual({
      phash: expect.stringMatching(/^[0-9a-f]{16}$/),
      dhash: expect.stringMatching(/^[0-9a-f]{16}$/),
      pixels: expect.stringMatching(/^[0-9a-f]{64}$/),
      spread: expect.closeTo(40, -2),
    })
  })

  it('is the same to the pixel in every file that keeps them', async () => {
    const expected = await fingerprint(scene)
    const files = {
      compressed: sharp(scene).png({ compressionLevel: 9 }),
      webp: sharp(scene).webp({ lossless: true }),
      tiff: sharp(scene).tiff({ compression: 'deflate' }),
      '16 bits': sharp(scene).toColourspace('rgb16').png(),
      'opaque alpha': sharp(scene).ensureAlpha().png(),
    }
    for (const [name, file] of Object.entries(files))
      expect([name, await fingerprint(await file.toBuffer())]).toEqual([name, expected])
  })

  it('of greys does not depend on their storage', async () => {
    const grey = await sharp(scene).toColourspace('b-w').png().toBuffer()
    const rgb = await sharp(grey).toColourspace('srgb').png().toBuffer()
    const deep = await sharp(grey).toColourspace('grey16').png().toBuffer()
    expect((await sharp(grey).metadata()).space).toBe('b-w')
    expect(await fingerprint(rgb)).toEqual(await fingerprint(grey))
    expect(await fingerprint(deep)).toEqual(await fingerprint(grey))
  })

  it('of a picture with a palette is the look of its colours', async () => {
    const palette = await sharp(scene).png({ palette: true, colours: 16 }).toBuffer()
    const plain = sharp(await sharp(palette).raw().toBuffer(), { raw: { width: 336, height: 336, channels: 3 } })
    expect((await sharp(palette).metadata()).isPalette).toBe(true)
    expect(await fingerprint(palette)).toEqual(await fingerprint(await plain.png().toBuffer()))
  })

  it('shows transparent pixels on white', async () => {
    const hole = await sharp(scene).ensureAlpha(0).png().toBuffer()
    expect(await fingerprint(hole)).toEqual(await fingerprint(await blank(336, 336)))
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('is that of the upright picture at EXIF orientation %i', async (orientation) => {
    const turned = await sharp(scene).withMetadata({ orientation }).png().toBuffer()
    const upright = await sharp(turned).autoOrient().png().toBuffer()
    expect(await fingerprint(turned)).toEqual(await fingerprint(upright))
    const { phash } = await fingerprint(scene)
    const far = distance((await fingerprint(turned)).phash, phash)
    expect(far > 8).toBe(orientation !== 1)
  })

  it.each(['jpeg', 'webp', 'avif', 'CMYK jpeg', 'half the size', 'twice the size', 'darker', 'cut by a pixel'])(
    'stays near as %s',
    async (how) => {
      const changed = {
        jpeg: () => sharp(scene).jpeg({ quality: 50 }),
        webp: () => sharp(scene).webp({ quality: 50 }),
        avif: () => sharp(scene).avif({ quality: 40 }),
        'CMYK jpeg': () => sharp(scene).toColourspace('cmyk').jpeg(),
        'half the size': () => sharp(scene).resize(168, 168).png(),
        'twice the size': () => sharp(scene).resize(700, 700).png(),
        darker: () => sharp(scene).linear(0.8, 0).png(),
        'cut by a pixel': () => sharp(scene).extract({ left: 1, top: 1, width: 334, height: 334 }).png(),
      }[how]
      const [before, after] = [await fingerprint(scene), await fingerprint(await changed!().toBuffer())]
      expect(distance(after.phash, before.phash)).toBeLessThanOrEqual(4)
      expect(distance(after.dhash, before.dhash)).toBeLessThanOrEqual(4)
      expect(after.pixels).not.toBe(before.pixels)
    },
  )

  it('of a blank picture has no spread', async () => {
    expect(await fingerprint(await blank(60, 40))).toMatchObject({ phash: '0'.repeat(16), spread: 0 })
    expect((await fingerprint(await blank(60, 40))).pixels).not.toBe((await fingerprint(await blank(40, 60))).pixels)
    expect((await fingerprint(await blank(1, 1))).spread).toBe(0)
  })

  it('of an animation is the look of its first frame', async () => {
    const frames = [scene, await sharp(scene).negate().toBuffer()]
    const animation = await sharp(frames, { join: { animated: true } })
      .webp({ lossless: true })
      .toBuffer()
    expect((await sharp(animation).metadata()).pages).toBe(2)
    expect(await examineImage(animation)).toMatchObject({ width: 336, height: 336, mediaType: 'image/webp' })
    expect(await fingerprint(animation)).toEqual(await fingerprint(scene))
  })
})

describe('an unusable picture', () => {
  it('is refused by its header if it claims 100,000 × 100,000 pixels', async () => {
    await expect(examineImage(pngHeader(100_000, 100_000))).rejects.toMatchObject({ reason: 'image-too-large' })
  })

  it('is refused if a small file would decode to hundreds of megabytes', async () => {
    const bomb = await blank(9000, 9000)
    expect(bomb.length).toBeLessThan(1_000_000)
    await expect(examineImage(bomb)).rejects.toMatchObject({ reason: 'image-too-large' })
  })

  it.each(['png', 'jpeg', 'webp', 'gif', 'tiff'] as const)('is refused as a cut %s', async (format) => {
    const whole = await sharp(scene).toFormat(format).toBuffer()
    for (const share of [0.1, 0.5, 0.9])
      await expect(examineImage(whole.subarray(0, Math.floor(whole.length * share)))).rejects.toMatchObject({
        name: 'RowProblem',
        reason: 'image-broken',
      })
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(512)],
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9"/></svg>')],
    ['a PDF', Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF')],
  ])('is refused as %s', async (_, bytes) => {
    await expect(examineImage(bytes)).rejects.toMatchObject({ reason: 'image-broken' })
  })
})
