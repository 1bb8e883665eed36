import { describe, expect, it } from 'vitest'
import { rlRow, sftRow, usableRows } from '../../trainers/training-rows.ts'
import { row, trace } from '../data/rows.ts'

const options = { promptSuffix: ' Think first.', imagePath: (hash: string) => `/store/${hash}.png` }
const subject = row({
  images: ['aa', 'bb'],
  question: '<image>Which?<image>',
  choices: ['two', 'three'],
  trace: trace('x'),
})

describe('rows for trainers', () => {
  it('writes an SFT row with one mark an image', () => {
    expect(sftRow(subject, options)).toEqual({
      row: {
        id: 'r1',
        images: ['/store/aa.png', '/store/bb.png'],
        messages: [
          { role: 'user', content: '<image><image>Which?\nA. two\nB. three Think first.' },
          { role: 'assistant', content: trace('x') },
        ],
      },
    })
  })

  it('writes an RL row with what the reward needs', () => {
    expect(rlRow(subject, options)).toMatchObject({
      row: { answer: '3', kind: 'auto', choices: ['two', 'three'], prompt: [{ role: 'user' }] },
    })
  })

  it('writes precision and policy of an RL row that has them, and nothing where it has none', () => {
    const converted = rlRow({ ...subject, precision: 2, policy: { percent: 'strict' } }, options)
    expect(converted).toMatchObject({ row: { precision: 2, policy: { percent: 'strict' } } })
    const plain = rlRow(subject, options)
    expect('row' in plain && Object.keys(plain.row)).toEqual(['id', 'images', 'prompt', 'answer', 'kind', 'choices'])
  })

  it('writes who rewards an RL row that says so in its metadata, and nothing for any other word', () => {
    for (const reward of ['rule', 'judge'])
      expect(rlRow({ ...subject, metadata: { reward } }, options)).toMatchObject({ row: { reward } })
    const plain = JSON.stringify(rlRow(subject, options))
    for (const metadata of [{}, { reward: 'me' }, { reward: 1 }, { source: 'x' }])
      expect(JSON.stringify(rlRow({ ...subject, metadata }, options))).toBe(plain)
  })

  it.each([
    ['no-trace', { trace: null }],
    ['no-trace', { trace: ' ' }],
    ['image-mark-in-trace', { trace: 'I see <image>' }],
    ['no-image', { images: [] }],
  ])('refuses an SFT row: %s', (refused, changes) => {
    expect(sftRow({ ...subject, ...changes }, options)).toEqual({ refused })
  })

  it('refuses an RL row without an answer', () => {
    expect(rlRow({ ...subject, answer: null }, options)).toEqual({ refused: 'no-answer' })
  })
})

it('says why no row is left to train on, the most frequent reason first', async () => {
  const used = async (rows: (typeof subject)[]) => {
    async function* all() {
      yield* rows
    }
    const found: unknown[] = []
    for await (const one of usableRows('demo/1/sft', all(), (given) => sftRow(given, options))) found.push(one)
    return found.length
  }
  const [untraced, blind] = [row({ images: ['aa'], trace: null }), row({ images: [], trace: trace('x') })]
  expect(await used([untraced, subject, blind])).toBe(1)
  expect(await used([])).toBe(0)
  await expect(used([blind, untraced, untraced])).rejects.toMatchObject({
    type: 'EmptyDataset',
    message: 'No row was left to train demo/1/sft on; left out: no-trace 2, no-image 1.',
    nextStep: expect.stringContaining('traces'),
  })
})
