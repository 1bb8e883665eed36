import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { handlePieces } from '../../../data/lines/file-pieces.ts'
import { readLines } from '../../../data/lines/read-lines.ts'
import type { Line } from '../../../data/lines/read-lines.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hone-logs-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('lines of a file', () => {
  const read = async (content: string | Buffer, from = 0): Promise<Line[]> => {
    const path = join(folder, 'lines')
    writeFileSync(path, content)
    const handle = await open(path)
    try {
      const lines: Line[] = []
      const options = { offset: from, isExact: true, longest: 32 * 1024 * 1024 }
      for await (const some of readLines(handlePieces(handle, from), options)) lines.push(...some)
      return lines
    } finally {
      await handle.close()
    }
  }

  it('are found with their places, whatever their content', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ''))),
        fc.boolean(),
        async (texts, isEnded) => {
          const content = Buffer.from(texts.join('\n') + (isEnded && texts.length > 0 ? '\n' : ''))
          const lines = await read(content)
          const last = lines.at(-1)
          const expected = !isEnded && texts.at(-1) === '' ? texts.slice(0, -1) : texts
          expect(lines.map(({ text }) => text)).toEqual(expected)
          for (const { offset, bytes, text } of lines)
            expect(content.toString('utf8', offset, offset + bytes)).toBe(text)
          expect(last?.isEnded ?? true).toBe(isEnded || last === undefined || expected !== texts)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('span pieces of a file, and a line that is too long comes as its length alone', async () => {
    const long = 'x'.repeat(33 * 1024 * 1024)
    const lines = await read(`a\n${'b'.repeat(3 << 20)}\n${long}\nc`)
    expect(lines.map(({ bytes }) => bytes)).toEqual([1, 3 << 20, long.length, 1])
    expect(lines.map(({ text }) => text?.length ?? null)).toEqual([1, 3 << 20, null, 1])
    expect(lines.map(({ isEnded }) => isEnded)).toEqual([true, true, true, false])
  })
})
