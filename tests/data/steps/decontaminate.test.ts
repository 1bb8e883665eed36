import { describe, expect, it } from 'vitest'
import { answerStandsInDescription } from '../../../data/similarity/contamination.ts'
import { decontaminate } from '../../../data/steps/decontaminate.ts'
import type { EvidenceRow, Fingerprint, Row } from '../../../domain/rows.ts'
import { context, row } from '../rows.ts'

const hex = (value: bigint) => value.toString(16).padStart(16, '0')
const looks = new Map<string, Fingerprint>()
function look(mark: string, phash: bigint, spread = 40, pixels = mark): string {
  const file = mark.padEnd(64, '0')
  looks.set(file, { phash: hex(phash), dhash: hex(phash), pixels, spread })
  return file
}
const chart = look('chart', 0x123456789abcdef0n)
const chartJpeg = look('chart-jpeg', 0x123456789abcdef3n)
const unseen = look('unseen', 0xfedcba9876543210n)
const blank = look('blank', 0n, 1)
const blankCopy = look('blank-copy', 0n, 1, 'blank')

const fingerprintsOf = async (hashes: readonly string[]) => {
  const found = new Map<string, Fingerprint>()
  for (const hash of hashes) {
    const known = looks.get(hash)
    if (known) found.set(hash, known)
  }
  return found
}

const asked = 'According to the chart, in which year did the number of visitors first exceed that of the year before?'
const shorter = 'Which bar of the chart is the tallest?'
const item = (id: string, image: string, question: string, from = 'charts'): EvidenceRow => ({
  ...row({ id, images: [image], question }),
  from,
  status: 'kept',
  reason: null,
})
const benchmarks = [
  item('i1', chart, asked),
  item('i2', chart, shorter),
  item('i3', blank, 'What is missing?', 'blanks'),
]

async function run(
  changes: Partial<Row>,
  given: Record<string, unknown> = {},
  items: readonly EvidenceRow[] = benchmarks,
) {
  const options = decontaminate.options.parse({ step: 'decontaminate', ...given })
  const rows = async function* () {
    yield* items
  }
  const overview = await decontaminate.evidence?.reduce(rows(), options, { fingerprintsOf })
  const [outcome] = await decontaminate.run(row({ images: [unseen], metadata: { source: 's' }, ...changes }), {
    ...context(options),
    overview,
    fingerprintsOf,
  })
  const { source, contamination } = outcome?.changes.metadata ?? {}
  expect(source).toBe('s')
  return { reason: outcome?.reason, contamination }
}

describe('the verdict on a row', () => {
  it('is a leak for the picture and the question of an item, with the evidence', async () => {
    expect(await run({ images: [chart], question: asked.toUpperCase() })).toEqual({
      reason: 'leak',
      contamination: {
        verdict: 'leak',
        benchmark: 'charts',
        item: 'i1',
        image: 'exact',
        distance: 0,
        text: 'exact',
        jaccard: 1,
      },
    })
  })

  it.each([
    [
      'another file',
      { images: [chartJpeg], question: asked },
      { item: 'i1', image: 'near', distance: 2, text: 'exact' },
    ],
    ['a word before it', { images: [chart], question: `Well, ${asked}` }, { item: 'i1', image: 'exact', text: 'near' }],
    [
      'choices after it',
      { images: [chart], question: `${shorter} (A) the first (B) the second (C) the third` },
      { item: 'i2', text: 'contained' },
    ],
    ['more pictures', { images: [unseen, chart], question: asked }, { item: 'i1', image: 'exact' }],
    [
      'a blank picture of equal pixels',
      { images: [blankCopy], question: 'What is missing?' },
      { item: 'i3', blank: true, benchmark: 'blanks' },
    ],
  ])('is a leak for %s', async (_, changes, evidence) => {
    expect(await run(changes)).toMatchObject({ reason: 'leak', contamination: { verdict: 'leak', ...evidence } })
  })

  it('is an overlap of pictures for another question', async () => {
    expect(await run({ images: [chartJpeg], question: 'How many bars are there?' })).toEqual({
      reason: 'image-overlap',
      contamination: { verdict: 'image_overlap', benchmark: 'charts', item: 'i1', image: 'near', distance: 2 },
    })
  })

  it('is an overlap of texts for another picture, and the row stays', async () => {
    expect(await run({ question: asked })).toEqual({
      reason: null,
      contamination: { verdict: 'text_overlap', benchmark: 'charts', item: 'i1', text: 'exact', jaccard: 1 },
    })
    const run13 = `${asked.split(' ').slice(0, 14).join(' ')} rain fall less often than snow did in the north of the country?`
    expect(await run({ question: run13 })).toMatchObject({ contamination: { verdict: 'text_overlap', text: 'run' } })
  })

  it.each([
    ['a picture and a question of its own', { question: 'How many red circles?' }],
    ['a blank picture with another question', { images: [blankCopy], question: 'How many red circles?' }],
    ['no question and no picture', { images: [], question: '' }],
  ])('is clean for %s', async (_, changes) => {
    expect(await run(changes)).toEqual({ reason: null, contamination: { verdict: 'clean' } })
  })

  it('is the same if very many items ask about one picture', async () => {
    const items = Array.from({ length: 400 }, (_, index) => item(`q${index}`, chart, `Which is bar ${index}?`))
    items.push(item('far', unseen, 'Which is line 7?'))
    const leak = { verdict: 'leak', item: 'q7', image: 'near', text: 'exact' }
    expect(await run({ images: [chartJpeg], question: 'Which is bar 7?' }, {}, items)).toMatchObject({
      contamination: leak,
    })
    expect(await run({ images: [chart], question: 'Which is line 7?' }, {}, items)).toMatchObject({
      contamination: { verdict: 'image_overlap', item: 'q0' },
    })
  })

  it('goes by the file of a picture if its look is unknown', async () => {
    const file = 'f'.repeat(64)
    const found = await run({ images: [file], question: 'Q?' }, {}, [item('x', file, 'Another?')])
    expect(found).toMatchObject({ contamination: { verdict: 'image_overlap', image: 'exact', distance: 0 } })
  })

  it('names the most similar item', async () => {
    const items = [item('far', chartJpeg, asked), item('word', chart, `So ${asked}`), item('same', chart, asked)]
    expect(await run({ images: [chart], question: asked }, {}, items)).toMatchObject({
      contamination: { item: 'same' },
    })
  })

  it('is unchecked if there is nothing to compare with', async () => {
    expect(await run({}, {}, [])).toEqual({ reason: null, contamination: { verdict: 'unchecked' } })
    expect(await run({}, {}, [{ ...item('x', unseen, 'Q?'), status: 'failed' }])).toMatchObject({
      contamination: { verdict: 'unchecked' },
    })
  })
})

it.each([
  ['leaks', 'keep', { images: [chart], question: asked }, null],
  ['imageOverlaps', 'keep', { images: [chart], question: 'How many?' }, null],
  ['textOverlaps', 'drop', { question: asked }, 'text-overlap'],
])('%s: %s decides', async (option, fate, changes, reason) => {
  expect((await run(changes, { [option]: fate })).reason).toBe(reason)
})

describe('an answer in the description', () => {
  it('is noted, and drops nothing', async () => {
    const told = { question: 'Who?', answer: '3', description: 'There are 3 circles.' }
    expect(await run(told)).toEqual({ reason: null, contamination: { verdict: 'clean', answerInDescription: true } })
    expect(await run({ ...told, answer: '4' })).toMatchObject({ contamination: { answerInDescription: false } })
    expect(await run(told, { answers: false })).toEqual({ reason: null, contamination: { verdict: 'clean' } })
  })

  it.each([
    [{ answer: 'red circle', description: 'A Red circle, left.' }, true],
    [{ answer: '3', description: 'There are 13 or 3.5 circles.' }, false],
    [{ answer: '1,200', description: 'The sum is 1200.' }, true],
    [{ answer: 'B', choices: ['a cat', 'a dog'], description: 'B shows a dog.' }, true],
    [{ answer: '(B)', choices: ['a cat', 'a dog'], description: 'B shows a cat.' }, false],
    [{ answer: 'yes', description: 'yes' }, null],
    [{ answer: 'x', kind: 'yesno' as const, description: 'x' }, null],
    [{ answer: null, description: 'x' }, null],
    [{ answer: '?', description: 'x' }, null],
    [{ answer: 'x', description: null }, null],
  ])('of %j is %s', (changes, expected) => {
    expect(answerStandsInDescription(row(changes))).toBe(expected)
  })
})
