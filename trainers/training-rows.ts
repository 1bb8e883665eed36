import type { Recorded } from '../data/export/format.ts'
import { imageMark, marksIn } from '../data/rows/image-marks.ts'
import { questionText } from '../data/rows/question-text.ts'
import { checkOf, saidOf } from '../domain/answer-check.ts'
import { HoneError } from '../domain/errors.ts'
import { rewardOf } from '../domain/rows.ts'
import type { Row } from '../domain/rows.ts'
import { anyFamily } from './model-family.ts'
import type { ModelFamily } from './model-family.ts'
import type { RlRow, SftRow } from './rows.ts'

export interface TrainingRowOptions {
  promptSuffix: string
  /** How the row names a picture, by its SHA-256. */
  imagePath: (hash: string) => string
  /** The family of the model that is trained. Default: any family. */
  family?: ModelFamily
  /** Texts that the product takes for a file of the row. */
  fileMarks?: readonly string[]
}

/**
 * Marks of files that Hone's rows never have. LLaMA-Factory (data/mm_plugin.py), ms-swift and verl
 * look for them in every turn, and fail when the files are not there.
 */
export const otherMedia = ['<video>', '<audio>'] as const

/** An SFT row: the question with its pictures, and the trace as the reply. */
export function sftRow(row: Row, options: TrainingRowOptions): Recorded<SftRow> {
  if (row.trace === null || row.trace.trim() === '') return { refused: 'no-trace' }
  const problem = textProblem(row.trace, 'trace', options)
  if (problem !== null) return { refused: problem }
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

/** Rows that are converted at a time: their pictures are looked up together. */
const rowsAtOnce = 64

/**
 * Converts rows to the trainer's form, in their order. Rows that cannot be trained on (no trace, no
 * answer) are left out, and `tell` gets their number by reason at the end. Throws EmptyDataset with
 * the reasons when all rows were left out. `stage` names the training.
 */
export async function* usableRows<Value>(
  stage: string,
  rows: AsyncIterable<Row>,
  convert: (row: Row) => Recorded<Value> | Promise<Recorded<Value>>,
  tell: (message: string) => void = () => {},
): AsyncGenerator<Value> {
  const reasons = new Map<string, number>()
  let used = 0
  for await (const some of inBatches(rows, rowsAtOnce)) {
    for (const converted of await Promise.all(some.map(async (row) => await convert(row)))) {
      if ('row' in converted) {
        used++
        yield converted.row
      } else reasons.set(converted.refused, (reasons.get(converted.refused) ?? 0) + 1)
    }
  }
  if (reasons.size === 0) return
  const sorted = [...reasons].sort(([, a], [, b]) => b - a)
  const told = sorted.map(([reason, count]) => `${reason} ${count}`).join(', ')
  if (used > 0) {
    tell(`${stage} trains on ${used} rows and leaves out: ${told}`)
    return
  }
  const [[most] = []] = sorted
  throw new HoneError({
    type: 'EmptyDataset',
    message: `No row was left to train ${stage} on; left out: ${told}.`,
    nextStep: nextFor[most ?? ''] ?? 'Run `hone show` to see the rows of the earlier steps.',
  })
}

async function* inBatches<Item>(items: AsyncIterable<Item>, size: number): AsyncGenerator<Item[]> {
  let batch: Item[] = []
  for await (const item of items) {
    if (batch.push(item) < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

const nextFor: Readonly<Record<string, string>> = {
  'no-trace': 'Let a step write traces before it (reason, sample with select), or train by rl, which needs none.',
  'no-answer': 'Give its rows answers, in the source or by a step, or train by sft, which needs traces alone.',
  'no-image':
    'A vision model is trained on rows with pictures: use other rows for training, and these for steps of text.',
  'image-too-flat': 'Cut the pictures or leave their rows out: the model takes no picture that is so long and thin.',
  'special-token-in-question': 'Remove the model’s special tokens from the questions of the source.',
  'special-token-in-trace': 'Look at the traces: they hold special tokens of the model that is trained.',
  'no-question': 'Let a step write questions before it, such as synthesize.',
}

function userTurn(
  row: Row,
  options: TrainingRowOptions,
): { images: string[]; message: SftRow['messages'][number] } | { refused: string } {
  if (row.images.length === 0) return { refused: 'no-image' }
  const text = questionText(row, options.promptSuffix)
  if (text.trim() === '') return { refused: 'no-question' }
  const problem = textProblem(text, 'question', options)
  if (problem !== null) return { refused: problem }
  return {
    images: row.images.map(options.imagePath),
    message: { role: 'user', content: `${imageMark.repeat(row.images.length)}${text}` },
  }
}

/**
 * Why a text cannot stand in a training file, as a code; null when it can. A mark of a picture in
 * the text counts as one picture more, so the job ends in the middle. A special token in the text
 * is a token for the tokenizer and no text.
 *
 * Such a row is left out. Breaking the token up with a space was rejected: the model would learn a
 * text that nobody wrote, and the verifier judged the text as it is.
 */
export function textProblem(
  text: string,
  where: 'question' | 'trace',
  { family = anyFamily, fileMarks = [] }: Pick<TrainingRowOptions, 'family' | 'fileMarks'>,
): string | null {
  if (marksIn(text) > 0) return `image-mark-in-${where}`
  if (fileMarks.some((mark) => text.includes(mark))) return `file-mark-in-${where}`
  return family.tokens.some((token) => text.includes(token)) ? `special-token-in-${where}` : null
}
