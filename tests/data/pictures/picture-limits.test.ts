import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { createImages } from '../../../data/pictures/prepare.ts'
import type { PictureLimits } from '../../../models/endpoint.ts'
import { png } from '../pictures.ts'

/** The picture as it is sent. */
async function sent(bytes: Buffer, limits: Partial<PictureLimits>) {
  const images = createImages({ source: { read: () => Promise.resolve(bytes) } })
  const [head = '', text = ''] = (await images.dataUrl('h', { maxPixels: 1_003_520, ...limits })).split(',')
  const out = Buffer.from(text, 'base64')
  const { format, width, height } = await sharp(out).metadata()
  return { head, out, format, width, height }
}
const plain = (width: number, height: number, alpha = 1) =>
  sharp({ create: { width, height, channels: 4, background: { r: 200, g: 10, b: 10, alpha } } })
const refusal = (bytes: Buffer, limits: Partial<PictureLimits>) =>
  sent(bytes, limits).then(
    () => null,
    (error: unknown) => error,
  )

describe('formats', () => {
  it('an accepted picture is sent as its own bytes, also a WebP where WebP is accepted', async () => {
    const webp = await plain(60, 40).webp().toBuffer()
    expect((await sent(webp, { formats: ['png', 'webp'] })).out).toEqual(webp)
    const jpeg = await plain(60, 40).jpeg().toBuffer()
    expect((await sent(jpeg, { formats: ['jpeg'] })).out).toEqual(jpeg)
  })

  it('another picture is converted to the first format, and the data URL says so', async () => {
    const source = await png(60, 40)
    for (const format of ['jpeg', 'webp', 'gif'] as const) {
      const found = await sent(source, { formats: [format] })
      expect(found).toMatchObject({ format, width: 60, height: 40, head: `data:image/${format};base64` })
    }
  })

  it('a transparent picture is on white when it becomes a JPEG', async () => {
    const { out } = await sent(await plain(60, 40, 0).png().toBuffer(), { formats: ['jpeg'] })
    const [red = 0, green = 0, blue = 0] = await sharp(out).raw().toBuffer()
    expect([red, green, blue]).toEqual([255, 255, 255])
  })

  it('without a list, a WebP becomes the very JPEG that earlier versions sent', async () => {
    const webp = await sharp(await png(60, 40))
      .webp()
      .toBuffer()
    const before = await sharp(webp).autoOrient().toColourspace('srgb').jpeg({ quality: 95 }).toBuffer()
    expect((await sent(webp, {})).out).toEqual(before)
  })
})

describe('bytes', () => {
  it('a picture within the limit is sent as its own bytes', async () => {
    const bytes = await png(100, 100)
    expect((await sent(bytes, { maxBytes: bytes.length })).out).toEqual(bytes)
  })

  it('a larger JPEG loses quality before it loses pixels', async () => {
    const jpeg = await sharp(await png(400, 300))
      .jpeg({ quality: 98 })
      .toBuffer()
    const found = await sent(jpeg, { maxBytes: Math.floor(jpeg.length * 0.7) })
    expect(found).toMatchObject({ format: 'jpeg', width: 400, height: 300 })
    expect(found.out.length).toBeLessThanOrEqual(jpeg.length * 0.7)
  })

  it.each([60_000, 20_000])('a picture of noise is brought under %i bytes, as JPEG and as PNG', async (maxBytes) => {
    const bytes = await png(400, 300)
    for (const formats of [undefined, ['jpeg'], ['png']] as const) {
      const { out, format, width, height } = await sent(bytes, { maxBytes, formats })
      expect(out.length).toBeLessThanOrEqual(maxBytes)
      expect(formats ?? ['png', 'jpeg']).toContain(format)
      expect(Math.abs(width / height - 4 / 3)).toBeLessThan(0.1)
    }
  })

  it('a picture that cannot be made so small is a problem of its row', async () => {
    expect(await refusal(await png(400, 300), { maxBytes: 1024, formats: ['png'] })).toMatchObject({
      name: 'RowProblem',
      reason: 'image-too-large',
    })
  })
})

describe('the smallest side', () => {
  it.each([
    [1, 1, 28, [28, 28]],
    [27, 257, 28, [28, 267]],
    [40, 10, 11, [44, 11]],
  ])('%i×%i pixels are enlarged to %i on the short side', async (width, height, minSide, size) => {
    const found = await sent(await png(width, height), { minSide })
    expect([found.width, found.height]).toEqual(size)
  })

  it('a picture that is large enough is sent as its own bytes', async () => {
    const bytes = await png(28, 28)
    expect((await sent(bytes, { minSide: 28 })).out).toEqual(bytes)
  })

  it('a picture that would exceed the largest area is a problem of its row', async () => {
    const flat = await png(10, 1000)
    expect(await refusal(flat, { minSide: 100, maxPixels: 500_000 })).toMatchObject({ reason: 'image-too-flat' })
  })
})
