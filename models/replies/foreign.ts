/**
 * Parts of JSON that any server may have sent. Guards and not zod schemas, because each part has a
 * dozen forms, a schema copies what it reads, and no form may cost a reply.
 */

export type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The fields of an object; no fields for any other value. */
export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {})

/** The entries of a list; not one entry for any other value. */
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** A text that is not empty; undefined for any other value. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** A finite number, also when it was sent as a text; undefined for any other value. */
export function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}
