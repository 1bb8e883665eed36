import { choicesOf } from './choices.ts'
import { picturesOf } from './picture-refs.ts'
import { fieldOf, isMap } from './record.ts'
import type { Fields } from './record.ts'

/** What can be asked about the first rows of a source. Empty values do not count. */
export type Look = ReturnType<typeof lookInto>

/** Columns of a source in the order in which they are first met. */
export const columnsOf = (sample: readonly Fields[]): string[] => [
  ...new Set(sample.flatMap((row) => Object.keys(row))),
]

/** Names of columns are compared without case, `-` and `_`. */
const plainName = (name: string): string => name.toLowerCase().replaceAll(/[-_ ]/g, '')

const isThere = (value: unknown): boolean => value !== null && value !== undefined && value !== ''

export function lookInto(sample: readonly Fields[]) {
  const columns = columnsOf(sample)
  const values = (column: string): unknown[] => sample.map((row) => fieldOf(row, column)).filter(isThere)
  const find = (name: string): string | undefined => columns.find((column) => plainName(column) === plainName(name))
  /** The first of these columns that is there, is not taken and holds more than maps. */
  const named = (names: readonly string[], taken: readonly (string | undefined)[] = []): string | undefined =>
    names
      .map(find)
      .find(
        (column) => column !== undefined && !taken.includes(column) && values(column).some((value) => !isMap(value)),
      )
  /** Different values that are neither lists nor maps. */
  const words = (column: string): Set<string> =>
    new Set(
      values(column).flatMap((value) =>
        typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? [String(value)] : [],
      ),
    )
  return {
    sample,
    columns,
    values,
    find,
    named,
    words,
    every: (column: string, holds: (value: unknown) => boolean): boolean =>
      values(column).length > 0 && values(column).every(holds),
    /** Whether the column holds what a test asks for in more than half of its values. */
    most: (column: string, holds: (value: unknown) => boolean): boolean => {
      const all = values(column)
      return 2 * all.filter(holds).length > all.length
    },
    /**
     * Whether nearly all rows have a value of their own. The few other rows then fail as
     * duplicates.
     */
    isUnique: (column: string): boolean => words(column).size >= 0.98 * sample.length,
    /** Whether most values of the column are pictures, by their form. */
    pictures: (column: string): boolean => {
      const all = values(column)
      return all.length > 0 && 2 * all.filter((value) => works(() => arePictures(value))).length > all.length
    },
    /** Whether a value of the column is a list of choices. */
    choices: (column: string): boolean => values(column).some((value) => works(() => choicesOf(value))),
    /** Answers with the choices of their row. */
    answersWithChoices: (answer: string, choices: string | readonly string[]): { value: unknown; list: string[] }[] =>
      sample.flatMap((row) => {
        const value = fieldOf(row, answer)
        if (!isThere(value)) return []
        const cells = typeof choices === 'string' ? fieldOf(row, choices) : choices.map((name) => fieldOf(row, name))
        try {
          return [{ value, list: choicesOf(cells) ?? [] }]
        } catch {
          return []
        }
      }),
  }
}

function works(run: () => unknown): boolean {
  try {
    return run() !== null
  } catch {
    return false
  }
}

/** A text counts as a picture when it is a URL, data, or a name with the ending of a picture. */
function arePictures(value: unknown): true | null {
  const refs = picturesOf(value)
  const isOne = refs.every((ref) => !('path' in ref) || /\.(png|jpe?g|webp|gif|tiff?|avif|bmp)$/i.test(ref.path))
  return refs.length > 0 && isOne ? true : null
}
