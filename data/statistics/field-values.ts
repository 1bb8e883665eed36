import { sha256Hex } from '../../artifacts/hash.ts'

/** Values of one field, and fields, that are told apart: groups are few, texts and ids are as many as rows. */
const MOST_VALUES = 10_000
const MOST_FIELDS = 100

interface Field {
  /** Short values by themselves, long ones by their hash; null where they are too many. */
  values: Set<string> | null
  rows: number
}

/** Counts the different values of fields, row by row, in bounded memory. */
interface FieldValues {
  add(metadata: Readonly<Record<string, unknown>>): void
  /**
   * Different values of each field that a row had, of `rows` rows in all; those that lack it count as one more. A field of
   * more than 10,000 values counts as many as it has rows, the most it can have.
   */
  groups(rows: number): Record<string, number>
}

/** @param wanted Fields to count; the first 100 that come when absent. */
export function fieldValues(wanted?: readonly string[]): FieldValues {
  const names = wanted && new Set(wanted)
  const fields = new Map<string, Field>()
  return {
    add(metadata) {
      for (const [name, value] of Object.entries(metadata)) {
        if (names ? names.has(name) : fields.has(name) || fields.size < MOST_FIELDS) {
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
  if (field.values.size > MOST_VALUES) field.values = null
}
