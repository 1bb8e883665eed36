import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { filePieces, handlePieces } from '../../../data/lines/file-pieces.ts'
import { readLines } from '../../../data/lines/read-lines.ts'
import type { Line, LineOptions } from '../../../data/lines/read-lines.ts'
import { temporaryHome } from '../../world/home.ts'

async function* piecesOf(content: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size)
}

async function read(pieces: AsyncIterable<Uint8Array | string>, options?: LineOptions): Promise<Line[]> {
  const lines: Line[] = []
  for await (const some of readLines(pieces, options)) lines.push(...some)
  return lines
}

const texts = async (content: string, options?: LineOptions, size = 3) =>
  (await read(piecesOf(Buffer.from(content), size), options)).map(({ text }) => text)

describe('lines of a stream', () => {
  it('are found with their places, whatever their content and however the stream is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ''))),
        fc.boolean(),
        fc.integer({ min: 1, max: 20 }),
        async (wanted, isEnded, size) => {
          const content = Buffer.from(wanted.join('\n') + (isEnded && wanted.length > 0 ? '\n' : ''))
          const lines = await read(piecesOf(content, size), { isExact: true })
          expect(lines.map(({ text }) => text)).toEqual(!isEnded && wanted.at(-1) === '' ? wanted.slice(0, -1) : wanted)
          for (const { offset, bytes, text } of lines)
            expect(content.toString('utf8', offset, offset + bytes)).toBe(text)
          expect(lines.map(({ number }) => number)).toEqual(lines.map((_, at) => at + 1))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('come without Windows line ends and byte order mark, unless the caller wants exact lines', async () => {
    expect(await texts('\uFEFFone\r\ntwo \u2028 \r three\r\n\uFEFFfour\n\nfive')).toEqual([
      'one',
      'two \u2028 \r three',
      '\uFEFFfour',
      '',
      'five',
    ])
    expect(await texts('\uFEFFone\r\ntwo', { isExact: true })).toEqual(['\uFEFFone\r', 'two'])
  })

  it('that are too long come without their text, and the next lines as usual', async () => {
    const lines = await read(piecesOf(Buffer.from(`12345\n${'x'.repeat(100)}\n123456\n12345`), 7), { longest: 5 })
    expect(lines.map(({ text, bytes }) => [text, bytes])).toEqual([
      ['12345', 5],
      [null, 100],
      [null, 6],
      ['12345', 5],
    ])
    expect(lines.map(({ isEnded }) => isEnded)).toEqual([true, true, true, false])
  })

  it('come as soon as they are complete, while the stream pauses', async () => {
    async function* pausing() {
      yield 'one\ntwo\nthr'
      await new Promise<never>(() => undefined)
    }
    const reading = readLines(pausing())
    const { value } = await reading.next()
    expect(value?.map(({ text }: Line) => text)).toEqual(['one', 'two'])
  })

  it('are read from a place in an open file, with reused memory', async () => {
    const path = join(temporaryHome(), 'log')
    const long = 'y'.repeat(3 << 20)
    await writeFile(path, `first\n${long}\nlast`)
    const handle = await open(path)
    try {
      const lines = await read(handlePieces(handle, 6), { offset: 6 })
      expect(lines.map(({ offset, bytes, isEnded }) => [offset, bytes, isEnded])).toEqual([
        [6, long.length, true],
        [6 + long.length + 1, 4, false],
      ])
      expect(lines[0]?.text).toBe(long)
    } finally {
      await handle.close()
    }
  })

  it('are read from a gzipped file, and a cut file ends the reading with an error', async () => {
    const path = join(temporaryHome(), 'rows.jsonl.gz')
    const zipped = gzipSync('a\nb\n')
    await writeFile(path, zipped)
    expect((await read(filePieces(path))).map(({ text }) => text)).toEqual(['a', 'b'])
    await writeFile(path, zipped.subarray(0, zipped.length - 6))
    await expect(read(filePieces(path))).rejects.toThrow('unexpected end of file')
    await expect(read(filePieces(join(temporaryHome(), 'none.gz')))).rejects.toThrow('ENOENT')
  })
})
