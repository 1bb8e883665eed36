import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { countOwnLines } from '../../../data/import/count-rows.ts'
import { temporaryHome } from '../../world/home.ts'

function source(lines: readonly unknown[]): string {
  const folder = temporaryHome()
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
  writeFileSync(join(folder, 'rows.jsonl'), text)
  return folder
}

describe('counting a source', () => {
  it('reads lines and opens no picture', async () => {
    const folder = source([
      { id: 1, images: ['none.png'], question: '12345678', choices: ['ab', 'cd'], metadata: { source: 'x', level: 1 } },
      '',
      { id: 2, images: ['none.png', 'nor-this.png'], question: '1234', metadata: { source: 'y' } },
    ])
    expect(await countOwnLines(folder)).toEqual({
      rows: 2,
      badLines: 0,
      questionCharacters: 8,
      images: 1.5,
      groups: { source: 2, level: 2 },
    })
  })

  it('counts the values of the wanted fields', async () => {
    const folder = source([
      { id: 1, images: ['a.png'], metadata: { source: 'x', text: 'long' } },
      { id: 2, images: ['a.png'], metadata: { text: 'longer' } },
    ])
    expect((await countOwnLines(folder, { fields: ['source', 'level'] }))?.groups).toEqual({ source: 2 })
    expect((await countOwnLines(folder, { fields: [] }))?.groups).toEqual({})
  })

  it('tells long values apart, and counts a group for each row above the limit of groups', async () => {
    const row = (id: number) => ({
      id,
      images: ['a.png'],
      metadata: { text: `${'x'.repeat(200)}${id % 7}`, serial: id % 15_000, level: id % 9_000 },
    })
    const folder = source(Array.from({ length: 30_000 }, (_, id) => row(id)))
    expect((await countOwnLines(folder))?.groups).toEqual({ text: 7, serial: 30_000, level: 9_000 })
  })

  it('counts unusable lines separately', async () => {
    const row = { id: 'a', images: ['a.png'] }
    const folder = source([row, row, 'no JSON', { id: 'b', images: ['b.png'], question: 'Why?' }])
    expect(await countOwnLines(folder)).toMatchObject({ rows: 2, badLines: 2 })
    expect(await countOwnLines(folder, { needsQuestion: true })).toMatchObject({ rows: 1, badLines: 3 })
    expect(await countOwnLines(folder, { maxRows: 1 })).toMatchObject({ rows: 1, badLines: 0 })
  })

  it('of nothing is null, and of an empty file zero', async () => {
    expect(await countOwnLines(join(temporaryHome(), 'nothing'))).toBe(null)
    expect(await countOwnLines(source([]))).toEqual({
      rows: 0,
      badLines: 0,
      questionCharacters: 0,
      images: 0,
      groups: {},
    })
  })

  it('refuses a folder without a file of rows, as a start does', async () => {
    await expect(countOwnLines(temporaryHome())).rejects.toThrow(/no \*\.jsonl file/)
  })
})
