import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folderOf, jsonl, picture } from './files.ts'
import { read } from './reading.ts'

const image = await picture()

it("joins Alpaca's columns by the names of LLaMA-Factory's dataset_info.json", async () => {
  const folder = await folderOf({
    'mine.json': JSON.stringify([
      { ask: 'Translate.', text: 'Hallo', reply: 'Hello' },
      { ask: 'Say hi.', text: '', reply: 'Hi' },
    ]),
    'dataset_info.json': JSON.stringify({
      mine: { file_name: 'mine.json', columns: { prompt: 'ask', query: 'text', response: 'reply' } },
    }),
  })
  const { short, prepared } = await read(folder)
  expect(short.map(({ question, answer }) => [question, answer])).toEqual([
    ['Translate.\nHallo', 'Hello'],
    ['Say hi.', 'Hi'],
  ])
  expect(prepared.notes.join()).toContain('"ask" and "text" together are the question')
})

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

  const several = [
    { from: 'human', value: '<image>How many?' },
    { from: 'gpt', value: '<think>Two and one.</think><answer>3</answer>' },
    { from: 'human', value: 'And in <image>?' },
    { from: 'gpt', value: '<answer>4</answer>' },
  ]
  /** Rows of talks under a mapping of their conversation. */
  async function mapped(conversation: string, rows: readonly object[]) {
    const folder = await folderOf({
      'a.png': image,
      'b.png': await picture(2),
      'd.json': JSON.stringify(rows),
      'map.yaml': `id: id\nimages: images\n${conversation}`,
    })
    return (await read(join(folder, 'd.json'), { mappingFile: join(folder, 'map.yaml') })).rows
  }
  const talk = { id: 'q', images: ['a.png', 'b.png'], conversations: several }
  const written = 'conversation: {column: conversations, role: from, text: value, reply: trace'

  it('of several questions fail until the mapping says what becomes of them', async () => {
    const [row, single, ...others] = await mapped(`${written}}`, [
      talk,
      { ...talk, id: 's', images: ['a.png'], conversations: several.slice(0, 2) },
    ])
    expect(row?.row.failure).toEqual({ reason: 'several-turns', detail: expect.stringContaining('turns: split') })
    expect(single?.row).toMatchObject({ question: 'How many?', answer: '3', failure: null })
    expect(others).toEqual([])
  })

  it.each([
    [
      'split',
      [
        ['q/1', 'How many?', '3', 1],
        ['q/2', 'Q: How many?\nA: 3\n\nAnd in ?', '4', 2],
      ],
    ],
    ['first', [['q', 'How many?', '3', 1]]],
    ['last', [['q', 'Q: How many?\nA: 3\n\nAnd in ?', '4', 2]]],
  ])('of several questions with turns: %s', async (turns, wanted) => {
    const rows = await mapped(`${written}, turns: ${turns}}`, [talk])
    expect(rows.map(({ sourceId, row, pictures }) => [sourceId, row.question, row.answer, pictures.length])).toEqual(
      wanted,
    )
    expect(rows.flatMap(({ row }) => row.failure ?? [])).toEqual([])
  })

  it('give the answer of its column to the last question alone', async () => {
    const rows = await mapped(`answer: gold\n${written}, turns: split}`, [{ ...talk, gold: 'four' }])
    expect(rows.map(({ row }) => row.answer)).toEqual(['3', 'four'])
  })

  it('of several questions beside a column of answers are guessed to end with the last question', async () => {
    const folder = await folderOf({
      'a.png': image,
      'd.json': JSON.stringify([{ ...talk, images: ['a.png', 'a.png'], answer: 'four' }]),
    })
    const { rows, mapping } = await read(join(folder, 'd.json'))
    expect(mapping.conversation?.turns).toBe('last')
    expect(rows.map(({ row }) => [row.answer, row.notes])).toEqual([['four', ['turn-of-talk']]])
  })

  it('with a video fail, because a row cannot show it', async () => {
    const [row] = await mapped('conversation: {column: messages}', [
      {
        id: 'v',
        images: ['a.png'],
        messages: [
          {
            role: 'user',
            content: [
              { type: 'video', video: 'a.mp4' },
              { type: 'text', text: 'What?' },
            ],
          },
        ],
      },
    ])
    expect(row?.row.failure).toMatchObject({ reason: 'bad-field', detail: expect.stringContaining('video') })
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
