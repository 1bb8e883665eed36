import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folderOf, jsonl, picture } from './files.ts'
import { read } from './reading.ts'

const image = await picture()

describe('talks', () => {
  it('of Vision-R1 in both forms: a trace with its answer inside', async () => {
    const reply = '<think>Two and one.</think><answer> Final Answer:3 </answer>'
    const forms = {
      one: [{ image: 'a.png', conversations: turns('from', 'value', 'human', 'gpt', reply) }],
      two: [{ images: ['a.png'], conversations: turns('role', 'content', 'user', 'assistant', reply) }],
    }
    for (const rows of Object.values(forms)) {
      const folder = await folderOf({ 'a.png': image, 'cold.json': JSON.stringify(rows) })
      const { rows: read1, prepared } = await read(join(folder, 'cold.json'))
      expect(read1[0]?.row).toMatchObject({ question: 'How many?', answer: '3', trace: reply, failure: null })
      expect(prepared.notes.join()).toContain('the last reply is the trace')
    }
  })

  it('of LLaVA with a system turn and several questions: a row of each question, with what was said before', async () => {
    const conversations = [
      { from: 'system', value: 'Be brief.' },
      { from: 'human', value: 'How many?\n<image>' },
      { from: 'gpt', value: 'Two.' },
      { from: 'human', value: 'Sure?' },
      { from: 'gpt', value: 'Three.' },
    ]
    const folder = await folderOf({
      'x/a.png': image,
      'd.json': JSON.stringify([{ id: 'q', image: 'x/a.png', conversations }]),
    })
    const { short, rows } = await read(join(folder, 'd.json'))
    expect(short).toEqual([
      { id: 'q/1', question: 'How many?', answer: 'Two.', pictures: 1 },
      { id: 'q/2', question: 'Q: How many?\nA: Two.\n\nSure?', answer: 'Three.', pictures: 1 },
    ])
    expect(rows.map(({ row }) => row.trace)).toEqual([null, null])
  })

  it('of LLaMA-Factory with the names of its dataset_info.json', async () => {
    const row = { dialog: turns('who', 'said', 'u', 'a', 'Three.'), pics: ['a.png'] }
    const folder = await folderOf({
      'a.png': image,
      'mine.json': JSON.stringify([row]),
      'other.json': '[]',
      'dataset_info.json': JSON.stringify({
        mine: {
          file_name: 'mine.json',
          formatting: 'sharegpt',
          columns: { messages: 'dialog', images: 'pics' },
          tags: { role_tag: 'who', content_tag: 'said', user_tag: 'u', assistant_tag: 'a' },
        },
        hub: { hf_hub_url: 'x/y' },
      }),
    })
    expect((await read(folder)).short).toEqual([{ id: '1', question: 'How many?', answer: 'Three.', pictures: 1 }])
  })

  const turns = (role: string, text: string, user: string, assistant: string, reply: string) => [
    { [role]: user, [text]: '<image>\nHow many?' },
    { [role]: assistant, [text]: reply },
  ]
})

it("reads WeThink's lines, and translates its rewards to the words of the steps", async () => {
  const row = {
    problem: 'Q?',
    answer: 'A',
    category: 'math',
    abilities: ['ocr'],
    refined_cot: 'so',
    image_path: 'i/a.png',
  }
  const folder = await folderOf({
    'i/a.png': image,
    'w.jsonl': jsonl([
      { ...row, reward: 'model' },
      { ...row, reward: 'rule' },
    ]),
  })
  const { rows } = await read(folder)
  expect(rows[0]?.row).toMatchObject({
    question: 'Q?',
    trace: 'so',
    metadata: { reward: 'judge', category: 'math', abilities: ['ocr'] },
  })
  expect(rows[1]?.row.metadata['reward']).toBe('rule')
})
