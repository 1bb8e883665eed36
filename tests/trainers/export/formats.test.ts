import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ExportKind, ExportRow, RecordContext } from '../../../data/export/format.ts'
import { formats } from '../../../trainers/export-formats.ts'
import { row, trace } from '../../data/rows.ts'

const images = ['a'.repeat(64), 'b'.repeat(64)]
const whole: ExportRow = {
  ...row({
    id: 'r7',
    originId: 'root',
    images,
    question: '<image>\nHow many?',
    answer: '3',
    kind: 'number',
    choices: ['one', 'three'],
    precision: 1,
    policy: { units: 'strict' },
    trace: trace('count'),
    metadata: { reward: 'rule', source: 'shapes', abilities: ['counting'] },
  }),
  status: 'kept',
  reason: null,
}
const context = (kind: ExportKind): RecordContext => ({
  kind,
  promptSuffix: ' Think.',
  answers: 'packed',
  dataset: 'demo/1/select',
  index: 4,
})
const asked = 'How many?\nA. one\nB. three'
const user = { role: 'user', content: `<image><image>${asked} Think.` }
const said = { role: 'assistant', content: trace('count') }
const packed =
  '{"hone":1,"id":"r7","gold":"3","kind":"number","choices":["one","three"],"precision":1,"policy":{"units":"strict"},"question":"How many?\\nA. one\\nB. three","reward":"rule"}'

describe('a row becomes', () => {
  it('for LLaMA-Factory messages with a mark for each picture', () => {
    expect(formats.llamafactory.record(whole, context('sft'))).toEqual({
      row: { fields: { id: 'r7', messages: [user, said] }, images },
    })
  })

  it('for EasyR1 a problem, and an answer that holds what a check needs', () => {
    expect(formats.easyr1.record(whole, context('rl'))).toEqual({
      row: { fields: { problem: user.content, answer: packed }, images },
    })
    const plain = formats.easyr1.record(whole, { ...context('rl'), answers: 'plain' })
    expect(plain).toMatchObject({ row: { fields: { answer: '3' } } })
  })

  it('for verl what its reward and its reports read', () => {
    expect(formats.verl.record(whole, context('rl'))).toEqual({
      row: {
        fields: {
          data_source: 'shapes',
          prompt: [user],
          ability: 'counting',
          reward_model: { style: 'rule', ground_truth: packed },
          extra_info: { index: 4, id: 'r7', origin: 'root' },
        },
        images,
      },
    })
    const bare = formats.verl.record({ ...whole, metadata: {} }, context('rl'))
    expect(bare).toMatchObject({ row: { fields: { data_source: 'demo/1/select', ability: 'visual-question' } } })
    expect(formats.verl.record(whole, context('sft'))).toEqual({ row: { fields: { messages: [user, said] }, images } })
  })

  it('for TRL plain turns without marks, and the columns of the reward file', () => {
    const prompt = [{ role: 'user', content: `${asked} Think.` }]
    expect(formats.trl.record(whole, context('sft'))).toEqual({
      row: { fields: { id: 'r7', prompt, completion: [said] }, images },
    })
    expect(formats.trl.record(whole, context('rl'))).toEqual({
      row: {
        fields: {
          id: 'r7',
          prompt,
          answer: '3',
          kind: 'number',
          choices: ['one', 'three'],
          precision: 1,
          policy: '{"units":"strict"}',
          question: asked,
          reward: 'rule',
        },
        images,
      },
    })
  })

  it('for ms-swift messages, and no column that its loader takes for the response', () => {
    expect(formats.swift.record(whole, context('sft'))).toEqual({
      row: { fields: { hone_id: 'r7', messages: [user, said] }, images },
    })
    expect(formats.swift.record(whole, context('rl'))).toEqual({
      row: { fields: { hone_id: 'r7', messages: [user], hone_row: packed }, images },
    })
  })

  it('with a suffix of its own campaign alone', () => {
    const said = formats.easyr1.record(whole, { ...context('rl'), promptSuffix: '' })
    expect(said).toMatchObject({ row: { fields: { problem: `<image><image>${asked}` } } })
  })
})

describe('a row that a trainer cannot use is refused', () => {
  const refusals: [string, Partial<ExportRow>, string][] = [
    ['no-trace', { trace: null }, 'sft'],
    ['no-trace', { trace: ' \n' }, 'sft'],
    ['image-mark-in-trace', { trace: 'see <image>' }, 'sft'],
    ['no-image', { images: [] }, 'sft'],
    ['no-question', { question: '<image>', choices: null }, 'sft'],
    ['no-answer', { answer: null }, 'rl'],
    ['no-answer', { answer: ' ' }, 'rl'],
    ['no-image', { images: [] }, 'rl'],
    ['image-mark-in-question', { question: 'a <ima<image>ge> mark' }, 'rl'],
  ]
  it.each(refusals)('%s: %j as %s', (reason, change, kind) => {
    const of =
      kind === 'sft'
        ? (['llamafactory', 'verl', 'trl', 'swift'] as const)
        : (['easyr1', 'verl', 'trl', 'swift'] as const)
    for (const name of of) {
      const options = { ...context(kind === 'sft' ? 'sft' : 'rl'), promptSuffix: '' }
      expect({ name, said: formats[name].record({ ...whole, ...change }, options) }).toEqual({
        name,
        said: { refused: reason },
      })
    }
  })
})

it('LLaMA-Factory is told the file, its columns and its tags', () => {
  const written = {
    kind: 'sft',
    images: 'copy',
    name: 'demo-1',
    dataset: 'demo/1',
    rows: 2,
    files: [{ path: 'train.jsonl', bytes: 9 }],
  } as const
  expect(JSON.parse(formats.llamafactory.extras(written)['dataset_info.json'] ?? '')).toEqual({
    'demo-1': {
      file_name: 'train.jsonl',
      formatting: 'sharegpt',
      columns: { messages: 'messages', images: 'images' },
      tags: {
        role_tag: 'role',
        content_tag: 'content',
        user_tag: 'user',
        assistant_tag: 'assistant',
        system_tag: 'system',
      },
    },
  })
  expect(formats.llamafactory.usage(written, join('/', 'out')).join('\n')).toContain('dataset_dir=/out dataset=demo-1')
})
