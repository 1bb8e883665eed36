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
