import { parseJson } from '../../domain/json-text.ts'
import { isMap } from './record.ts'

/** A cell that holds something else than its mapping says. */
export class BadCell extends Error {}

/**
 * Text of a cell; null when it is empty. Numbers and booleans are written out. Throws {@link
 * BadCell} for maps and lists.
 */
export function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value.trim() === '' ? null : value
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (value instanceof Date) return value.toISOString()
  throw new BadCell(`holds ${kindOf(value)} where text is expected`)
}

/**
 * Text of a cell, or of the first entry of a list: sets with several accepted answers put the best
 * one first.
 */
export function firstText(value: unknown): string | null {
  if (!Array.isArray(value)) return textOf(value)
  for (const item of value) {
    const text = textOf(item)
    if (text !== null) return text
  }
  return null
}

/** A whole number from `least` to `most`; null when the cell is empty. Throws {@link BadCell}. */
export function wholeOf(value: unknown, least: number, most: number): number | null {
  const text = textOf(value)
  if (text === null) return null
  const number = Number(text)
  if (!Number.isInteger(number) || number < least || number > most)
    throw new BadCell(`holds "${text.slice(0, 40)}" where a whole number from ${least} to ${most} is expected`)
  return number
}

/**
 * A map, or the JSON text of one, as Parquet and CSV hold it; null when the cell is empty. Throws
 * {@link BadCell}.
 */
export function mapOf(value: unknown): Readonly<Record<string, unknown>> | null {
  if (isMap(value)) return value
  const text = textOf(value)
  if (text === null) return null
  const json = parseJson(text)
  if (json === null) return null
  if (isMap(json)) return json
  throw new BadCell(`holds "${text.slice(0, 40)}" where a map, or JSON text of one, is expected`)
}

/**
 * Choices of a cell: a list of texts, a map by letter (in the order of the letters), lists of
 * `label` and `text`, a list written as text (JSON or Python), or text with lettered lines (`A. …
 * B. …`). Null for fewer than two choices. Throws {@link BadCell}.
 */
export function choicesOf(value: unknown): string[] | null {
  const choices = listOf(value).filter((choice) => choice !== '')
  if (choices.length > 26) throw new BadCell(`holds ${choices.length} choices; at most 26 have a letter`)
  return choices.length < 2 ? null : choices
}

function listOf(value: unknown): string[] {
  if (value === null || value === undefined) return []
  if (Array.isArray(value)) return value.map((item) => textOf(isMap(item) ? item['text'] : item)?.trim() ?? '')
  if (isMap(value)) {
    const texts = value['text'] ?? value['texts']
    if (Array.isArray(texts)) return listOf(texts)
    const entries = Object.entries(value).filter(([, text]) => text !== null)
    return listOf(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text))
  }
  const text = textOf(value)?.trim() ?? ''
  if (text === '') return []
  const written = /^[[{(]/.test(text) ? writtenList(text) : null
  if (written) return written
  return letteredLines(text) ?? text.split('\n').map((line) => line.trim())
}

/** Lists as JSON or as Python prints them: `['a', "it's"]`. Null when the text is neither. */
export function writtenList(text: string): string[] | null {
  try {
    const json: unknown = JSON.parse(text)
    if (Array.isArray(json) || isMap(json)) return listOf(json)
  } catch {
    // Perhaps it is Python's form.
  }
  if (!/^\[.*\]$|^\(.*\)$/s.test(text)) return null
  const inner = text.slice(1, -1)
  const item = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(-?[\d.]+(?:e[+-]?\d+)?|True|False|None))\s*(?:,|$)/sy
  const items: string[] = []
  while (item.lastIndex < inner.length) {
    const rest = inner.slice(item.lastIndex)
    if (rest.trim() === '') break
    const found = item.exec(inner)
    if (!found) return null
    items.push(unescaped(found[1] ?? found[2] ?? found[3] ?? '').trim())
  }
  return items
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }
const unescaped = (text: string): string =>
  // Only the marks that Python itself escapes: it has doubled the backslash of a formula's \frac.
  text.replaceAll(/\\(n|t|r|\\|'|")/g, (_, mark: string) => escapes[mark] ?? mark)

/**
 * `A. first B. second`, `(A) first`, `A) first`: letters in order from A; null when the text is not
 * of this form.
 */
function letteredLines(text: string): string[] | null {
  const marks = [...text.matchAll(/(?:^|\s)\(?([A-Z])[.):：]\s+/g)]
  const wanted: { at: number; end: number }[] = []
  for (const mark of marks)
    if (mark[1] === String.fromCharCode(65 + wanted.length))
      wanted.push({ at: mark.index, end: mark.index + mark[0].length })
  if (wanted.length < 2 || text.slice(0, wanted[0]?.at).trim() !== '') return null
  return wanted.map(({ end }, index) => text.slice(end, wanted[index + 1]?.at).trim())
}

const metadataLimits = { text: 2000, items: 100, depth: 6, characters: 16_384 }

/**
 * The part of a value that goes to a row's metadata: texts up to 2,000 characters, lists and maps
 * up to 100 entries and 6 deep, no bytes. `budget` holds how many of the row's 16,384 characters
 * are left; values that do not fit are left out.
 */
export function boundedValue(value: unknown, budget: { left: number }, depth = 0): unknown {
  if (budget.left <= 0 || depth > metadataLimits.depth) return undefined
  if (typeof value === 'string') {
    const text = value.length > metadataLimits.text ? `${value.slice(0, metadataLimits.text)}…` : value
    budget.left -= text.length
    return text
  }
  budget.left -= 8
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array || typeof value !== 'object') return undefined
  if (Array.isArray(value))
    return value
      .slice(0, metadataLimits.items)
      .map((item) => boundedValue(item, budget, depth + 1))
      .filter((item) => item !== undefined)
  return boundedMap(Object.entries(value), budget, depth + 1)
}

/**
 * {@link boundedValue} of named values. At the top, null and absent values are left out, because
 * they are columns of other rows. The first value of a name stays.
 */
export function boundedMap(
  entries: Iterable<readonly [string, unknown]>,
  budget: { left: number } = { left: metadataLimits.characters },
  depth = 0,
): Record<string, unknown> {
  const kept = new Map<string, unknown>()
  for (const [name, value] of entries) {
    if (kept.size >= metadataLimits.items || name.length > 200 || kept.has(name)) continue
    if (depth === 0 && (value === null || value === undefined)) continue
    const bounded = boundedValue(value, budget, depth)
    budget.left -= name.length
    if (bounded !== undefined) kept.set(name, bounded)
  }
  return Object.fromEntries(kept)
}

/** What a value is, in words. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Uint8Array) return 'bytes'
  return isMap(value) ? 'a map' : `a ${typeof value}`
}
