/**
 * Postgres stores neither NUL nor half of a surrogate pair, and a model may write both. Both become
 * U+FFFD, as in any browser: one odd character must not cost a row.
 */
export function storableText(text: string): string {
  // Nearly every text is fine, and a search is cheaper than a conversion to bytes and back.
  if (!/[\0\ud800-\udfff]/.test(text)) return text
  const whole = Buffer.from(text, 'utf8').toString('utf8')
  return whole.includes('\0') ? whole.replaceAll('\0', '\uFFFD') : whole
}

/** {@link storableText} for text that may be missing. */
export const storableOrNull = (text: string | null | undefined): string | null =>
  text === null || text === undefined ? null : storableText(text)

/** {@link storableText} on every string and key of a JSON value. */
export function storableJson(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value)
  if (Array.isArray(value)) return value.map(storableJson)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [storableText(key), storableJson(field)]))
}

/**
 * The JSON text of a value, with {@link storableText} on its strings; "null" for a value that JSON
 * does not know.
 */
export function storableJsonText(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null'
  // JSON writes what Postgres cannot store as an escape: only such text is worth a walk through the
  // whole value.
  return /\\u(?:0000|d[89a-f])/.test(text) ? JSON.stringify(storableJson(value)) : text
}
