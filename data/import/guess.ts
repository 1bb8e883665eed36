import { answerKinds, answerPolicy } from '../../domain/answer-check.ts'
import { choicesOf, mapOf } from './cells.ts'
import { answerIn, talkOf } from './conversation.ts'
import type { FoundSource } from './detect.ts'
import { completeMapping, noPictures } from './mapping.ts'
import type { ConversationMapping, Mapping } from './mapping.ts'
import { findOwnRows, ownRowsNotes } from './own-rows.ts'
import { picturesOf } from './picture-refs.ts'
import { fieldOf, isMap } from './record.ts'
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
  id: ['id', 'question_id', 'qid', 'pid', 'problem_id', 'sample_id', 'uid', 'key', 'question_index', 'index', 'idx'],
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
  ].concat(['picture', 'pictures', 'image_bytes', 'image_base64', 'image_url', 'image_urls', 'photo', 'figure', 'url']),
  question: ['question', 'problem', 'query', 'prompt', 'instruction', 'question_text', 'text', 'input'],
  answer: [
    'answer',
    'gold',
    'ground_truth',
    'gt_answer',
    'gt',
    'answers',
    'label',
    'target',
    'output',
    'solution',
  ].concat(['final_answer', 'response']),
  choices: ['choices', 'options', 'candidates', 'choice'],
  trace: ['trace', 'refined_cot', 'cot', 'response', 'completion', 'reasoning'],
  conversation: ['messages', 'conversations', 'conversation'],
} as const

const plainName = (name: string): string => name.toLowerCase().replaceAll(/[-_ ]/g, '')

/** Columns of a source in the order in which they are first met. */
export const columnsOf = (sample: readonly Fields[]): string[] => [
  ...new Set(sample.flatMap((row) => Object.keys(row))),
]

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
  const images = guessImages(look, found.listed)
  const conversation = guessTalk(look, found.listed)
  const asks = conversation === undefined ? undefined : look.talks(conversation)
  const { prompt, response } = found.listed?.columns ?? {}
  const question = asks?.question === true ? undefined : look.named([prompt ?? '', ...usual.question])
  const choices = guessChoices(look)
  const answer = look.named([response ?? '', ...usual.answer], [question, images].flat())
  const trace = asks ? undefined : look.named(usual.trace, [answer, question].flat())
  if (conversation && asks) {
    conversation.reply = answer !== undefined || asks.marked ? 'trace' : 'answer'
    notes.push(replyNote(conversation, answer))
  }
  const id = look.named(usual.id, [images, question, answer].flat())
  const isUnique = id === undefined || look.isUnique(id)
  if (id !== undefined && !isUnique)
    notes.push(
      `"${id}" is not taken for the id: many of the first ${sample.length} rows share one; the row's number is`,
    )
  if (images === undefined)
    notes.push(
      'no column of pictures was found: if there is one, write it after "images:" in the mapping (see --dry-run)',
      'rows without pictures are for steps of text and for benchmarks: describe drops them, and training leaves them out',
    )
  const answerIs = choices !== undefined && answer !== undefined ? look.indexed(answer, choices) : 'written'
  if (answerIs !== 'written') notes.push(`"${answer}" holds numbers: they are read as the places of choices, from 0`)
  const reward = look.words('reward')
  const isJudged = reward.size > 0 && [...reward].every((word) => ['rule', 'model', 'judge'].includes(word))
  if (isJudged && reward.has('model')) notes.push('"reward": model is written as judge, which is what steps call it')
  const mapping = completeMapping({
    ...(id !== undefined && isUnique && { id }),
    images: images ?? noPictures,
    ...(question !== undefined && { question }),
    ...(answer !== undefined && { answer }),
    answerIs,
    ...(choices !== undefined && { choices }),
    ...(look.every('kind', (value) => answerKinds.some((kind) => kind === value)) && { kind: { column: 'kind' } }),
    ...(look.every('precision', (value) => isWhole(value)) && { precision: 'precision' }),
    ...(look.every('policy', isPolicy) && { policy: 'policy' }),
    ...(look.every('description', (value) => typeof value === 'string') && { description: 'description' }),
    ...(trace !== undefined && { trace }),
    ...(conversation && { conversation }),
    ...(isJudged && { metadata: { reward: { column: 'reward', values: { model: 'judge' } } } }),
    ...(look.every('metadata', holdsMap) && { metadataFrom: 'metadata' }),
  })
  return { mapping, notes }
}

const replyNote = ({ column, reply }: ConversationMapping, answer: string | undefined): string => {
  if (reply === 'answer')
    return `"${column}": the first user turn is the question, the last reply is the answer (nothing else is)`
  return answer === undefined
    ? `"${column}": the first user turn is the question, the last reply is the trace; its <answer> or \\boxed is the answer`
    : `"${column}": the first user turn is the question, the last reply is the trace; the answer is in "${answer}"`
}

const isWhole = (value: unknown): boolean =>
  (typeof value === 'number' || (typeof value === 'string' && value.trim() !== '')) &&
  Number.isInteger(Number(value)) &&
  Number(value) >= 0 &&
  Number(value) <= 100

/** Whether a cell is a map, or text of one. */
function holdsMap(value: unknown): boolean {
  try {
    return mapOf(value) !== null
  } catch {
    return false
  }
}

const isPolicy = (value: unknown): boolean => holdsMap(value) && answerPolicy.safeParse(mapOf(value)).success

type Look = ReturnType<typeof lookInto>

/** What can be asked about the first rows. Empty values do not count. */
function lookInto(sample: readonly Fields[]) {
  const columns = columnsOf(sample)
  const values = (column: string): unknown[] =>
    sample.map((row) => fieldOf(row, column)).filter((value) => value !== null && value !== undefined && value !== '')
  const find = (name: string): string | undefined => columns.find((column) => plainName(column) === plainName(name))
  const named = (names: readonly string[], taken: readonly (string | undefined)[] = []): string | undefined =>
    names
      .map(find)
      .find(
        (column) => column !== undefined && !taken.includes(column) && values(column).some((value) => !isMap(value)),
      )
  /** Different values that are neither lists nor maps. */
  const words = (column: string): Set<string> =>
    new Set(
      values(column).flatMap((value) =>
        typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? [String(value)] : [],
      ),
    )
  const works = (run: () => unknown): boolean => {
    try {
      return run() !== null
    } catch {
      return false
    }
  }
  return {
    columns,
    values,
    find,
    named,
    every: (column: string, holds: (value: unknown) => boolean): boolean =>
      values(column).length > 0 && values(column).every(holds),
    words,
    /**
     * Whether nearly all rows have a value of their own. The few other rows then fail as
     * duplicates.
     */
    isUnique: (column: string): boolean => words(column).size >= 0.98 * sample.length,
    /** Whether most values of the column are pictures, by their form. */
    pictures: (column: string): boolean => {
      const all = values(column)
      return all.length > 0 && 2 * all.filter((value) => works(() => arePictures(value))).length > all.length
    },
    /** Whether most values of the column are choices. */
    choices: (column: string): boolean => {
      return values(column).some((value) => works(() => choicesOf(value)))
    },
    /**
     * Whether answers are places of choices. A number that is itself a choice means that choice.
     */
    indexed: (answer: string, choices: string | readonly string[]): 'written' | 'index' => {
      const pairs = sample.flatMap((row) => {
        const value = fieldOf(row, answer)
        if (value === null || value === undefined || value === '') return []
        const cells = typeof choices === 'string' ? fieldOf(row, choices) : choices.map((name) => fieldOf(row, name))
        try {
          return [{ value, list: choicesOf(cells) ?? [] }]
        } catch {
          return []
        }
      })
      const fits = ({ value, list }: { value: unknown; list: string[] }): boolean =>
        isWhole(value) && Number(value) < list.length && !list.includes(String(value))
      return pairs.length > 0 && pairs.every(fits) && pairs.some(({ value }) => Number(value) === 0)
        ? 'index'
        : 'written'
    },
    /** Whether talks have questions, and replies that mark an answer. */
    talks: (mapping: ConversationMapping): { question: boolean; marked: boolean } => {
      const talks = values(mapping.column).flatMap((value) => {
        try {
          return [talkOf(value, mapping)]
        } catch {
          return []
        }
      })
      const marked = talks.filter(({ reply }) => reply !== null && answerIn(reply) !== null).length
      return { question: talks.some(({ question }) => question !== null), marked: 2 * marked > talks.length }
    },
  }
}

/** A text counts as a picture when it is a URL, data, or a name with the ending of a picture. */
function arePictures(value: unknown): true | null {
  const refs = picturesOf(value)
  const isOne = refs.every((ref) => !('path' in ref) || /\.(png|jpe?g|webp|gif|tiff?|avif|bmp)$/i.test(ref.path))
  return refs.length > 0 && isOne ? true : null
}

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

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

function guessChoices(look: Look): string | string[] | undefined {
  const one = usual.choices.map(look.find).find((column) => column !== undefined && look.choices(column))
  if (one !== undefined) return one
  for (const form of [
    (letter: string) => letter,
    (letter: string) => `option_${letter}`,
    (letter: string) => `choice_${letter}`,
  ]) {
    const found: string[] = []
    for (const letter of letters) {
      const column = look.find(form(letter))
      if (column === undefined) break
      found.push(column)
    }
    if (found.length >= 2) return found
  }
  return undefined
}

function guessTalk(look: Look, listed: TrainerEntry | null): ConversationMapping | undefined {
  if (listed?.formatting === 'alpaca') return undefined
  const isTalk = (column: string | undefined): column is string =>
    column !== undefined &&
    look.values(column).some((value) => Array.isArray(value) && value.length > 0 && value.every(isMap))
  const stated = listed?.columns.messages
  const column = isTalk(stated) ? stated : usual.conversation.map(look.find).find(isTalk)
  if (column === undefined) return undefined
  const turns = look.values(column).flatMap((value) => (Array.isArray(value) ? value.filter(isMap) : []))
  const has = (field: string): boolean => turns.some((turn) => turn[field] !== undefined)
  const role = listed?.tags.role_tag ?? (has('from') ? 'from' : 'role')
  const text = listed?.tags.content_tag ?? (has('value') ? 'value' : 'content')
  const speakers = new Set(turns.flatMap((turn) => (typeof turn[role] === 'string' ? [turn[role]] : [])))
  const among = (tag: string | undefined, known: string[]): string[] => {
    if (tag !== undefined) return [tag]
    const there = known.filter((name) => speakers.has(name))
    return there.length > 0 ? there : known.slice(0, 1)
  }
  return {
    column,
    role,
    text,
    user: among(listed?.tags.user_tag, ['user', 'human']),
    assistant: among(listed?.tags.assistant_tag, ['assistant', 'gpt', 'model', 'bot']),
    reply: 'answer',
  }
}
