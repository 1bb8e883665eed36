import { BadCell, textOf } from './cells.ts'
import { answerIn } from './marked-answer.ts'
import type { AnswerList } from './mapping.ts'
import { isMap } from './record.ts'
import type { RowNote } from './row-notes.ts'
import { writtenList } from './written-list.ts'

/** What the cell of an answer holds. */
export interface AnswerCell {
  text: string | null
  /** The kind of check that this form of answer needs; null where the row's kind stays. */
  kind: 'box' | 'ocr' | 'list' | null
  note: RowNote | null
}

const plain = (text: string | null): AnswerCell => ({ text, kind: null, note: null })

/** What data tools write where there is no answer. "none" in small letters is an answer of VQA. */
const noAnswer = new Set(['NaN', 'nan', 'None', 'NULL', 'null', 'N/A', '<NA>'])
export const isNoAnswer = (text: string): boolean => noAnswer.has(text)

/**
 * Reads the cell of an answer. A list is read as the mapping's `answerList` says. Without
 * `answerList`, a list may hold one answer only. Throws {@link BadCell} for everything else.
 */
export function answerOf(
  value: unknown,
  { list, isTextAsWritten }: { list: AnswerList | undefined; isTextAsWritten: boolean },
): AnswerCell {
  const items = isTextAsWritten && !Array.isArray(value) ? null : itemsOf(value, list !== undefined)
  if (items === null) return plain(textOf(value)?.trim() ?? null)
  if (isBox(items) && (list === undefined || list === 'box'))
    return { text: JSON.stringify(items.map(Number)), kind: 'box', note: 'answer-box' }
  const texts = items.flatMap((item) => itemText(item) ?? [])
  const different = [...new Set(texts)]
  const [only] = different
  if (only === undefined) return plain(null)
  if (list === 'majority' && texts.length > 1)
    return { text: majorityOf(texts), kind: null, note: different.length > 1 ? 'answer-by-majority' : null }
  if (different.length === 1 && (list !== 'all' || texts.length === 1)) return plain(only)
  if (list === 'any') return { text: JSON.stringify(different), kind: 'ocr', note: 'answer-of-several' }
  if (list === 'all') return { text: texts.join(', '), kind: 'list', note: 'answer-list' }
  if (list === 'first') return plain(only)
  throw new BadCell(
    `holds ${different.length} different answers; say in the mapping what they are: ` +
      'answerList: majority (of several people), any (each is right), all (one answer of several parts) or first',
  )
}

/** Items of a list, also of a list as text; null for any other cell. */
function itemsOf(value: unknown, isListExpected: boolean): readonly unknown[] | null {
  if (Array.isArray(value)) return value
  if (typeof value !== 'string') return null
  const text = value.trim()
  if (!text.startsWith('[') && !(isListExpected && text.startsWith('('))) return null
  const list = writtenList(text)
  if (list === null) return null
  // Numbers and points are answers of their own: only texts in quotes are sure to be a list.
  return isListExpected || /['"]/.test(text) ? list : null
}

/** VQAv2 has entries of `answer`, SQuAD-like sets of `text`. */
function itemText(item: unknown): string | null {
  const value = isMap(item) ? (item['answer'] ?? item['text'] ?? item['value']) : item
  if (isMap(item) && value === undefined) throw new BadCell('holds a list of maps without "answer"')
  return textOf(value)?.trim() ?? null
}

/** Whether a value is a list of four numbers. */
export const isBox = (items: unknown): items is readonly unknown[] =>
  Array.isArray(items) &&
  items.length === 4 &&
  items.every((item) => typeof item === 'number' || typeof item === 'bigint')

/** The most frequent text, without regard to case; the first of those that are equally frequent. */
function majorityOf(texts: readonly string[]): string {
  const counts = new Map<string, number>()
  const keyOf = (text: string): string => text.toLowerCase()
  for (const text of texts) counts.set(keyOf(text), (counts.get(keyOf(text)) ?? 0) + 1)
  const most = Math.max(...counts.values())
  return texts.find((text) => counts.get(keyOf(text)) === most) ?? ''
}

/** The longest text that is an answer by itself where replies are expected. */
const longestAnswer = 100

/**
 * The answer of a cell that holds a whole reply. A short text without a mark is an answer already.
 * Throws {@link BadCell} for a long one.
 */
export function answerOfReply(reply: string): AnswerCell {
  const marked = answerIn(reply)
  if (marked !== null) return { text: marked, kind: null, note: marked === reply ? null : 'answer-from-reply' }
  if (reply.length <= longestAnswer && !reply.includes('\n')) return plain(reply)
  throw new BadCell(`holds a reply of ${reply.length} characters that marks no answer`)
}
