import type { Schema } from './schema.ts'

/** Sets of questions about pictures in files, most of them drawn by a program. */
export const figures: readonly Schema[] = [
  {
    name: 'TallyQA',
    file: 'train.json',
    rows: [1, 2].map((question_id) => ({
      image: 'VG_100K_2/1.png',
      answer: 3,
      data_source: 'imported_genome',
      question: 'How many dogs?',
      image_id: 1,
      question_id,
    })),
    files: { 'VG_100K_2/1.png': null },
    want: [{ id: '1', question: 'How many dogs?', answer: '3', pictures: 1 }],
  },
  {
    name: 'FigureQA',
    file: 'inside.json',
    rows: [
      {
        qa_pairs: [0, 1].map((answer) => ({
          question_string: 'Is Red the minimum?',
          image_index: '0.png',
          answer,
          color1_name: 'Red',
          color2_name: '--None--',
          question_id: 0,
        })),
      },
    ],
    files: { '0.png': null },
    want: [
      { question: 'Is Red the minimum?', answer: 'no', pictures: 1 },
      { question: 'Is Red the minimum?', answer: 'yes', pictures: 1 },
    ],
  },
  {
    name: 'PlotQA',
    file: 'inside.json',
    rows: [
      {
        qa_pairs: [1, 2].map((qid) => ({
          image_index: '0.png',
          qid: `Q${qid}`,
          question_string: 'What is the title?',
          answer_bbox: {},
          template: 'structural',
          answer: 'Rainfall',
          answer_id: 7,
          type: 'dot_line',
        })),
      },
    ],
    files: { '0.png': null },
    want: [{ id: 'Q1', question: 'What is the title?', answer: 'Rainfall', pictures: 1 }],
  },
  {
    name: 'DVQA',
    file: 'train_qa.json',
    rows: [1, 2].map((question_id) => ({
      question: 'What is the label of the second bar?',
      question_id,
      template_id: 'reasoning',
      answer: 'closet',
      image: 'bar_1.png',
      answer_bbox: [1, 2, 3, 4],
    })),
    files: { 'bar_1.png': null },
    want: [{ id: '1', question: 'What is the label of the second bar?', answer: 'closet', kind: 'auto', pictures: 1 }],
  },
  {
    name: 'CLEVR',
    file: 'inside.json',
    rows: [
      {
        info: { split: 'train' },
        questions: [0, 1].map((index) => ({
          image_filename: 'C0.png',
          image_index: 0,
          split: 'train',
          question: 'How many cubes?',
          answer: '3',
          question_family_index: index,
          program: [],
        })),
      },
    ],
    files: { 'C0.png': null },
    want: [{ question: 'How many cubes?', answer: '3', pictures: 1 }],
  },
  {
    name: 'Super-CLEVR',
    file: 'inside.json',
    rows: [
      {
        info: {},
        questions: [0, 1].map((index) => ({
          image_filename: 'S0.png',
          question_index: index,
          question: 'Is there a bus?',
          answer: 'yes',
          program: [],
        })),
      },
    ],
    files: { 'S0.png': null },
    want: [{ id: '0', question: 'Is there a bus?', answer: 'yes', pictures: 1 }],
  },
]
