import type { AnswerKind, AnswerPolicy } from '../domain/answer-check.ts'
import { knownMetadata } from '../domain/rows.ts'
import type { RewardKind, Row } from '../domain/rows.ts'
import { questionText } from './question-text.ts'

export interface TrainingRowOptions {
  promptSuffix: string
  /** Absolute path of a picture, by SHA-256. */
  imagePath: (hash: string) => string
}

interface Message {
  role: 'user' | 'assistant'
  content: string
}

/** A row as the trainer's `sft` reads it: as many `<image>` marks as images. */
export interface SftRow {
  id: string
  images: string[]
  messages: [Message, Message]
}

/** A row as the trainer's `grpo` reads it. */
export interface RlRow {
  id: string
  images: string[]
  prompt: [Message]
  answer: string
  kind: AnswerKind
  choices: string[] | null
  /** Left out, not null, where the row has none: files of rows without them keep their bytes and hashes. */
  precision?: number
  policy?: AnswerPolicy
  /** Left out likewise. */
  reward?: RewardKind
}

/** A row in the trainer's form, or a short code for why it cannot be trained on. */
export type Converted<Value> = { row: Value } | { refused: string }

/** SFT: the question with its pictures, and the trace as the reply. */
export function sftRow(row: Row, options: TrainingRowOptions): Converted<SftRow> {
  if (row.trace === null || row.trace.trim() === '') return { refused: 'no-trace' }
  // A mark in the reply would be counted as one more picture.
  if (row.trace.includes('<image>')) return { refused: 'image-mark-in-trace' }
  const user = userTurn(row, options)
  if ('refused' in user) return user
  const { images, message } = user
  return { row: { id: row.id, images, messages: [message, { role: 'assistant', content: row.trace }] } }
}

/** RL: the question with its pictures, and what the reward needs to judge a completion. */
export function rlRow(row: Row, options: TrainingRowOptions): Converted<RlRow> {
  if (row.answer === null || row.answer.trim() === '') return { refused: 'no-answer' }
  const user = userTurn(row, options)
  if ('refused' in user) return user
  const { images, message } = user
  const choices = row.choices === null ? null : [...row.choices]
  const { id, answer, kind, precision, policy } = row
  const { reward } = knownMetadata(row.metadata)
  return {
    row: {
      id,
      images,
      prompt: [message],
      answer,
      kind,
      choices,
      ...(precision !== null && { precision }),
      ...(policy !== null && { policy }),
      ...(reward !== undefined && { reward }),
    },
  }
}

function userTurn(
  row: Row,
  { promptSuffix, imagePath }: TrainingRowOptions,
): { images: string[]; message: Message } | { refused: string } {
  if (row.images.length === 0) return { refused: 'no-image' }
  const text = questionText(row, promptSuffix)
  if (text.trim() === '') return { refused: 'no-question' }
  if (text.includes('<image>')) return { refused: 'image-mark-in-question' }
  return {
    images: row.images.map(imagePath),
    message: { role: 'user', content: `${'<image>'.repeat(row.images.length)}${text}` },
  }
}
