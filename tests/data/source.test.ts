import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readSource, sourceHash, type SourceItem, type SourceOptions } from '../../data/source.ts'
import { png, pngHeader } from './pictures.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-source-'))
  await mkdir(join(folder, 'pictures'))
  await writeFile(join(folder, 'pictures', 'a.png'), await png(56, 56))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const write = (lines: readonly unknown[], name = 'rows.jsonl') =>
  writeFile(
    join(folder, name),
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  )
const line = (id: string, changes = {}) => ({
  id,
  images: ['pictures/a.png'],
  question: 'How many?',
  answer: 3,
  ...changes,
})
async function read(path = folder, options: SourceOptions = {}): Promise<SourceItem[]> {
  const items: SourceItem[] = []
  for await (const item of readSource(path, options)) items.push(item)
  return items
}

describe('reading a source', () => {
  it('gives rows in order, with their pictures hashed and measured', async () => {
    const check = { kind: 'box', precision: 2, policy: { coords: '0-1000', width: 640, height: 480 } }
    await write([line('a'), '', line('b', { choices: ['x', 'y'], answer: 'A', ...check })])
    const items = await read()
    expect(items[1]).toMatchObject({ value: check })
    expect(items.map((item) => [item.ok, item.line])).toEqual([
      [true, 1],
      [true, 3],
    ])
    expect(items[0]).toMatchObject({
      value: { id: 'a', answer: '3', kind: 'auto' },
      images: [{ width: 56, height: 56, mediaType: 'image/png', path: join(folder, 'pictures', 'a.png') }],
    })
  })

  it('takes the path of the file, a byte order mark and Windows line ends', async () => {
    await write([`\uFEFF${JSON.stringify(line('a'))}\r`, JSON.stringify(line('b'))], 'one.jsonl')
    await write([], 'two.jsonl')
    expect(await read(join(folder, 'one.jsonl'))).toMatchObject([{ ok: true }, { ok: true }])
  })

  it('stops at maxRows', async () => {
    await write([line('a'), line('b'), line('c')])
    expect(await read(folder, { maxRows: 2 })).toHaveLength(2)
  })

  it.each([
    ['a line that is not JSON', '{"id":', 'bad-line', 'not JSON'],
    ['a line with an empty question', line('x', { question: '' }), 'bad-line', 'question'],
    ['a line without images', line('x', { images: [] }), 'bad-line', 'images'],
    [
      'an unknown kind',
      line('x', { kind: 'nmber' }),
      'bad-line',
      'kind: Invalid option: expected one of "auto"|"number"',
    ],
    ['an unknown policy', line('x', { policy: { unit: 'strict' } }), 'bad-line', '(known: percent, ratio, units'],
    [
      'a policy it does not have',
      line('x', { policy: { units: 'loose' } }),
      'bad-line',
      'policy.units: Invalid option',
    ],
    ['half a decimal', line('x', { precision: 0.5 }), 'bad-line', 'precision'],
    ['an unknown field', line('x', { anwser: 3 }), 'bad-line', 'anwser'],
    ['a missing picture', line('x', { images: ['pictures/none.png'] }), 'image-missing', 'none.png'],
    ['a path out of the folder', line('x', { images: ['../a.png'] }), 'image-outside', 'absolute path'],
    ['a truncated picture', line('x', { images: ['pictures/cut.png'] }), 'image-broken', 'cut.png'],
    ['a 100-megapixel picture', line('x', { images: ['pictures/huge.png'] }), 'image-too-large', '10000×10000'],
    ['an id used twice', line('good'), 'duplicate-id', 'line 1'],
  ])('reports %s with its line and goes on', async (_, bad, reason, detail) => {
    const whole = await png(200, 200)
    await writeFile(join(folder, 'pictures', 'cut.png'), whole.subarray(0, whole.length - 200))
    await writeFile(join(folder, 'pictures', 'huge.png'), pngHeader(10_000, 10_000))
    await write([line('good'), bad, line('last')])
    const items = await read()
    expect(items.map((item) => item.ok)).toEqual([true, false, true])
    expect(items[1]).toMatchObject({ line: 2, reason })
    expect((items[1] as { detail: string }).detail).toContain(detail)
  })

  it('takes a picture without a question, but not where every line must ask something', async () => {
    await write([{ id: 'x', images: ['pictures/a.png'] }, line('last')])
    expect((await read()).map((item) => item.ok)).toEqual([true, true])
    const strict = await read(folder, { needsQuestion: true })
    expect(strict[0]).toMatchObject({ ok: false, line: 1, id: 'x', reason: 'no-question' })
    expect(strict[1]).toMatchObject({ ok: true })
  })

  it('takes an absolute path from anywhere and follows links inside the folder', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'hone-elsewhere-'))
    await writeFile(join(elsewhere, 'b.png'), await png(28, 28))
    await symlink(elsewhere, join(folder, 'linked'))
    await write([line('a', { images: [join(elsewhere, 'b.png')] }), line('b', { images: ['linked/b.png'] })])
    expect((await read()).map((item) => item.ok)).toEqual([true, true])
    await rm(elsewhere, { recursive: true })
  })

  it.each([
    ['no folder', () => Promise.resolve(), '/nowhere', 'there is no'],
    ['no file', () => Promise.resolve(), '', 'has no *.jsonl'],
    ['two files', () => write([], 'a.jsonl').then(() => write([], 'b.jsonl')), '', 'a.jsonl, b.jsonl'],
  ])('refuses a source with %s', async (_, prepare, path, message) => {
    await prepare()
    await expect(read(join(folder, path))).rejects.toMatchObject({ type: 'InvalidSource' })
    await expect(read(join(folder, path))).rejects.toThrow(message)
  })
})

describe('the hash of a source', () => {
  it('stays the same elsewhere, and changes with a line, a picture or the rows that count', async () => {
    await write([line('a'), line('b')])
    const hash = await sourceHash(folder)
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(await sourceHash(join(folder, 'rows.jsonl'))).toBe(hash)
    expect(await sourceHash(folder, { maxRows: 5 })).toBe(hash)
    expect(await sourceHash(folder, { maxRows: 1 })).not.toBe(hash)
    await writeFile(join(folder, 'pictures', 'a.png'), await png(28, 56))
    expect(await sourceHash(folder)).not.toBe(hash)
  })

  it('tells apart what every line must ask from what it may only where a line asks nothing', async () => {
    await write([line('a'), line('b')])
    expect(await sourceHash(folder, { needsQuestion: true })).toBe(await sourceHash(folder))
    await write([line('a'), { id: 'b', images: ['pictures/a.png'] }])
    expect(await sourceHash(folder, { needsQuestion: true })).not.toBe(await sourceHash(folder))
  })
})
