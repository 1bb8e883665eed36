import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { prepareOwnLines } from '../../../client/prepare-import.ts'
import { readyRows } from '../../../data/import/import-rows.ts'
import type { ReadyRow } from '../../../data/import/import-rows.ts'
import { findOwnLines, readOwnLines } from '../../../data/import/read-own-lines.ts'
import { ownLinesHash } from '../../../data/import/source-hash.ts'
import { PictureLedger } from '../../../data/import/picture-ledger.ts'
import { lookedAtPictures } from '../../../data/import/row-pictures.ts'
import type { SeenPicture } from '../../../data/import/row-pictures.ts'
import { png, pngHeader } from '../pictures.ts'

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
interface Options {
  maxRows?: number
  needsQuestion?: boolean
}

async function read(path = folder, { maxRows, needsQuestion = false }: Options = {}): Promise<ReadyRow<SeenPicture>[]> {
  const { source, mapping, rules, places } = await prepareOwnLines(path, { needsQuestion })
  const rows: ReadyRow<SeenPicture>[] = []
  const pictures = lookedAtPictures({ places })
  for await (const row of readyRows(source.reader, { mapping, rules, pictures, maxRows })) rows.push(row)
  return rows
}

const areGood = (rows: readonly ReadyRow<SeenPicture>[]): boolean[] => rows.map(({ row }) => row.failure === null)

const look = (maxRows?: number) => ({
  keeper: { has: async () => false, keep: async () => undefined },
  ledger: new PictureLedger(),
  maxRows,
  onPictures: () => undefined,
})

async function hashOf(path = folder, { maxRows, needsQuestion = false }: Options = {}): Promise<string> {
  const { mapping, places } = await prepareOwnLines(path, { needsQuestion })
  const reader = readOwnLines(await findOwnLines(path))
  return await ownLinesHash(reader, { needsQuestion }, { ...look(maxRows), mapping, places })
}

describe("the lines of a recipe's path", () => {
  it('gives rows in order, with their pictures hashed and measured', async () => {
    const check = { kind: 'box', precision: 2, policy: { coords: '0-1000', width: 640, height: 480 } }
    await write([line('a'), '', line('b', { choices: ['x', 'y'], answer: 'A', ...check })])
    const items = await read()
    expect(items[1]?.row).toMatchObject(check)
    expect(items.map(({ row }) => [row.failure, row.line])).toEqual([
      [null, 1],
      [null, 3],
    ])
    expect(items[0]).toMatchObject({
      sourceId: 'a',
      row: { answer: '3', kind: 'auto' },
      pictures: [{ width: 56, height: 56, mediaType: 'image/png', hash: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    })
  })

  it('accepts the path of the file, a byte order mark and Windows line ends', async () => {
    await write([`\uFEFF${JSON.stringify(line('a'))}\r`, JSON.stringify(line('b'))], 'one.jsonl')
    await write([], 'two.jsonl')
    expect(areGood(await read(join(folder, 'one.jsonl')))).toEqual([true, true])
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
    ['an id used twice', line('good'), 'duplicate-id', 'another row has the id "good"'],
  ])('reports %s with its line and goes on', async (_, bad, reason, detail) => {
    const whole = await png(200, 200)
    await writeFile(join(folder, 'pictures', 'cut.png'), whole.subarray(0, whole.length - 200))
    await writeFile(join(folder, 'pictures', 'huge.png'), pngHeader(10_000, 10_000))
    await write([line('good'), bad, line('last')])
    const items = await read()
    expect(areGood(items)).toEqual([true, false, true])
    expect(items[1]?.row).toMatchObject({ line: 2, failure: { reason, detail: expect.stringContaining(detail) } })
  })

  it('accepts a picture without a question, unless every line must have a question', async () => {
    await write([{ id: 'x', images: ['pictures/a.png'] }, line('last')])
    expect(areGood(await read())).toEqual([true, true])
    const strict = await read(folder, { needsQuestion: true })
    expect(strict[0]?.row).toMatchObject({ line: 1, id: 'x', failure: { reason: 'no-question' } })
    expect(areGood(strict)).toEqual([false, true])
  })

  it('accepts an absolute path from anywhere, and follows links inside the folder', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'hone-elsewhere-'))
    await writeFile(join(elsewhere, 'b.png'), await png(28, 28))
    await symlink(elsewhere, join(folder, 'linked'))
    await write([line('a', { images: [join(elsewhere, 'b.png')] }), line('b', { images: ['linked/b.png'] })])
    expect(areGood(await read())).toEqual([true, true])
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

it.each([
  ['a table', 'rows.csv', 'rows.csv is csv', 'hone import'],
  ['Parquet', 'rows.parquet', 'rows.parquet is parquet', '--as NAME'],
  ['an archive', 'rows.tar.gz', 'rows.tar.gz is an archive', 'path: import:NAME'],
])('a path to %s is refused with the command that imports it', async (_, name, message, nextStep) => {
  await writeFile(join(folder, name), '')
  const refused = read(join(folder, name))
  await expect(refused).rejects.toThrow(message)
  await expect(refused).rejects.toMatchObject({ type: 'InvalidSource', nextStep: expect.stringContaining(nextStep) })
})

describe('the hash of a source', () => {
  it('equals the hash that the first homes stored', async () => {
    await mkdir(join(folder, 'data'))
    await writeFile(join(folder, 'outside.png'), 'outside')
    const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
    await writeFile(join(folder, 'data', 'dot.png'), Buffer.from(dot, 'base64'))
    await writeFile(join(folder, 'data', 'broken.png'), 'no picture')
    const row = (id: unknown, changes = {}) => JSON.stringify({ id, images: ['dot.png'], question: 'Q?', ...changes })
    const lines = [
      `\uFEFF${row('a', { answer: 3, choices: ['x', 'y'], metadata: { level: 1 } })}\r`,
      '  ',
      `  ${row(2, { images: ['dot.png', 'broken.png'] })}  `,
      row('gone', { images: ['gone.png'] }),
      row('outside', { images: ['../outside.png', 'dot.png'] }),
      row('silent', { question: undefined }),
      row('a'),
      row('bad', { anwser: 1 }),
      '{"id":',
      '[1]',
    ]
    const file = join(folder, 'data', 'rows.jsonl')
    await writeFile(file, lines.join('\n'))
    expect(await hashOf(file)).toBe('614d03d71a1f2b8735b2153f5df3aa6cf06b1ccce909e109c9460b25ee40fc45')
    expect(await hashOf(file, { needsQuestion: true })).toBe(
      '1fd2647dda1c9415a969af5fe573c63f817fb8fd76c27a9fd443694e9e59fa36',
    )
    const { identify } = await prepareOwnLines(file, { needsQuestion: false })
    expect(await identify(look(3))).toBe('fd8a2a7340034241246f5ad40d628bdf4b466b84cc1b143ae138af4b00000003')
  })

  it('stays the same in another folder, and changes with a line, a picture or the limit of rows', async () => {
    await write([line('a'), line('b')])
    const hash = await hashOf(folder)
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(await hashOf(join(folder, 'rows.jsonl'))).toBe(hash)
    expect(await hashOf(folder, { maxRows: 5 })).toBe(hash)
    expect(await hashOf(folder, { maxRows: 1 })).not.toBe(hash)
    await writeFile(join(folder, 'pictures', 'a.png'), await png(28, 56))
    expect(await hashOf(folder)).not.toBe(hash)
  })

  it('depends on whether every line must have a question only if a line has no question', async () => {
    await write([line('a'), line('b')])
    expect(await hashOf(folder, { needsQuestion: true })).toBe(await hashOf(folder))
    await write([line('a'), { id: 'b', images: ['pictures/a.png'] }])
    expect(await hashOf(folder, { needsQuestion: true })).not.toBe(await hashOf(folder))
  })
})
