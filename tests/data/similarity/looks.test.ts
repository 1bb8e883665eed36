import sharp from 'sharp'
import type { Sharp } from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { examineImage } from '../../../data/pictures/examine.ts'
import { hammingDistance } from '../../../data/similarity/hamming-index.ts'
import { createLooks } from '../../../data/similarity/looks.ts'
import { drawPicture } from '../../../demo/picture.ts'
import { createRandom } from '../../../demo/random.ts'
import { drawDistinctScenes } from '../../../demo/scene.ts'
import { demoWorld } from '../../../demo/world.ts'

const usual = { maxDistance: 8, sureDistance: 4, minSpread: 4 }
const random = createRandom(21)
const fingerprint = async (bytes: Uint8Array) => (await examineImage(bytes)).fingerprint

/** Pictures of different scenes. */
async function scenes(count: number, sizePx: number, rows: number, columns: number): Promise<Buffer[]> {
  const drawn = drawDistinctScenes({ ...demoWorld.scene, rows, columns }, count, new Set(), random)
  return Promise.all(drawn.map((scene) => drawPicture(scene, { ...demoWorld.picture, sizePx, noiseLevels: 3 }, random)))
}

const luma: [number, number, number] = [0.299, 0.587, 0.114]

/** Changes that a picture may undergo on its way into another data set. */
const copies = (picture: Buffer, side: number): Record<string, Sharp> => ({
  'JPEG 20': sharp(picture).jpeg({ quality: 20 }),
  'AVIF 40': sharp(picture).avif({ quality: 40, effort: 0 }),
  WebP: sharp(picture).webp(),
  'half the size': sharp(picture)
    .resize(side / 2)
    .png(),
  'twice the size': sharp(picture)
    .resize(side * 2)
    .png(),
  'a pixel less': sharp(picture)
    .extract({ left: 1, top: 1, width: side - 2, height: side - 2 })
    .png(),
  // Programs that ignore gamma make this grey: luma of BT.601.
  grey: sharp(picture).recomb([luma, luma, luma]).jpeg(),
})

describe('scenes of 336 pixels', () => {
  let pictures: Buffer[] = []
  beforeAll(async () => {
    pictures = await scenes(60, 336, 3, 4)
  })

  it('are told apart, and each is found again in any copy', async () => {
    const looks = createLooks(usual)
    for (const [index, picture] of pictures.entries()) {
      const own = await fingerprint(picture)
      expect(looks.find(String(index), own)).toEqual([])
      looks.add(String(index), own)
    }
    for (const [index, picture] of pictures.slice(0, 8).entries())
      for (const [how, copy] of Object.entries(copies(picture, 336))) {
        const found = looks.find('copy', await fingerprint(await copy.toBuffer()))
        expect([how, found.map(({ look }) => look)]).toEqual([how, [index]])
      }
  })

  it('are within 8 bits of their copies, and far from their rotations', async () => {
    for (const picture of pictures.slice(8, 14)) {
      const own = await fingerprint(picture)
      for (const copy of Object.values(copies(picture, 336)))
        expect(hammingDistance(own.phash, (await fingerprint(await copy.toBuffer())).phash)).toBeLessThanOrEqual(8)
      for (const degrees of [90, 180, 270]) {
        const turned = await fingerprint(await sharp(picture).rotate(degrees).png().toBuffer())
        expect(hammingDistance(own.phash, turned.phash)).toBeGreaterThan(8)
      }
    }
  })
})

it("the demo world's scenes of 56 pixels collide in less than 2 of 10,000 pairs", async () => {
  const looks = createLooks(usual)
  const pictures = await scenes(400, demoWorld.picture.sizePx, demoWorld.scene.rows, demoWorld.scene.columns)
  let near = 0
  for (const [index, picture] of pictures.entries()) {
    const own = await fingerprint(picture)
    near += looks.find(String(index), own).length
    looks.add(String(index), own)
  }
  expect(near / ((400 * 399) / 2)).toBeLessThan(2e-4)
})

it('recognises a picture by its file, by its pixels, or by a near look', async () => {
  const looks = createLooks(usual)
  const print = { phash: 'f'.repeat(16), dhash: '0'.repeat(16), pixels: 'p', spread: 30 }
  const look = looks.add('file', print)
  expect(looks.add('copy', print)).toBe(look)
  expect(looks.add('file', undefined)).toBe(look)
  expect(looks.find('third', print)).toEqual([{ look, how: 'exact', distance: 0, isBlank: false }])
  expect(looks.find('third', undefined)).toEqual([])
  const near = { ...print, pixels: 'q', phash: 'fffffffffffffff0' }
  expect(looks.find('fourth', near)).toEqual([{ look, how: 'near', distance: 4, isBlank: false }])
  const further = { ...near, phash: 'ffffffffffffff00' }
  expect(looks.find('fifth', further)).toMatchObject([{ look, how: 'near', distance: 8 }])
  expect(looks.find('fifth', { ...further, dhash: `${'0'.repeat(15)}7` })).toEqual([])
  expect(looks.find('sixth', { ...near, spread: 3.9 })).toEqual([])
})

it('can learn the look of a file later', () => {
  const looks = createLooks(usual)
  const print = { phash: 'f'.repeat(16), dhash: '0'.repeat(16), pixels: 'p', spread: 30 }
  const look = looks.add('file', undefined)
  expect(looks.add('file', print)).toBe(look)
  expect(looks.find('other', { ...print, pixels: 'q' })).toMatchObject([{ look, how: 'near', distance: 0 }])
})
