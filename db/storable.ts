/**
 * Postgres stores neither NUL nor half of a surrogate pair, and a model may write both. They become U+FFFD, as in any
 * browser: one odd character must not cost a row.
 */
export function storableText(text: string): string {
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
