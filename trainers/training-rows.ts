import type { Recorded } from '../data/export/format.ts'
import { imageMark, marksIn } from '../data/rows/image-marks.ts'
import { questionText } from '../data/rows/question-text.ts'
import { checkOf, saidOf } from '../domain/answer-check.ts'
import { HoneError } from '../domain/errors.ts'
import { rewardOf } from '../domain/rows.ts'
import type { Row } from '../domain/rows.ts'
import type { RlRow, SftRow } from './rows.ts'

export interface TrainingRowOptions {
  promptSuffix: string
  /** Absolute path of a picture by its SHA-256. */
  imagePath: (hash: string) => string
}

/** An SFT row: the question with its pictures, and the trace as the reply. */
export function sftRow(row: Row, options: TrainingRowOptions): Recorded<SftRow> {
  if (row.trace === null || row.trace.trim() === '') return { refused: 'no-trace' }
  // A mark in the reply would count as another picture.
  if (marksIn(row.trace) > 0) return { refused: 'image-mark-in-trace' }
  const user = userTurn(row, options)
  if ('refused' in user) return user
  const { images, message } = user
  return { row: { id: row.id, images, messages: [message, { role: 'assistant', content: row.trace }] } }
}

/**
 * An RL row: the question with its pictures, and the fields that the reward needs. Kind and choices
 * are always written. Any other empty field is left out instead of null, so that files of such rows
 * keep their bytes and hashes.
 */
export function rlRow(row: Row, options: TrainingRowOptions): Recorded<RlRow> {
  if (row.answer === null || row.answer.trim() === '') return { refused: 'no-answer' }
  const user = userTurn(row, options)
  if ('refused' in user) return user
  const { images, message } = user
  const { id, answer } = row
  const { kind, choices, ...others } = checkOf(row)
  const said = saidOf({ ...others, reward: rewardOf(row) })
  return { row: { id, images, prompt: [message], answer, kind, choices: choices && [...choices], ...said } }
}

/**
 * Converts rows to the trainer's form. Rows that cannot be trained on (no trace, no answer) are
 * left out. Throws EmptyDataset with the reasons when all rows were left out. `stage` names the
 * training.
 */
export async function* usableRows<Value>(
  stage: string,
  rows: AsyncIterable<Row>,
  convert: (row: Row) => Recorded<Value>,
): AsyncGenerator<Value> {
  const reasons = new Map<string, number>()
  let used = 0
  for await (const row of rows) {
    const converted = convert(row)
    if ('row' in converted) {
      used++
      yield converted.row
    } else reasons.set(converted.refused, (reasons.get(converted.refused) ?? 0) + 1)
  }
  if (used > 0 || reasons.size === 0) return
  const told = [...reasons].sort(([, a], [, b]) => b - a).map(([reason, count]) => `${reason} ${count}`)
  const [[most] = []] = [...reasons].sort(([, a], [, b]) => b - a)
  throw new HoneError({
    type: 'EmptyDataset',
    message: `No row was left to train ${stage} on; left out: ${told.join(', ')}.`,
    nextStep: nextFor[most ?? ''] ?? 'Run `hone show` to see the rows of the earlier steps.',
  })
}

const nextFor: Readonly<Record<string, string>> = {
  'no-trace': 'Let a step write traces before it (reason, sample with select), or train by rl, which needs none.',
  'no-answer': 'Give its rows answers, in the source or by a step, or train by sft, which needs traces alone.',
  'no-image':
    'A vision model is trained on rows with pictures: use other rows for training, and these for steps of text.',
  'no-question': 'Let a step write questions before it, such as synthesize.',
}

function userTurn(
  row: Row,
  { promptSuffix, imagePath }: TrainingRowOptions,
): { images: string[]; message: SftRow['messages'][number] } | { refused: string } {
  if (row.images.length === 0) return { refused: 'no-image' }
  const text = questionText(row, promptSuffix)
  if (text.trim() === '') return { refused: 'no-question' }
  if (marksIn(text) > 0) return { refused: 'image-mark-in-question' }
  return {
    images: row.images.map(imagePath),
    message: { role: 'user', content: `${imageMark.repeat(row.images.length)}${text}` },
  }
}
