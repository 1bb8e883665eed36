import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { examineImage } from '../../../data/pictures/examine.ts'
import { createImages } from '../../../data/pictures/prepare.ts'
import { png, pngHeader } from '../pictures.ts'

const decode = (url: string) => sharp(Buffer.from(url.split(',')[1] ?? '', 'base64'))
const imagesOf = (bytes: Buffer, cacheBytes?: number) => {
  const reads: string[] = []
  const source = { read: async (hash: string) => (reads.push(hash), bytes) }
  return { reads, images: createImages({ source, ...(cacheBytes === undefined ? {} : { cacheBytes }) }) }
}

describe('looking at a picture', () => {
  it('tells size and type', async () => {
    expect(await examineImage(await png(56, 28))).toMatchObject({ width: 56, height: 28, mediaType: 'image/png' })
  })

  it('tells the size after EXIF rotation', async () => {
    const turned = await sharp(await png(40, 20))
      .jpeg()
      .withMetadata({ orientation: 6 })
      .toBuffer()
    expect(await examineImage(turned)).toMatchObject({ width: 20, height: 40, mediaType: 'image/jpeg' })
  })

  it('refuses a truncated PNG and JPEG', async () => {
    const whole = await png(200, 200)
    const jpeg = await sharp(whole).jpeg().toBuffer()
    for (const bytes of [whole.subarray(0, whole.length - 200), jpeg.subarray(0, jpeg.length - 100)])
      await expect(examineImage(bytes)).rejects.toMatchObject({ name: 'RowProblem', reason: 'image-broken' })
  })

  it('refuses a 100-megapixel PNG by its header, at once', async () => {
    const began = performance.now()
    const refused = examineImage(pngHeader(10_000, 10_000))
    await expect(refused).rejects.toMatchObject({ reason: 'image-too-large' })
    await expect(refused).rejects.toThrow('10000×10000')
    expect(performance.now() - began).toBeLessThan(500)
  })

  it.each([
    ['nothing', ''],
    ['words', 'hello'],
    ['an SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
  ])('refuses %s', async (_, text) => {
    await expect(examineImage(Buffer.from(text))).rejects.toMatchObject({ reason: 'image-broken' })
  })
})

describe('sending a picture', () => {
  it('leaves a PNG that fits as it is', async () => {
    const bytes = await png(56, 56)
    const url = await imagesOf(bytes).images.dataUrl('h', { maxPixels: 1_003_520 })
    expect(url).toBe(`data:image/png;base64,${bytes.toString('base64')}`)
  })

  it('shrinks to multiples of 28 within the limit', async () => {
    const meta = await decode(
      await imagesOf(await png(400, 300)).images.dataUrl('h', { maxPixels: 28 * 28 * 20 }),
    ).metadata()
    expect([meta.width % 28, meta.height % 28]).toEqual([0, 0])
    expect(meta.width * meta.height).toBeLessThanOrEqual(28 * 28 * 20)
  })

  it('reads only the header of a picture that fits, because the import has decoded it', async () => {
    const whole = await png(200, 200)
    const cut = whole.subarray(0, whole.length - 200)
    const url = await imagesOf(cut).images.dataUrl('h', { maxPixels: 1e6 })
    expect(url).toBe(`data:image/png;base64,${cut.toString('base64')}`)
  })

  it('shrinks to the patches of each model, with an encoding for each', async () => {
    const { images, reads } = imagesOf(await png(400, 300))
    const sizeAt = async (patch?: number) => {
      const { width, height } = await decode(await images.dataUrl('h', { maxPixels: 32 * 32 * 20, patch })).metadata()
      return [width, height]
    }
    expect(await sizeAt(32)).toEqual([160, 96])
    expect(await sizeAt(28)).toEqual([140, 112])
    expect(await sizeAt()).toEqual([140, 112])
    expect(reads).toHaveLength(2)
  })

  it('turns by EXIF and writes other formats as PNG or JPEG', async () => {
    const turned = await sharp(await png(40, 20))
      .webp()
      .withMetadata({ orientation: 6 })
      .toBuffer()
    const url = await imagesOf(turned).images.dataUrl('h', { maxPixels: 1_000_000 })
    expect(await decode(url).metadata()).toMatchObject({ width: 20, height: 40 })
    expect(url).toMatch(/^data:image\/(png|jpeg);/)
  })

  it('encodes once for all callers, and again after the picture left the cache', async () => {
    const bytes = await png(56, 56)
    const { images, reads } = imagesOf(bytes, bytes.length * 3.5)
    await Promise.all([images.dataUrl('a', { maxPixels: 1e6 }), images.dataUrl('a', { maxPixels: 1e6 })])
    await images.dataUrl('a', { maxPixels: 1e6 })
    expect(reads).toEqual(['a'])
    await images.dataUrl('b', { maxPixels: 1e6 })
    await images.dataUrl('c', { maxPixels: 1e6 })
    await images.dataUrl('a', { maxPixels: 1e6 })
    expect(reads).toEqual(['a', 'b', 'c', 'a'])
  })

  it('distinguishes a missing picture from a broken one', async () => {
    const missing = createImages({ source: { read: () => Promise.reject(new Error('ENOENT')) } })
    await expect(missing.dataUrl('h', { maxPixels: 1e6 })).rejects.toMatchObject({ reason: 'image-missing' })
    const whole = await png(200, 200)
    const cut = imagesOf(whole.subarray(0, whole.length - 200)).images
    await expect(cut.dataUrl('h', { maxPixels: 784 })).rejects.toMatchObject({ reason: 'image-broken' })
    const noPicture = imagesOf(Buffer.from('no picture')).images
    await expect(noPicture.dataUrl('h', { maxPixels: 1e6 })).rejects.toMatchObject({ reason: 'image-broken' })
  })
})
