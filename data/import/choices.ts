import { parseJson } from '../../domain/json-text.ts'
import { BadCell, textOf } from './cells.ts'
import { isMap } from './record.ts'
import { writtenList } from './written-list.ts'

/** How many choices have a letter. */
const mostChoices = 26

/**
 * Choices of a cell: a list of texts, a map by letter (in the order of the letters), entries of
 * `label` and `text` or of `key` and `value`, a list written as text (JSON, Python or NumPy), or
 * text with lettered choices (`A. … B. …`). An empty choice between others keeps its place, because
 * the gold may be a letter. Empty choices at the end are left out. Null for fewer than two choices.
 * Throws {@link BadCell}.
 */
export function choicesOf(value: unknown): string[] | null {
  const choices = withoutTail(listOf(value))
  if (choices.length > mostChoices)
    throw new BadCell(`holds ${choices.length} choices; at most ${mostChoices} have a letter`)
  return choices.length < 2 ? null : choices
}

/** As {@link choicesOf}, but text that is no list of choices is refused instead of lost. */
export function requiredChoices(value: unknown): string[] | null {
  const choices = choicesOf(value)
  const text = typeof value === 'string' ? value.trim() : ''
  if (choices !== null || noChoices.test(text)) return choices
  if (writtenList(text) !== null) return null
  throw new BadCell(`holds "${text.slice(0, 60)}", which is no list of choices`)
}

/** Texts that say that a question has no choices. */
const noChoices = /^(?:|nan|none|null|n\/a|<na>)$/i

/** Choices without the empty texts after the last choice. */
export function withoutTail(choices: readonly string[]): string[] {
  const last = choices.findLastIndex((choice) => choice !== '')
  return choices.slice(0, last + 1)
}

function listOf(value: unknown): string[] {
  if (value === null || value === undefined) return []
  if (Array.isArray(value)) return listOfEntries(value)
  if (isMap(value)) {
    const texts = value['text'] ?? value['texts']
    if (Array.isArray(texts)) return listOf(texts)
    return byLetter(Object.entries(value))
  }
  const text = textOf(value)?.trim() ?? ''
  if (text === '') return []
  const json = /^[[{]/.test(text) ? parseJson(text) : undefined
  if (Array.isArray(json) || isMap(json)) return listOf(json)
  const written = writtenList(text)
  if (written) return written
  return letteredChoices(text) ?? text.split('\n').map((line) => line.trim())
}

function listOfEntries(items: readonly unknown[]): string[] {
  // DuckDB gives a MAP as entries of `key` and `value`.
  const entries = items.flatMap((item): [string, unknown][] => {
    const key = isMap(item) ? item['key'] : undefined
    return isMap(item) && typeof key === 'string' ? [[key, item['value']]] : []
  })
  if (entries.length > 0 && entries.length === items.length) return byLetter(entries)
  return items.map((item) => {
    if (!isMap(item)) return textOf(item)?.trim() ?? ''
    const text = item['text'] ?? item['content'] ?? item['value'] ?? item['option']
    if (text === undefined) throw new BadCell('holds a choice that is a map without "text"')
    return textOf(text)?.trim() ?? ''
  })
}

const byLetter = (entries: [string, unknown][]): string[] =>
  entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => textOf(text)?.trim() ?? '')

/**
 * `A. first B. second`, `(A) first`, `A: first, B: second`, `A. first;B. second`: letters in order
 * from A; null when the text is not of this form.
 */
function letteredChoices(text: string): string[] | null {
  const wanted: { at: number; end: number; before: string }[] = []
  for (const mark of text.matchAll(/(^|[\s;,])\(?([A-Z])[.):：]\s*/g))
    if (mark[2] === String.fromCharCode(65 + wanted.length))
      wanted.push({ at: mark.index, end: mark.index + mark[0].length, before: mark[1] ?? '' })
  if (wanted.length < 2 || text.slice(0, wanted[0]?.at).trim() !== '') return null
  const pieces = wanted.map(({ end }, index) => text.slice(end, wanted[index + 1]?.at).trim())
  // A comma or a semicolon between all choices separates them, and is no part of them.
  const between = wanted.slice(1).map(({ before }, index) => before.trim() || (pieces[index]?.at(-1) ?? ''))
  const isSeparated = [',', ';'].some((mark) => between.every((one) => one === mark))
  return isSeparated
    ? pieces.map((piece, at) => (at < between.length ? piece.replace(/[,;]$/, '').trim() : piece))
    : pieces
}
