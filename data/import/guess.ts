import { answerKinds, answerPolicy } from '../../domain/answer-check.ts'
import { picturesAskedFor } from '../rows/image-marks.ts'
import { mapOf } from './cells.ts'
import type { FoundSource } from './detect.ts'
import { guessAnswer, isWhole } from './guess-answer.ts'
import { guessTalk } from './guess-talk.ts'
import type { TalkGuess } from './guess-talk.ts'
import { lookInto } from './look.ts'
import type { Look } from './look.ts'
import { completeMapping, noPictures } from './mapping.ts'
import type { Mapping } from './mapping.ts'
import { findOwnRows, ownRowsNotes } from './own-rows.ts'
import { fieldOf } from './record.ts'
import type { Fields } from './record.ts'
import type { TrainerEntry } from './trainer-list.ts'

/** A mapping made from the names and values of the columns, and why it is as it is. */
export interface Guess {
  mapping: Mapping
  /** What was chosen where there was a choice, a sentence each. */
  notes: string[]
}

/** Usual names of columns, the most telling first. Compared without case, `-` and `_`. */
const usual = {
  id: [
    'id',
    'question_id',
    'qid',
    'pid',
    'problem_id',
    'sample_id',
    'uid',
    'key',
    'question_index',
    'index',
    'idx',
  ].concat(['sample_index', 'data_id', 'uuid']),
  images: [
    'images',
    'decoded_image',
    'image',
    'image_path',
    'image_paths',
    'img',
    'img_path',
    'image_file',
    'file_name',
  ].concat(
    ['picture', 'pictures', 'image_bytes', 'image_base64', 'image_url', 'image_urls', 'photo', 'figure', 'url'],
    ['image_filename', 'query_image', 'image_id', 'image_index'],
  ),
  question: [
    'question',
    'problem',
    'query',
    'prompt',
    'instruction',
    'question_text',
    'question_string',
    'text',
    'input',
  ],
  trace: ['trace', 'refined_cot', 'cot', 'response', 'completion', 'reasoning'],
} as const

/**
 * Guesses the mapping from the first rows of a source. Without a column of pictures it has `images:
 * none`.
 */
export function guessMapping(sample: readonly Fields[], found: Pick<FoundSource, 'format' | 'listed'>): Guess {
  const look = lookInto(sample)
  const notes: string[] = []
  if (found.format === 'pictures') {
    notes.push(
      'a folder of pictures: a row for each, without a question (steps such as synthesize or convert write some)',
    )
    return { mapping: completeMapping({ id: 'id', images: 'image' }), notes }
  }
  const honeRow = findOwnRows(sample, found.format)
  if (honeRow) return { mapping: completeMapping({ honeRow, images: 'images' }), notes: ownRowsNotes(honeRow, sample) }
  const talk = guessTalk(look, found.listed)
  const images = guessImages(look, found.listed)
  const { prompt, response } = found.listed?.columns ?? {}
  const talkColumns = [talk?.mapping.column ?? []].flat()
  const isChecked = look.every('kind', (value) => answerKinds.some((kind) => kind === value))
  let asks = talk?.hasQuestions === true ? undefined : look.named([prompt ?? '', ...usual.question], talkColumns)
  const {
    answer,
    notes: answerNotes,
    ...check
  } = guessAnswer(look, {
    stated: response,
    taken: [asks, images, ...talkColumns].flat(),
    asks,
    isChecked,
  })
  notes.push(...answerNotes)
  let description = look.every('description', (value) => typeof value === 'string') ? 'description' : undefined
  if (asks !== undefined && /^text$/i.test(asks) && answer === undefined && check.choices === undefined) {
    notes.push(`"${asks}" is a caption: there is no column of answers, so it is the description and no question`)
    description ??= asks
    asks = undefined
  }
  if (asks === undefined && !talk) description ??= look.named(['caption'], [answer])
  const trace = talk ? undefined : look.named(usual.trace, [answer, asks].flat())
  const question = joinedQuestion(look, asks, found.listed, notes)
  if (talk) notes.push(...talkNotes(talk, answer))
  const id = look.named(usual.id, [images, asks, answer].flat())
  const isUnique = id === undefined || look.isUnique(id)
  if (id !== undefined && !isUnique)
    notes.push(
      `"${id}" is not taken for the id: many of the first ${sample.length} rows share one; the row's number is`,
    )
  if (images === undefined && talk?.hasPictures !== true)
    notes.push(
      'no column of pictures was found: if there is one, write it after "images:" in the mapping (see --dry-run)',
      'rows without pictures are for steps of text and for benchmarks: describe drops them, and training leaves them out',
    )
  const textRows = images !== undefined && areTextRows(look, { images, talk, asks }, notes)
  const history = look.every('history', (value) => Array.isArray(value)) ? 'history' : undefined
  const reward = look.words('reward')
  const isJudged = reward.size > 0 && [...reward].every((word) => ['rule', 'model', 'judge'].includes(word))
  if (isJudged && reward.has('model')) notes.push('"reward": model is written as judge, which is what steps call it')
  const mapping = completeMapping({
    ...(id !== undefined && isUnique && { id }),
    images: images ?? noPictures,
    ...(question !== undefined && { question }),
    ...(history !== undefined && { history }),
    ...(answer !== undefined && { answer }),
    ...check,
    ...(isChecked && { kind: { column: 'kind' } }),
    ...(look.every('precision', isWhole) && { precision: 'precision' }),
    ...(look.every('policy', isPolicy) && { policy: 'policy' }),
    ...(description !== undefined && { description }),
    ...(trace !== undefined && { trace }),
    ...(talk && { conversation: talk.mapping }),
    ...(look.every('objects', holdsMap) && { objects: 'objects' }),
    ...(textRows && { textRows }),
    ...(isJudged && { metadata: { reward: { column: 'reward', values: { model: 'judge' } } } }),
    ...(look.every('metadata', holdsMap) && { metadataFrom: 'metadata' }),
  })
  return { mapping, notes }
}

/**
 * What was guessed about a talk. Sets what its replies are and what becomes of several questions.
 */
function talkNotes({ mapping, several }: TalkGuess, answer: string | undefined): string[] {
  const column = [mapping.column].flat().join(', ')
  const notes: string[] = []
  if (answer !== undefined) mapping.reply = 'trace'
  if (mapping.reply === 'answer')
    notes.push(`"${column}": the user turn is the question, the reply is the answer (nothing else is)`)
  else
    notes.push(
      answer === undefined
        ? `"${column}": the user turn is the question, the last reply is the trace; its <answer>, \\boxed or last words are the answer`
        : `"${column}": the user turn is the question, the last reply is the trace; the answer is in "${answer}"`,
    )
  if (several === 0) return notes
  mapping.turns = answer === undefined ? 'split' : 'last'
  notes.push(
    answer === undefined
      ? `${several} of the first conversations have several questions: each question is a row, with the questions and replies before it in its text`
      : `${several} of the first conversations have several questions: the last question is the row, because "${answer}" is one answer`,
  )
  return notes
}

/** The question with the column that belongs before or after it. */
function joinedQuestion(
  look: Look,
  asks: string | undefined,
  listed: TrainerEntry | null,
  notes: string[],
): string | string[] | undefined {
  if (asks === undefined) return undefined
  const input = listed?.columns.query ?? (/^instruction$/i.test(asks) ? look.find('input') : undefined)
  if (input !== undefined && input !== asks && look.every(input, (value) => typeof value === 'string')) {
    notes.push(`"${asks}" and "${input}" together are the question`)
    return [asks, input]
  }
  const hint = look.find('hint')
  if (hint !== undefined && look.values(hint).length > 0)
    notes.push(`"${hint}" goes to the metadata; if it belongs to the question, write question: [${hint}, ${asks}]`)
  return asks
}

/**
 * Whether rows without a picture are rows of text: the questions of all other rows have marks of
 * their pictures, and the questions of these rows have no marks.
 */
function areTextRows(
  look: Look,
  { images, talk, asks }: { images: string | string[]; talk: TalkGuess | null; asks: string | undefined },
  notes: string[],
): boolean {
  const columns = [images].flat()
  const isEmpty = (value: unknown): boolean =>
    value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
  const textOf = (fields: Fields): string =>
    JSON.stringify(
      [talk?.mapping.column ?? asks ?? []].flat().map((column) => fieldOf(fields, column)),
      (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
    )
  const [withPicture, without] = [false, true].map((wanted) =>
    look.sample.filter((fields) => columns.every((column) => isEmpty(fieldOf(fields, column))) === wanted),
  )
  if (!withPicture || !without || without.length === 0 || without.length >= withPicture.length) return false
  const marked = withPicture.filter((fields) => picturesAskedFor(textOf(fields)) > 0).length
  if (marked < 0.9 * withPicture.length) return false
  if (without.some((fields) => picturesAskedFor(textOf(fields)) > 0)) return false
  notes.push(
    `${without.length} of the first ${look.sample.length} rows have no picture and no mark of a picture: they stay as rows of text`,
  )
  return true
}

/** Whether a cell is a map, or text of one. */
function holdsMap(value: unknown): boolean {
  try {
    return mapOf(value) !== null
  } catch {
    return false
  }
}

const isPolicy = (value: unknown): boolean => holdsMap(value) && answerPolicy.safeParse(mapOf(value)).success

function guessImages(look: Look, listed: TrainerEntry | null): string | string[] | undefined {
  const stated = listed?.columns.images
  if (stated !== undefined && look.columns.includes(stated)) return stated
  const known = usual.images.map(look.find).filter((column) => column !== undefined)
  const good = known.filter((column) => look.pictures(column))
  // MathVista has the path in one column and the picture in another: a picture in the file counts
  // before a path.
  const inside = good.find((column) =>
    look.values(column).some((value) => typeof value !== 'string' && !Array.isArray(value)),
  )
  const numbered = look.columns.filter((column) => /^(image|img)_?\d+$/i.test(column))
  const one = inside ?? good[0]
  if (one === undefined && numbered.some((column) => look.pictures(column))) return numbered
  // Lists that are all empty say that there are no pictures, as rows of text do that were exported.
  const isEmpty = (column: string): boolean => look.every(column, (value) => Array.isArray(value) && value.length === 0)
  return one ?? look.columns.find((column) => look.pictures(column)) ?? known.find((column) => !isEmpty(column))
}
