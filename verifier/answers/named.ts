import { symbolsOf } from '../math/expression.ts'
import { lowest } from '../math/rational.ts'
import { assignmentOf } from './relations.ts'
import type { Group, Structure } from './structure.ts'

/** The name of an unknown: x, x_1, \alpha. Null for f(x), |AB| and sums. */
function nameOf(structure: Structure | null): string | null {
  if (structure?.type === 'words') return structure.text
  if (structure?.type !== 'quantity' || structure.expression.type !== 'symbol') return null
  return [...symbolsOf(structure.expression)][0] ?? null
}

/** (p, q) = (3, 2) as p = 3, q = 2. Every other structure is returned as it is. */
export function withNamesApart(structure: Structure): Structure {
  if (structure.type !== 'relation' || structure.sides.length !== 2 || structure.signs[0] !== '=') return structure
  const [names, values] = structure.sides
  if (names?.type !== 'group' || values?.type !== 'group' || names.items.length !== values.items.length)
    return structure
  if (names.items.length < 2 || names.items.some((item) => nameOf(item) === null)) return structure
  const items = names.items.flatMap((name, index): Structure[] => {
    const value = values.items[index]
    return value === undefined ? [] : [{ type: 'relation', sides: [name, value], signs: ['='] }]
  })
  return { type: 'group', brackets: '', items, or: false }
}

/**
 * The values of a row of different unknowns (x = 1, y = 2) by their names. Null for every other
 * group: x = 1 or x = 2 are two values of one unknown.
 */
export function valuesByName({ items, or }: Group): ReadonlyMap<string, Structure> | null {
  if (or || items.length < 2) return null
  const values = new Map<string, Structure>()
  for (const item of items) {
    const assignment = item.type === 'relation' ? assignmentOf(item) : null
    const name = nameOf(assignment?.name ?? null)
    if (assignment === null || name === null || values.has(name)) return null
    values.set(name, assignment.value)
  }
  return values
}

/**
 * Whether a row holds the roots of one unknown ("x = 3 or x = 5"), and the names are its indexed
 * names (x_1, x_2).
 */
export function isRootsOf(names: ReadonlyMap<string, Structure> | null, { items }: Group): boolean {
  const bases = new Set([...(names?.keys() ?? [])].map((name) => name.replace(/_\{?\d{1,2}\}?$/, '')))
  const [base] = bases
  if (base === undefined || bases.size > 1 || names?.has(base) === true) return false
  return items.every((item) => item.type === 'relation' && nameOf(assignmentOf(item)?.name ?? null) === base)
}

/** A row of named values without the names. */
export function justValues(group: Group): Group {
  return { ...group, items: group.items.map(valueOf) }
}

/** The values in the order in which a tuple (x, y) holds them: by name. */
export function inNameOrder(values: ReadonlyMap<string, Structure>): Structure[] {
  return [...values].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}

/**
 * "x = 1 or x = 2" against "{1, 2}": names are dropped when only one side has them, or when only
 * the first item of a row has a name.
 */
export function valuesOf(gold: Group, answer: Group): { gold: readonly Structure[]; answer: readonly Structure[] } {
  const named = (group: Group): boolean => group.items.every((item) => item.type === 'relation')
  if (named(gold) && named(answer)) return { gold: gold.items, answer: answer.items }
  return { gold: gold.items.map(valueOf), answer: answer.items.map(valueOf) }
}

function valueOf(item: Structure): Structure {
  return item.type === 'relation' ? (assignmentOf(item)?.value ?? item) : item
}

/** The text by which a plain number is matched. Null for an item that must be compared. */
export function keyOf(item: Structure): string | null {
  if (item.type !== 'quantity' || item.exact === null || item.percent || item.unit !== null) return null
  const { n, d } = lowest(item.exact)
  return `${n}/${d}`
}
