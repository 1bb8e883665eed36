import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { folderOf, jsonl, picture } from './files.ts'
import { read } from './reading.ts'

const image = await picture()

async function rowsOf(rows: readonly object[], mapping?: string) {
  const folder = await folderOf({ 'a.png': image, 'b.png': image, 'r.jsonl': jsonl(rows), 'map.yaml': mapping ?? '' })
  const mappingFile = mapping === undefined ? undefined : join(folder, 'map.yaml')
  const { rows: made, prepared } = await read(join(folder, 'r.jsonl'), { mappingFile })
  return { rows: made, mapping: prepared.mapping, notes: prepared.notes.join('\n') }
}

describe('marks of pictures', () => {
  it.each([
    ['<image>Find x.', 'Find x.', []],
    ['Find x.', 'Find x.', []],
    ['<image1>\nFind x.', 'Find x.', ['other-marks']],
    ['<image_1>Find x.', 'Find x.', ['other-marks']],
    ['Find x. <img>', 'Find x.', ['other-marks']],
    ['In <image1>, find x in <image1>.', 'In image 1, find x in image 1.', ['other-marks']],
    ['Find a < b and b > c.', 'Find a < b and b > c.', []],
  ])('%j with a picture is %j', async (question, wanted, notes) => {
    const { rows } = await rowsOf([{ image: 'a.png', question, answer: '1' }])
    expect(rows[0]?.row).toMatchObject({ question: wanted, notes, failure: null })
  })

  it.each([
    ['<image><image>Compare.', ['a.png']],
    ['<image1> and <image2>?', ['a.png']],
    ['Compare <image 3>.', ['a.png', 'b.png']],
  ])('%j fails with the pictures %j', async (question, images) => {
    const { rows } = await rowsOf([{ images, question, answer: '1' }])
    expect(rows[0]?.row.failure).toMatchObject({ reason: 'image-marks' })
  })

  it('that are fewer than the pictures are counted, and all pictures stay', async () => {
    const { rows } = await rowsOf([{ images: ['a.png', 'b.png'], question: '<image>Compare.', answer: '1' }])
    expect(rows[0]).toMatchObject({ pictures: [{}, {}], row: { question: 'Compare.', notes: ['fewer-marks'] } })
  })

  it('without any column of pictures fail', async () => {
    const { rows } = await rowsOf([{ question: '<image>Find x.', answer: '1' }])
    expect(rows[0]?.row.failure).toMatchObject({ reason: 'image-marks' })
  })
})

describe('rows without a picture among rows with one', () => {
  const marked = { image: 'a.png', question: '<image>Find x.', answer: '1' }

  it('stay as rows of text where every other question has a mark', async () => {
    const { rows, mapping, notes } = await rowsOf([marked, marked, { question: 'Two and one?', answer: '3' }])
    expect(mapping.textRows).toBe(true)
    expect(rows[2]?.row).toMatchObject({ question: 'Two and one?', notes: ['text-row'], failure: null })
    expect(notes).toContain('1 of the first 3 rows have no picture')
  })

  it('fail where a mark says that a picture is missing', async () => {
    const { rows } = await rowsOf([marked, marked, { question: '<image>And this?', answer: '3' }])
    expect(rows[2]?.row.failure).toMatchObject({ reason: 'no-image' })
  })

  it('fail where nothing says that they need none, and the detail says what to write', async () => {
    const plain = { image: 'a.png', question: 'Find x.', answer: '1' }
    const { rows } = await rowsOf([plain, plain, { question: 'And this?', answer: '3' }])
    expect(rows[2]?.row.failure).toEqual({ reason: 'no-image', detail: expect.stringContaining('textRows: true') })
  })
})

describe('objects of ms-swift', () => {
  const row = { images: ['a.png'], query: '<image>Where is <ref-object>?', response: 'At <bbox>.' }

  it('replace their marks in order', async () => {
    const { rows } = await rowsOf([{ ...row, objects: { ref: ['the dog'], bbox: [[1, 2, 3.5, 4]] } }])
    expect(rows[0]?.row).toMatchObject({
      question: 'Where is the dog?',
      answer: 'At [1, 2, 3.5, 4].',
      notes: ['boxes-filled'],
    })
  })

  it.each([
    { ref: ['the dog'], bbox: [] },
    {
      ref: ['the dog'],
      bbox: [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ],
    },
  ])('fail when they are not as many as the marks: %j', async (objects) => {
    const { rows } = await rowsOf([{ ...row, objects }])
    expect(rows[0]?.row.failure).toMatchObject({ reason: 'bad-field', detail: expect.stringContaining('<bbox>') })
  })

  it('that no column holds fail a row with marks', async () => {
    const { rows } = await rowsOf([row])
    expect(rows[0]?.row.failure).toMatchObject({ reason: 'bad-field', detail: expect.stringContaining('objects') })
  })
})

describe('a question of several columns', () => {
  it('is joined as the mapping says, and an empty column adds nothing', async () => {
    const { rows, notes } = await rowsOf(
      [
        { image: 'a.png', hint: 'It is small.', question: 'What is it?' },
        { image: 'a.png', hint: '', question: 'And that?' },
      ],
      'images: image\nquestion: [hint, question]\n',
    )
    expect(rows.map(({ row }) => row.question)).toEqual(['It is small.\nWhat is it?', 'And that?'])
    expect(notes).toBe('')
    const guessed = await rowsOf([{ image: 'a.png', hint: 'It is small.', question: 'What is it?' }])
    expect(guessed.notes).toContain('write question: [hint, question]')
  })
})

it('a picture may be named by its id or by the URL of its file', async () => {
  const folder = await folderOf({ '77.jpg': image, 'n1.png': image })
  const url = pathToFileURL(join(folder, 'n1.png')).href
  const rows = ['77', 'n1', url].map((shown) => ({ image_id: shown, question: 'Q' }))
  await writeFile(join(folder, 'r.jsonl'), jsonl([...rows, { image_id: 'file://%zz', question: 'Q' }]))
  const { short } = await read(join(folder, 'r.jsonl'))
  expect(short.map(({ pictures, failure }) => failure ?? pictures)).toEqual([1, 1, 1, 'bad-field'])
})
