import { answerIn } from './marked-answer.ts'
import type { AnswerList, Mapping } from './mapping.ts'
import type { Look } from './look.ts'
import { isMap } from './record.ts'
import { writtenList } from './written-list.ts'

/** Usual names of the column of the answer, the most telling first. */
const usualAnswers = ['answer', 'gold', 'ground_truth', 'gt_answer', 'gt', 'correct_answer', 'final_answer'].concat([
  'multiple_choice_answer',
  'correct_choice_idx',
  'answer_index',
  'answer_idx',
  'answers',
  'label',
  'target',
  'output',
  'solution',
  'response',
])
const usualChoices = ['choices', 'options', 'candidates', 'choice', 'option']
/** Names that say that the answer is a place, counted from 0. */
const placeNames = /idx$|index$/i

/** What was guessed about the answer, with the reasons. */
export interface AnswerGuess extends Partial<Pick<Mapping, 'answer' | 'answerList' | 'answerWords' | 'choices'>> {
  answerIs: Mapping['answerIs']
  notes: string[]
}

/**
 * Guesses the answer and the choices. `taken` are columns that are something else. `stated` is the
 * column of the answer that a list of the source states.
 */
export function guessAnswer(
  look: Look,
  {
    stated,
    taken,
    asks,
    isChecked,
  }: {
    stated: string | undefined
    taken: readonly (string | undefined)[]
    /** The column of the question. */
    asks: string | undefined
    /** Whether a column says how each answer is checked: then texts are as they are meant. */
    isChecked: boolean
  },
): AnswerGuess {
  const notes: string[] = []
  let choices = guessChoices(look)
  const answer = columnOfAnswer(look, stated, taken, notes)
  if (answer === undefined) return { answerIs: 'written', notes, ...(choices !== undefined && { choices }) }
  if (choices === undefined) {
    // SAT calls its choices "answers", and says the right one in "correct_answer".
    const list = look.find('answers')
    if (list !== undefined && list !== answer && areChoicesOf(look, list, answer)) {
      choices = list
      notes.push(`"${list}" holds the choices: "${answer}" is always one of them`)
    }
  }
  const answerIs = isChecked && choices === undefined ? 'written' : formOf(look, { answer, choices, isChecked }, notes)
  const answerList = isChecked ? undefined : listOf(look, answer, notes)
  const answerWords =
    choices === undefined && answerIs === 'written' && asks !== undefined && areYesNoBits(look, answer, asks)
      ? { 0: 'no', 1: 'yes' }
      : undefined
  if (answerWords) notes.push(`"${answer}" holds 0 and 1, and the questions ask for yes or no: 1 is read as yes`)
  return {
    answer,
    answerIs,
    notes,
    ...(answerList !== undefined && { answerList }),
    ...(answerWords && { answerWords }),
    ...(choices !== undefined && { choices }),
  }
}

function columnOfAnswer(
  look: Look,
  stated: string | undefined,
  taken: readonly (string | undefined)[],
  notes: string[],
): string | undefined {
  // verl keeps the gold inside a map.
  const inside = ['reward_model.ground_truth'].find((path) => look.values(path).length > 0)
  const found = look.named([stated ?? '', ...usualAnswers], taken) ?? inside
  const count = look.find('count')
  if (found === undefined || count === undefined || taken.includes(count) || !/^(label|target)$/i.test(found))
    return found
  if (!look.every(count, isWhole) || look.every(found, isWhole)) return found
  // PixMo-Count: the label is the thing that is counted.
  notes.push(`"${count}" is the answer: it holds numbers, and "${found}" does not`)
  return count
}

export const isWhole = (value: unknown): boolean =>
  (typeof value === 'number' || typeof value === 'bigint' || (typeof value === 'string' && value.trim() !== '')) &&
  Number.isInteger(Number(value)) &&
  Number(value) >= 0 &&
  Number(value) <= 100

function areChoicesOf(look: Look, list: string, answer: string): boolean {
  const rows = look.answersWithChoices(answer, list)
  return rows.length > 0 && rows.every(({ value, list: texts }) => texts.includes(String(value).trim()))
}

/** Whether answers are places of choices, whole replies, or written out. */
function formOf(
  look: Look,
  {
    answer,
    choices,
    isChecked,
  }: { answer: string; choices: string | readonly string[] | undefined; isChecked: boolean },
  notes: string[],
): Mapping['answerIs'] {
  if (choices !== undefined) {
    const place = placeOf(look, answer, choices, notes)
    if (place !== null) return place
  }
  const isReply = (value: unknown): boolean => {
    const text = typeof value === 'string' ? value.trim() : ''
    return answerIn(text) !== null
  }
  if (isChecked || !look.most(answer, isReply)) return 'written'
  const marked = look.values(answer).filter(isReply).length
  notes.push(
    `"${answer}" holds whole replies (${marked} of ${look.values(answer).length} mark an answer): the mark is read`,
  )
  return 'reply'
}

/** A number that is itself a choice means that choice. */
function placeOf(
  look: Look,
  answer: string,
  choices: string | readonly string[],
  notes: string[],
): 'index' | 'index-from-1' | null {
  const pairs = look.answersWithChoices(answer, choices)
  const fits = ({ value, list }: (typeof pairs)[number]): boolean =>
    isWhole(value) && Number(value) <= list.length && !list.includes(String(value))
  if (pairs.length === 0 || !pairs.every(fits)) return null
  const zeros = pairs.filter(({ value }) => Number(value) === 0).length
  const last = pairs.filter(({ value, list }) => Number(value) === list.length).length
  const all = pairs.length
  if (last === 0 && (zeros > 0 || placeNames.test(answer))) {
    notes.push(
      `"${answer}" holds numbers: they are read as the places of choices, from 0 (${zeros} of ${all} are 0, none is the number of choices)`,
    )
    return 'index'
  }
  if (zeros === 0 && last > 0) {
    notes.push(
      `"${answer}" holds numbers: they are read as the places of choices, from 1 (none of ${all} is 0, ${last} are the number of choices)`,
    )
    return 'index-from-1'
  }
  return null
}

/** What the lists of a column of answers are. */
function listOf(look: Look, answer: string, notes: string[]): AnswerList | undefined {
  const lists = look.values(answer).flatMap((value) => {
    const items = Array.isArray(value)
      ? value
      : typeof value === 'string' && /^\[.*['"]/s.test(value.trim())
        ? writtenList(value.trim())
        : null
    if (items === null || items.length < 2) return []
    const texts = items.map((item: unknown) => String(isMap(item) ? (item['answer'] ?? item['text']) : item))
    return [{ texts, isBox: items.length === 4 && items.every((item) => typeof item === 'number') }]
  })
  if (lists.every(({ isBox }) => isBox)) return undefined
  const repeated = lists.filter(({ texts }) => texts.length >= 3 && new Set(texts).size < texts.length).length
  if (2 * repeated > lists.length) {
    notes.push(
      `"${answer}" holds the answers of several people (${repeated} of ${lists.length} lists repeat an answer): the most frequent is taken`,
    )
    return 'majority'
  }
  if (!/answers$|aliases$/i.test(answer)) {
    notes.push(
      `"${answer}" holds lists of several answers (${lists.length}): such rows fail until the mapping says answerList: any, all, majority or first`,
    )
    return undefined
  }
  notes.push(`"${answer}" holds several accepted answers (${lists.length} lists): each of them counts`)
  return 'any'
}

const yesNoQuestion =
  /(?:^|[,.:]\s*|\n)(?:is|are|was|were|does|do|did|has|have|had|can|could|will|would|should)\b[^?]*\?/i

function areYesNoBits(look: Look, answer: string, asks: string): boolean {
  const isBit = (value: unknown): boolean => ['0', '1'].includes(String(value))
  return (
    look.every(answer, isBit) &&
    look.words(answer).size === 2 &&
    look.most(asks, (value) => yesNoQuestion.test(String(value)))
  )
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

function guessChoices(look: Look): string | string[] | undefined {
  const one = usualChoices.map(look.find).find((column) => column !== undefined && look.choices(column))
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
