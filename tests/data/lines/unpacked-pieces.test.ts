import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { buffer } from 'node:stream/consumers'
import { afterAll, describe, expect, it } from 'vitest'
import { filePieces } from '../../../data/lines/file-pieces.ts'
import { unpackedPieces } from '../../../data/lines/unpacked-pieces.ts'

const folder = await mkdtemp(join(tmpdir(), 'hone-unpack-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

async function unpacked(name: string, content: Uint8Array): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, content)
  return (await buffer(unpackedPieces(createReadStream(file), file))).toString('utf8')
}

/** `hello hone\n` as bzip2, xz and zstd pack it. */
const packed: Record<string, Buffer> = {
  gz: gzipSync('hello hone\n'),
  bz2: Buffer.from('QlpoOTFBWSZTWaF4yyEAAAJRAAAQQAACRaAAMQwBAbKapAXDxdyRThQkKF4yyEA=', 'base64'),
  xz: Buffer.from(
    '/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAKaGVsbG8gaG9uZQoAANi7W+n2fgdPAAEjC8Ib/QkftvN9AQAAAAAEWVo=',
    'base64',
  ),
  zst: Buffer.from('KLUv/QRYWQAAaGVsbG8gaG9uZQrdFIkr', 'base64'),
}

describe.each(Object.keys(packed))('.%s', (ending) => {
  const content = packed[ending] ?? Buffer.alloc(0)

  it('is unpacked', async () => {
    expect(await unpacked(`a.${ending}`, content)).toBe('hello hone\n')
  })

  it('is unpacked where it has several parts one after the other', async () => {
    expect(await unpacked(`b.${ending}`, Buffer.concat([content, content]))).toBe('hello hone\nhello hone\n')
  })

  it('is closed where nobody reads on', async () => {
    const file = join(folder, `e.${ending}`)
    await writeFile(file, content)
    for await (const piece of filePieces(file)) {
      expect(piece[0]).toBe(0x68)
      break
    }
  })

  it('that is cut off is refused', async () => {
    await expect(unpacked(`c.${ending}`, content.subarray(0, -5))).rejects.toBeInstanceOf(Error)
  })

  it('that is something else is refused', async () => {
    await expect(unpacked(`d.${ending}`, Buffer.from('no archive at all, just a text'))).rejects.toBeInstanceOf(Error)
  })
})

it('a bomb is refused', async () => {
  // 200 MB of one letter in frames of zstd: each is a block that repeats one byte 131,072 times.
  const block = Buffer.from([0x02, 0x00, 0x10, 0x61])
  const frame = Buffer.concat([Buffer.from('28b52ffd0038', 'hex'), Buffer.concat(Array(1600).fill(block))])
  const last = Buffer.from([0x03, 0x00, 0x00, 0x61])
  const bomb = Buffer.concat([frame, last])
  await expect(unpacked('bomb.zst', bomb)).rejects.toThrow('more than 100 times its size')
})
