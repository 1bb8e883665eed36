import { turns } from './schema.ts'
import type { Schema } from './schema.ts'

const talk = ['<image>\nWhat is it?', 'A cup.', 'What colour?', 'Red.']
const reply = '<SUMMARY> I look. </SUMMARY>\n\n<CONCLUSION> The answer is B. </CONCLUSION>'
const split = [
  { question: 'What is it?', answer: 'A cup.', pictures: 1 },
  { question: 'Q: What is it?\nA: A cup.\n\nWhat colour?', answer: 'Red.', pictures: 1 },
]

/** Sets of conversations, and the files of trainers. */
export const talks: readonly Schema[] = [
  {
    name: 'LLaVA-Instruct-150k',
    file: 'llava_instruct_150k.json',
    rows: [1, 2].map((id) => ({ id: `0${id}`, image: 'a.png', conversations: turns(talk) })),
    files: { 'a.png': null },
    want: [
      { id: '01/1', ...split[0], question: 'What is it?', answer: 'A cup.', pictures: 1 },
      { id: '01/2', question: 'Q: What is it?\nA: A cup.\n\nWhat colour?', answer: 'Red.', pictures: 1 },
    ],
  },
  {
    name: 'LLaVA-665k',
    file: 'llava_v1_5_mix665k.json',
    rows: [
      { id: '1', image: 'coco/train2017/a.png', conversations: turns(talk) },
      { id: '2', image: 'coco/train2017/a.png', conversations: turns(talk.slice(0, 2)) },
      { id: '3', model: 'gpt4', conversations: turns(['Who are you?', 'An assistant.']) },
    ],
    files: { 'coco/train2017/a.png': null },
    want: [
      { ...split[0], id: '1/1', question: 'What is it?', answer: 'A cup.', pictures: 1 },
      { id: '1/2', question: 'Q: What is it?\nA: A cup.\n\nWhat colour?', answer: 'Red.', pictures: 1 },
      { id: '2', question: 'What is it?', answer: 'A cup.', pictures: 1 },
      { id: '3', question: 'Who are you?', answer: 'An assistant.', pictures: 0 },
    ],
  },
  {
    name: 'LLaVA-CoT-100k',
    file: 'train.jsonl',
    rows: [1, 2].map((id) => ({
      id: `sqa/${id}`,
      image: 'a.png',
      conversations: turns(['How many?\nA. one\nB. two', reply]),
    })),
    files: { 'a.png': null },
    want: [{ id: 'sqa/1', question: 'How many?\nA. one\nB. two', answer: 'B', trace: reply, pictures: 1 }],
  },
  {
    name: 'ShareGPT4V',
    file: 'sharegpt4v.json',
    rows: [1, 2].map((id) => ({
      id: `${id}`,
      image: 'sam/a.png',
      conversations: turns(['<image>\nDescribe it.', 'A red cup on a table.']),
    })),
    files: { 'sam/a.png': null },
    want: [{ id: '1', question: 'Describe it.', answer: 'A red cup on a table.', pictures: 1 }],
  },
  {
    name: 'Cambrian-7M',
    file: 'Cambrian7M.jsonl',
    rows: [1, 2].map((id) => ({
      id: `${id}`,
      image: 'a.png',
      source: 'x.json',
      conversations: turns(['Which?\n<image>', 'The left one.']),
    })),
    files: { 'a.png': null },
    want: [{ id: '1', question: 'Which?', answer: 'The left one.', pictures: 1 }],
  },
  {
    name: 'Vision-R1 (cold start)',
    file: 'cold.json',
    rows: [1, 2].map(() => ({
      image: 'a.png',
      conversations: turns(['<image>Find x.', '<think>So.</think><answer> Final Answer:3 </answer>']),
    })),
    files: { 'a.png': null },
    want: [
      { question: 'Find x.', answer: '3', trace: '<think>So.</think><answer> Final Answer:3 </answer>', pictures: 1 },
    ],
  },
  {
    name: 'OpenVLThinker (SFT)',
    file: 'sft.json',
    rows: [1, 2].map(() => ({
      messages: turns(['<image>Find x.', '<think>So.</think>\n<answer>3</answer>'], 'role'),
      images: ['a.png'],
    })),
    files: { 'a.png': null },
    want: [{ question: 'Find x.', answer: '3', pictures: 1 }],
  },
  {
    name: "LLaMA-Factory's mllm_demo",
    file: 'mllm_demo.json',
    rows: [1, 2].map(() => ({
      messages: turns(
        ['<image>Who are they?', "They're Kane and Gretzka.", 'What are they doing?', 'They celebrate.'],
        'role',
      ),
      images: ['a.png'],
    })),
    files: { 'a.png': null },
    want: [
      { id: '1/1', question: 'Who are they?', answer: "They're Kane and Gretzka.", pictures: 1 },
      {
        id: '1/2',
        question: "Q: Who are they?\nA: They're Kane and Gretzka.\n\nWhat are they doing?",
        answer: 'They celebrate.',
        pictures: 1,
      },
    ],
  },
  {
    name: "LLaMA-Factory's alpaca",
    file: 'alpaca_en_demo.json',
    rows: [
      { instruction: 'Translate.', input: 'Hallo', output: 'Hello', history: [['Hi', 'Hi there']] },
      { instruction: 'Say hi.', input: '', output: 'Hi', history: [] },
    ],
    want: [
      { question: 'Q: Hi\nA: Hi there\n\nTranslate.\nHallo', answer: 'Hello', pictures: 0 },
      { question: 'Say hi.', answer: 'Hi', pictures: 0 },
    ],
  },
  {
    name: 'ms-swift (messages)',
    file: 'train.jsonl',
    rows: [
      { messages: turns(['<image>What is it?', 'A cup.'], 'role'), images: ['a.png'] },
      { messages: turns(['<image><image>Compare.', 'The same.'], 'role'), images: ['a.png', 'a.png'] },
    ],
    files: { 'a.png': null },
    want: [
      { question: 'What is it?', answer: 'A cup.', pictures: 1 },
      { question: 'Compare.', answer: 'The same.', pictures: 2 },
    ],
  },
  {
    name: 'ms-swift (objects)',
    file: 'train.jsonl',
    rows: [1, 2].map(() => ({
      messages: turns(['<image>Find <ref-object>.', '<bbox>'], 'role'),
      images: ['a.png'],
      objects: { ref: ['the dog'], bbox: [[331.5, 761.4, 853.5, 1594.8]] },
    })),
    files: { 'a.png': null },
    want: [{ question: 'Find the dog.', answer: '[331.5, 761.4, 853.5, 1594.8]', kind: 'box', pictures: 1 }],
  },
  {
    name: 'ms-swift (query, response)',
    file: 'train.jsonl',
    rows: [1, 2].map(() => ({
      query: '<image>And now?',
      response: 'Three.',
      history: [['How many?', 'Two.']],
      images: ['a.png'],
    })),
    files: { 'a.png': null },
    want: [{ question: 'Q: How many?\nA: Two.\n\nAnd now?', answer: 'Three.', pictures: 1 }],
  },
  {
    name: 'TRL (prompt, completion)',
    file: 'train.parquet',
    rows: [1, 2].map(() => ({
      prompt: [{ role: 'user', content: 'How many?' }],
      completion: [{ role: 'assistant', content: 'I count. \\boxed{2}' }],
    })),
    pictures: { images: 'list' },
    want: [{ question: 'How many?', answer: '2', trace: 'I count. \\boxed{2}', pictures: 1 }],
  },
  {
    name: 'TRL (messages with parts)',
    file: 'train.parquet',
    rows: [1, 2].map(() => ({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', text: null },
            { type: 'text', text: 'How many?' },
          ],
        },
        { role: 'assistant', content: [{ type: 'text', text: 'Two.' }] },
      ],
    })),
    pictures: { images: 'list' },
    want: [{ question: 'How many?', answer: 'Two.', pictures: 1 }],
  },
  {
    name: 'OpenAI fine-tuning',
    file: 'train.jsonl',
    rows: [1, 2].map(() => ({
      messages: [
        { role: 'system', content: 'You count.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'How many?' },
            { type: 'image_url', image_url: { url: 'a.png', detail: 'low' } },
          ],
        },
        { role: 'assistant', content: '1' },
      ],
    })),
    files: { 'a.png': null },
    want: [{ question: 'How many?', answer: '1', pictures: 1 }],
  },
  {
    name: 'Conversations as a map of lists',
    file: 'train.parquet',
    rows: [1, 2].map(() => ({ conversations: { from: ['human', 'gpt', 'human', 'gpt'], value: talk } })),
    pictures: { image: 'struct' },
    want: split,
  },
  {
    name: 'Conversations as JSON text',
    file: 'train.parquet',
    rows: [1, 2].map(() => ({ conversations: JSON.stringify(turns(talk)) })),
    pictures: { image: 'struct' },
    want: split,
  },
]
