import { basename } from 'node:path'
import { HoneError } from '../../domain/errors.ts'
import type { JsonMember, JsonShape } from './json-shape.ts'

/** How the rows lie in a JSON file. */
export type JsonRows =
  | { as: 'list' }
  /** A map from names to rows. */
  | { as: 'map' }
  /** A list in a member of the file's map. */
  | { as: 'member'; name: string }
  /** Columns: maps from the numbers of rows to cells, lists of cells, or pandas' `split`. */
  | { as: 'columns'; of: 'maps' | 'lists' | 'split' }

/**
 * Finds the rows of a JSON file by its shape. Throws InvalidSource with what would make it right.
 */
export function rowsOf(file: string, shape: JsonShape): JsonRows {
  if (shape.is === 'list') return { as: 'list' }
  if (shape.is === 'other')
    throw refusal(`${file} is no JSON list and no JSON map`, 'see whether the file is what its name says')
  const { members, isWhole, isMapOfMaps } = shape
  const names = members.map(({ name }) => name)
  if (isMapOfMaps) {
    if (isWhole && areColumns(members)) return { as: 'columns', of: 'maps' }
    return { as: 'map' }
  }
  if (names.includes('columns') && names.includes('data') && names.every((name) => splitNames.includes(name)))
    return { as: 'columns', of: 'split' }
  const lists = members.filter(({ is }) => is === 'list')
  if (members.length > 1 && lists.length === members.length && haveOneLength(lists) && !lists.every(holdsMaps))
    return { as: 'columns', of: 'lists' }
  const ofRows = lists.filter(holdsMaps)
  const [only] = ofRows
  if (only && ofRows.length === 1) return { as: 'member', name: only.name }
  if (only)
    throw refusal(
      `${file} holds ${ofRows.length} lists: ${ofRows.map(({ name, items }) => `${name} (${items})`).join(', ')}`,
      `write the rows as JSONL, joined as they belong together; for one list alone: ${memberCommand(file, only.name)}`,
    )
  throw refusal(
    `${file} holds one JSON object that is no map of rows`,
    'give a list of objects, a map of objects, or JSONL with one object a line (--format jsonl)',
  )
}

const splitNames = ['columns', 'index', 'data']

const holdsMaps = (member: JsonMember): boolean => member.holdsMaps

const haveOneLength = (lists: readonly JsonMember[]): boolean =>
  lists.every(({ items }) => items > 0 && items === lists[0]?.items)

/**
 * Whether the members are the columns of a table, as pandas' `to_json` writes it: all have the same
 * names inside, and these are the numbers of rows.
 */
function areColumns(members: readonly JsonMember[]): boolean {
  const numbers = members[0]?.names ?? []
  return (
    numbers.length > 0 &&
    numbers.every((name) => /^\d+$/.test(name)) &&
    members.every(({ name }) => !/^\d+$/.test(name)) &&
    members.every(({ names }) => names.length === numbers.length && names.every((name, at) => name === numbers[at]))
  )
}

const memberCommand = (file: string, name: string): string =>
  `python3 -c "import json; [print(json.dumps(r)) for r in json.load(open('${basename(file)}'))['${name}']]" > ${name}.jsonl`

const refusal = (message: string, nextStep: string): HoneError =>
  new HoneError({ type: 'InvalidSource', message, nextStep })
