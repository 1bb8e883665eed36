import { sha256Hex } from '../../artifacts/hash.ts'

/**
 * The most values of a field and the most fields that are counted. Groups are few; texts and ids
 * are as many as rows.
 */
const mostValues = 10_000
const mostFields = 100

interface Field {
  /** Short values as text, long values as hash. Null when there are too many. */
  values: Set<string> | null
  rows: number
}

/** Counts the distinct values of fields, row by row, in bounded memory. */
interface FieldValues {
  add(metadata: Readonly<Record<string, unknown>>): void
  /**
   * Distinct values of each field in `rows` rows. Rows without the field add one more value. A
   * field with more than 10,000 values counts as many values as rows that have it: the most
   * possible.
   */
  groups(rows: number): Record<string, number>
}

/**
 * An empty counter. `wanted` names the fields to count. When absent the first 100 fields are
 * counted.
 */
export function fieldValues(wanted?: readonly string[]): FieldValues {
  const names = wanted && new Set(wanted)
  const fields = new Map<string, Field>()
  return {
    add(metadata) {
      for (const [name, value] of Object.entries(metadata)) {
        if (names ? names.has(name) : fields.has(name) || fields.size < mostFields) {
          const field = fields.get(name) ?? { values: new Set<string>(), rows: 0 }
          fields.set(name, field)
          note(field, value)
        }
      }
    },
    groups: (rows) =>
      Object.fromEntries(
        [...fields].map(([name, field]) => [name, (field.values?.size ?? field.rows) + (field.rows < rows ? 1 : 0)]),
      ),
  }
}

function note(field: Field, value: unknown): void {
  field.rows++
  if (field.values === null) return
  const text = JSON.stringify(value)
  field.values.add(text.length > 64 ? sha256Hex(text) : text)
  if (field.values.size > mostValues) field.values = null
}
