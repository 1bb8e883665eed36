import { readFile, rm } from 'node:fs/promises'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { openArtifactStore } from '../../../artifacts/store.ts'
import { PictureLookup } from '../../../data/export/pictures.ts'
import { examineImage } from '../../../data/pictures/examine.ts'
import { createImages } from '../../../data/pictures/prepare.ts'
import { createSeenFiles } from '../../../data/pictures/seen-files.ts'
import { temporaryHome } from '../../world/home.ts'
import { decoded, difference, oddPictures } from './odd.ts'

const odd = await oddPictures()

/** The bytes that a request sends. */
async function sent(bytes: Buffer, maxPixels = 1e6): Promise<{ bytes: Buffer; type: string }> {
  const url = await createImages({ source: { read: async () => bytes } }).dataUrl('h', { maxPixels })
  const [head = '', data = ''] = url.split(',')
  return { bytes: Buffer.from(data, 'base64'), type: head }
}

/** The files that a training and an export get. */
async function shown(bytes: Buffer) {
  const store = await openArtifactStore(temporaryHome())
  const { hash, path } = await store.putImage(bytes)
  const file = await createSeenFiles(store)(hash)
  const exported = await new PictureLookup(store, 'pixels').find(hash)
  return { store, hash, path, file, exported: 'picture' in exported ? exported.picture : null }
}

describe.each(odd)('$name looks the same', ({ bytes, expected, tolerance, isPlain }) => {
  it('to the import, in requests, in training files and in exports', async () => {
    const { file, exported, hash, path, store } = await shown(bytes)
    const trained = await decoded(await readFile(file.path))
    expect(difference(trained, expected)).toBeLessThanOrEqual(tolerance)
    expect(file).toMatchObject({ width: expected.width, height: expected.height })
    expect(exported).toMatchObject({ path: file.path, hash: file.hash, bytes: file.bytes })
    // A plain picture keeps its file, and so its name in training files.
    expect([file.path, file.hash].join() === [path, hash].join()).toBe(isPlain)
    expect([file.path, await store.seenHash(hash)]).toEqual([store.imagePath(file.hash), isPlain ? null : file.hash])
    // The import's hash of the pixels is the hash of the pixels that the training gets.
    const seen = await examineImage(await readFile(file.path))
    expect(seen.fingerprint.pixels).toBe((await examineImage(bytes)).fingerprint.pixels)
    const request = await sent(bytes)
    // What is no PNG is sent as JPEG of quality 95.
    const most = request.type.includes('png') ? 0 : 24
    expect(difference(await decoded(request.bytes), trained)).toBeLessThanOrEqual(most)
  })
})

it('is resized from the pixels that everyone sees', async () => {
  const alpha = odd.find(({ name }) => name === 'alpha.png')
  if (!alpha) throw new Error('the table has no alpha.png')
  const { data, ...size } = alpha.expected
  const request = await decoded((await sent(alpha.bytes, 28 * 28)).bytes)
  const whole = sharp(data, { raw: { ...size, channels: 3 } })
  const { width, height } = request
  const small = await whole.resize({ width, height, fit: 'fill' }).raw().toBuffer()
  expect(width * height).toBeLessThanOrEqual(28 * 28)
  expect(difference(request, { data: small, width, height })).toBeLessThanOrEqual(1)
})

it('is made once, and again only where its file is lost', async () => {
  const store = await openArtifactStore(temporaryHome())
  const bytes = odd.find(({ name }) => name === 'alpha.png')?.bytes ?? Buffer.alloc(0)
  const { hash } = await store.putImage(bytes)
  const made: string[] = []
  const counting = { ...store, putSeen: (of: string, png: Uint8Array) => (made.push(of), store.putSeen(of, png)) }
  const first = await createSeenFiles(counting)(hash)
  expect(await createSeenFiles(counting)(hash)).toEqual(first)
  expect(made).toEqual([hash])
  await rm(first.path)
  expect(await createSeenFiles(counting)(hash)).toEqual(first)
  expect(made).toEqual([hash, hash])
  await rm(store.imagePath(hash))
  await expect(createSeenFiles(counting)(hash)).rejects.toMatchObject({ reason: 'image-missing' })
})
