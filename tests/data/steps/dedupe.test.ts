import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Duplicate } from '../../../data/similarity/duplicates.ts'
import { dedupe } from '../../../data/steps/dedupe.ts'
import type { EvidenceRow, Fingerprint, Row } from '../../../domain/rows.ts'
import { context, row } from '../rows.ts'

const file = (mark: string) => mark.padEnd(64, '0')
const question = 'In the figure, how many circles of any colour are there left of the largest square that you see?'

/** Fingerprints by file. `flips` are the bits that differ from the hash of another file. */
const looks = new Map<string, Fingerprint>()
function look(mark: string, phash: bigint, more: Partial<Fingerprint> = {}): string {
  const hex = (value: bigint) => value.toString(16).padStart(16, '0')
  looks.set(file(mark), { phash: hex(phash), dhash: hex(phash), pixels: mark, spread: 40, ...more })
  return file(mark)
}
const base = 0x123456789abcdef0n
const far = 0xfedcba9876543210n
const circle = look('circle', base)
const encoded = look('encoded', base ^ 0b111n)
const cropped = look('cropped', base ^ 0b1111_1111n, { dhash: '0123456789abcdef' })
const close = look('close', base ^ (0b1111_1111n << 20n), { dhash: '123456789abcdef1' })
const other = look('other', far)
const samePixels = look('copy', base, { pixels: 'circle' })
const blankOne = look('blank-one', 0n, { spread: 1 })
const blankTwo = look('blank-two', 1n, { spread: 2 })
const blankSame = look('blank-same', 0n, { spread: 1, pixels: 'blank-one' })

const tools = {
  fingerprintsOf: async (hashes: readonly string[]) =>
    new Map(
      hashes.flatMap((hash) => [[hash, looks.get(hash)] as const]).filter(([, found]) => found !== undefined),
    ) as Map<string, Fingerprint>,
}

async function* stream(rows: readonly Row[]): AsyncGenerator<EvidenceRow> {
  for (const one of rows) yield { ...one, from: 'train', status: 'kept', reason: null }
}

async function run(rows: readonly Row[], given: Record<string, unknown> = {}) {
  const options = dedupe.options.parse({ step: 'dedupe', ...given })
  const overview = await dedupe.evidence?.reduce(stream(rows), options, tools)
  return Promise.all(
    rows.map(async (one) => {
      const [outcome] = await dedupe.run(one, { ...context(options), overview })
      const said = outcome?.changes.metadata?.['dedupe'] as Duplicate | undefined
      return { id: one.id, reason: outcome?.reason, ...said }
    }),
  )
}

const item = (id: string, image: string | readonly string[], text = question, more: Partial<Row> = {}): Row =>
  row({ id, images: [image].flat(), question: text, ...more })

describe('dropping duplicates by picture and question', () => {
  it('drops the later of two equal rows, whatever files hold the picture', async () => {
    expect(await run([item('a', circle), item('b', circle), item('c', samePixels)])).toEqual([
      { id: 'a', reason: null },
      { id: 'b', reason: 'duplicate', of: 'a', image: 'exact', distance: 0, question: 'exact', jaccard: 1 },
      { id: 'c', reason: 'duplicate', of: 'a', image: 'exact', distance: 0, question: 'exact', jaccard: 1 },
    ])
  })

  it('drops near duplicates with their distance', async () => {
    const found = await run([
      item('a', circle),
      item('b', encoded),
      item('c', circle, `Please say: ${question}`),
      item('d', close),
    ])
    expect(found.slice(1)).toEqual([
      { id: 'b', reason: 'near-duplicate', of: 'a', image: 'near', distance: 3, question: 'exact', jaccard: 1 },
      { id: 'c', reason: 'near-duplicate', of: 'a', image: 'exact', distance: 0, question: 'near', jaccard: 0.857 },
      { id: 'd', reason: 'near-duplicate', of: 'a', image: 'near', distance: 8, question: 'exact', jaccard: 1 },
    ])
  })

  it.each([
    ['one picture with two questions', [item('a', circle), item('b', circle, 'What colour is the largest square?')]],
    ['one question about two pictures', [item('a', circle), item('b', other)]],
    ['pictures of which only one hash is near', [item('a', circle), item('b', cropped)]],
    [
      'other choices',
      [item('a', circle, question, { choices: ['3', '4'] }), item('b', circle, question, { choices: ['3', '5'] })],
    ],
    ['another number', [item('a', circle, `${question} Take r = 12.`), item('b', circle, `${question} Take r = 13.`)]],
    ['more pictures', [item('a', [circle, other]), item('b', circle), item('c', [other, circle])]],
    ['blank pictures of other pixels', [item('a', blankOne), item('b', blankTwo)]],
    [
      'samples of one question',
      [item('a', circle, question, { originId: 'o' }), item('b', circle, question, { originId: 'o' })],
    ],
  ])('keeps %s', async (_, rows) => {
    expect((await run(rows)).map(({ reason }) => reason)).toEqual(rows.map(() => null))
  })

  it('drops all samples of an item that repeats another, and keeps all samples of the other item', async () => {
    const sample = (id: string, originId: string, sampleIndex: number) =>
      item(id, circle, question, { originId, trace: id, metadata: { sampleIndex } })
    const found = await run([sample('a', 'o', 0), sample('b', 'p', 0), sample('c', 'o', 1), sample('d', 'p', 1)])
    expect(found.map(({ reason, of }) => [reason, of])).toEqual([
      [null, undefined],
      ['duplicate', 'a'],
      [null, undefined],
      ['duplicate', 'a'],
    ])
  })

  it('keeps near duplicates if an option says so', async () => {
    const rows = [
      item('a', circle),
      item('b', encoded),
      item('c', circle, `Please: ${question}`),
      item('d', samePixels),
    ]
    expect((await run(rows, { near: false })).map(({ reason }) => reason)).toEqual([null, null, null, 'duplicate'])
  })

  it('drops blank pictures with equal pixels and questions as duplicates', async () => {
    expect((await run([item('a', blankOne), item('b', blankSame)]))[1]).toMatchObject({ reason: 'duplicate' })
  })

  it('compares pictures by their files if their looks are unknown', async () => {
    const unknown = file('unknown')
    const found = await run([item('a', unknown), item('b', unknown), item('c', file('another'))])
    expect(found.map(({ reason }) => reason)).toEqual([null, 'duplicate', null])
  })

  it('does not count rows that were dropped before', async () => {
    const options = dedupe.options.parse({ step: 'dedupe' })
    const rows = async function* (): AsyncGenerator<EvidenceRow> {
      yield { ...item('a', circle), from: 'train', status: 'dropped', reason: 'x' }
      yield { ...item('b', circle), from: 'train', status: 'kept', reason: null }
    }
    expect((await dedupe.evidence?.reduce(rows(), options, tools))?.size).toBe(0)
  })
})

it('finds the same duplicates if very many rows ask about one picture', async () => {
  // Words have only letters, because similar questions with different numbers are two questions.
  const name = (index: number) => String(index).replaceAll(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)))
  const rows = Array.from({ length: 600 }, (_, index) => item(`r${index}`, blankOne, `Who is ${name(index)}?`))
  rows.push(item('same', blankSame, 'Who is j?'), item('other', circle, 'Who is j?'))
  rows.push(item('long', blankOne), item('near', blankOne, `Well, ${question}`))
  const found = await run(rows)
  expect(found.slice(0, 600).every(({ reason }) => reason === null)).toBe(true)
  expect(found.slice(600).map(({ reason, of }) => [reason, of])).toEqual([
    ['duplicate', 'r9'],
    [null, undefined],
    [null, undefined],
    ['near-duplicate', 'long'],
  ])
})

describe('dropping duplicates by picture or by question alone', () => {
  it('keeps one question for each picture', async () => {
    const rows = [
      item('a', circle),
      item('b', encoded, 'Other?'),
      item('c', other),
      item('d', blankOne),
      item('e', blankSame),
    ]
    expect(await run(rows, { by: 'image' })).toMatchObject([
      { reason: null },
      { reason: 'near-duplicate', of: 'a', image: 'near', question: 'none', jaccard: null },
      { reason: null },
      { reason: null },
      { reason: null },
    ])
  })

  it('keeps one picture for each question', async () => {
    const rows = [item('a', circle), item('b', other), item('c', other, `So, ${question}`), item('d', other, 'Other?')]
    expect(await run(rows, { by: 'question' })).toMatchObject([
      { reason: null },
      { reason: 'duplicate', of: 'a', image: 'none', distance: null, question: 'exact' },
      { reason: 'near-duplicate', of: 'a', question: 'near' },
      { reason: null },
    ])
  })
})

it('keeps the first row of each kind, and drops only rows that are like a kept row', async () => {
  const pictures = [circle, encoded, other, blankOne]
  const questions = [question, `Well, ${question}`, 'How many?']
  const by = fc.constantFrom('image+question', 'image', 'question')
  const drawn = fc.array(fc.tuple(fc.nat(3), fc.nat(2)), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(drawn, by, async (pairs, way) => {
      const rows = pairs.map(([picture, text], index) =>
        item(`r${index}`, pictures[picture] ?? '', questions[text] ?? ''),
      )
      const found = await run(rows, { by: way })
      const stays = new Set(found.filter(({ reason }) => reason === null).map(({ id }) => id))
      for (const { id, of } of found.filter(({ reason }) => reason !== null)) {
        expect(stays.has(of ?? '')).toBe(true)
        expect(rows.findIndex((one) => one.id === of)).toBeLessThan(rows.findIndex((one) => one.id === id))
      }
      expect(
        (
          await run(
            rows.filter(({ id }) => stays.has(id)),
            { by: way },
          )
        ).every(({ reason }) => reason === null),
      ).toBe(true)
    }),
    { numRuns: 60 },
  )
})
