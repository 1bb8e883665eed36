import { turns } from './schema.ts'
import type { Schema } from './schema.ts'

/** Sets that compare replies. Nobody says which answer is right, so the rows have no answer. */
export const preferences: readonly Schema[] = [
  {
    name: 'RLAIF-V',
    file: 'train.parquet',
    rows: [1, 2].map((idx) => ({
      ds_name: 'RLAIF-V',
      question: 'What is it?',
      chosen: 'A red cup.',
      rejected: 'A dog.',
      origin_dataset: 'x',
      idx,
    })),
    pictures: { image: 'struct' },
    want: [{ id: '1', question: 'What is it?', answer: null, pictures: 1 }],
  },
  {
    name: 'VLFeedback',
    file: 'train.parquet',
    rows: [1, 2].map((id) => ({
      id: `svit-${id}`,
      prompt: 'What is it?',
      models: ['a', 'b'],
      completions: [{ model: 'a', response: 'A cup.' }],
      critiques: 'x',
    })),
    pictures: { image: 'struct' },
    want: [{ id: 'svit-1', question: 'What is it?', answer: null, pictures: 1 }],
  },
  {
    name: 'TRL (prompt, chosen, rejected)',
    file: 'train.parquet',
    rows: [1, 2].map(() => ({
      prompt: turns(['What is it?'], 'role'),
      chosen: [{ role: 'assistant', content: 'So: <answer>a cup</answer>' }],
      rejected: [{ role: 'assistant', content: '<answer>a dog</answer>' }],
    })),
    pictures: { images: 'list' },
    want: [{ question: 'What is it?', answer: 'a cup', trace: 'So: <answer>a cup</answer>', pictures: 1 }],
  },
]
