import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { prepareOwnLines } from '../../../client/prepare-import.ts'
import { indexInput, inputFile } from '../../../data/file-steps/input-lines.ts'
import { readyRows } from '../../../data/import/import-rows.ts'
import { lookedAtPictures } from '../../../data/import/row-pictures.ts'
import { bareQuestion } from '../../../data/rows/question-text.ts'
import { folderOf, picture } from './files.ts'
import { options, read } from './reading.ts'

/** What a way in makes of a line. */
interface Given {
  id: string
  asks?: string
  answer?: string | null
  problem?: string
}

/** `path:` of a recipe. */
async function byRecipe(file: string): Promise<Given[]> {
  const { source, mapping, rules, places } = await prepareOwnLines(file, { needsQuestion: false })
  const rows: Given[] = []
  for await (const { row, sourceId } of readyRows(source.reader, {
    mapping,
    rules,
    pictures: lookedAtPictures({ places }),
  }))
    rows.push(
      row.failure
        ? { id: row.id ?? '?', problem: `${row.failure.reason}: ${row.failure.detail}` }
        : { id: sourceId, asks: bareQuestion(row.question), answer: row.answer },
    )
  return rows
}

/** `hone import` of Hone's own lines. */
async function byImport(file: string): Promise<Given[]> {
  const mapping = join(await folderOf(), 'map.yaml')
  await writeFile(mapping, 'honeRow: line\nimages: images\n')
  const { rows } = await read(file, { ...(await options()), mappingFile: mapping })
  return rows.map(({ row, sourceId }) =>
    row.failure
      ? { id: row.id ?? '?', problem: `${row.failure.reason}: ${row.failure.detail}` }
      : { id: sourceId, asks: bareQuestion(row.question), answer: row.answer },
  )
}

/** `hone step -i`. */
async function byStep(file: string): Promise<Given[]> {
  const input = await indexInput([inputFile(file)], { per: 'row', signal: new AbortController().signal })
  const lines = await input.read(Array.from({ length: input.count }, (_, at) => at))
  await input.close()
  return lines.map(({ read: line }) =>
    'row' in line
      ? { id: line.row.id, asks: bareQuestion(line.row.question), answer: line.row.answer ?? null }
      : { id: line.id ?? '?', problem: `${line.reason}: ${line.detail}` },
  )
}

const line = (id: unknown, more: object = {}): string =>
  JSON.stringify({ id, images: ['a.png'], question: 'How many?', answer: 3, ...more })

/** A file with this line between two good lines. */
async function fileWith(bad: string | Buffer): Promise<string> {
  const folder = await folderOf({ 'a.png': await picture() })
  const file = join(folder, 'rows.jsonl')
  const end = Buffer.from('\r\n')
  await writeFile(
    file,
    Buffer.concat([Buffer.from(`\uFEFF${line('first')}`), end, Buffer.from(bad), end, Buffer.from(line('last'))]),
  )
  return file
}

const ways = [byRecipe, byImport, byStep] as const

describe('every way in', () => {
  it.each([
    ['bytes that are not UTF-8', Buffer.from(line('x', { question: 'caf\xe9' }), 'latin1'), 'UTF-8'],
    ['NaN', line('x').replace(':3', ':NaN'), 'NaN'],
    ['text that is no JSON', '{"id": "x",', 'JSON'],
    ['a list', '[1, 2]', 'object'],
    ['an id that an earlier line has', line('first'), 'duplicate-id'],
    ['an id that is a list', line(['x']), 'id: Invalid input'],
    ['a misspelt field', line('x', { anwser: 3 }), 'anwser'],
    ['an unknown kind', line('x', { kind: 'nmber' }), 'kind: Invalid option'],
    ['one choice', line('x', { choices: ['a'] }), 'choices: Too small'],
    ['an unknown policy', line('x', { policy: { unit: 'strict' } }), 'policy: Unrecognized key: "unit"'],
    ['half a decimal', line('x', { precision: 0.5 }), 'precision'],
    ['no pictures', JSON.stringify({ id: 'x', question: 'Q' }), 'images'],
  ])('refuses a line with %s, and takes the others', async (_, bad, told) => {
    const file = await fileWith(bad)
    for (const way of ways) {
      const rows = await way(file)
      expect({ way: way.name, rows }).toEqual({
        way: way.name,
        rows: [
          { id: 'first', asks: 'How many?', answer: '3' },
          { id: expect.any(String), problem: expect.stringContaining(told) },
          { id: 'last', asks: 'How many?', answer: '3' },
        ],
      })
    }
  })

  it.each([
    ['image marks', line('x', { question: '<image>\nHow many?' }), { asks: 'How many?', answer: '3' }],
    ['a number for an id', line(7), { id: '7', asks: 'How many?', answer: '3' }],
    ['true for an answer', line('x', { answer: true }), { asks: 'How many?', answer: 'true' }],
    [
      'digits that JSON rounds',
      line('x').replace(':3', ':12345678901234567891'),
      { asks: 'How many?', answer: '12345678901234567891' },
    ],
    [
      'an id that JSON rounds',
      line(0).replace(':0', ':12345678901234567891'),
      { id: '12345678901234567891', asks: 'How many?', answer: '3' },
    ],
    ['no answer', line('x', { answer: undefined }), { asks: 'How many?', answer: null }],
    ['U+FFFD and U+2028 in a text', line('x', { question: 'a\uFFFD\u2028b' }), { asks: 'a\uFFFD\u2028b', answer: '3' }],
  ])('gives the same row for a line with %s', async (_, good, row) => {
    const file = await fileWith(good)
    for (const way of ways)
      expect({ way: way.name, row: (await way(file))[1] }).toEqual({ way: way.name, row: { id: 'x', ...row } })
  })
})

it('hone step says how to write a file in UTF-16, which hone import decodes', async () => {
  const file = join(await folderOf({ 'a.png': await picture() }), 'rows.jsonl')
  await writeFile(file, Buffer.from(`\uFEFF${line('a')}\n`, 'utf16le'))
  expect(await byRecipe(file)).toEqual([{ id: 'a', asks: 'How many?', answer: '3' }])
  await expect(byStep(file)).rejects.toMatchObject({
    type: 'InvalidInput',
    nextStep: expect.stringContaining('iconv -f UTF-16'),
  })
})
