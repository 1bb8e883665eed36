import { sameText } from '../kinds/short-text.ts'
import type { RuleContext, Ruling } from '../verdict.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import { compareQuantities } from './compare-quantities.ts'
import { compareMatrices } from './compare-matrices.ts'
import { inNameOrder, isRootsOf, justValues, keyOf, valuesByName, valuesOf, withNamesApart } from './named.ts'
import { ratioOf, sameProportion } from './ratios.ts'
import { isSetLike, sameRealSet } from './real-sets.ts'
import { assignmentOf, collapsed, conditionsOf, hasSeveralVariables, sameConditions } from './relations.ts'
import { givesValues, isSolved } from './solved.ts'
import type { Group, Structure } from './structure.ts'

/**
 * How two structures are compared. With `unordered`, brackets and order mean nothing, as in a row
 * of kind list.
 */
export type Comparison = RuleContext & { unordered: boolean }

/**
 * Compares two mathematical answers. Symmetric, except for a unit that only the gold has. Sets and
 * rows have no order and no repeats. Tuples, matrices and intervals are compared place by place. x
 * = 5 equals 5 when x is only a name.
 */
export function compareStructures(gold: Structure, answer: Structure, context: Comparison): Ruling {
  const ruling = compareAny(gold, answer, context)
  if (ruling.verdict !== 'correct' || (context.policy.form ?? 'solved') === 'any') return ruling
  return isSolved(answer) || !isSolved(gold) || !givesValues(gold) ? ruling : incorrect('unsolved')
}

function compareAny(goldGiven: Structure, answerGiven: Structure, context: Comparison): Ruling {
  context.effort.spend(2)
  const [gold, answer] = [withNamesApart(goldGiven), withNamesApart(answerGiven)]
  if (gold.type === 'relation' || answer.type === 'relation') return compareRelations(gold, answer, context)
  if (gold.type === 'group' && answer.type === 'group') return compareGroups(gold, answer, context)
  if (gold.type === 'quantity' && answer.type === 'quantity') return compareQuantities(gold, answer, context)
  if (gold.type === 'named-set' && answer.type === 'named-set') return same(gold.name === answer.name, 'list')
  if (isRealSet(gold) || isRealSet(answer)) return compareSets(gold, answer, context)
  if (gold.type === 'matrix' || answer.type === 'matrix')
    return compareMatrices(gold, answer, (left, right) => inOrder(left, right, context))
  if (gold.type === 'group') return compareSingle(gold, (item) => compareStructures(item, answer, context))
  if (answer.type === 'group') return compareSingle(answer, (item) => compareStructures(gold, item, context))
  return comparePlain(gold, answer, context)
}

function isRealSet(structure: Structure): boolean {
  return structure.type === 'combined' || structure.type === 'named-set'
}

function comparePlain(gold: Structure, answer: Structure, context: Comparison): Ruling {
  if (gold.type === 'words' && answer.type === 'words') {
    return sameText(gold.text, answer.text) ? correct('same-text') : incorrect('different-text')
  }
  if (gold.type === 'ratio' || answer.type === 'ratio') return compareRatios(gold, answer, context)
  return compareSets(gold, answer, context)
}

function same(equal: boolean, what: 'list' | 'relation'): Ruling {
  if (what === 'list') return equal ? correct('same-list') : incorrect('different-list')
  return equal ? correct('same-relation') : incorrect('different-relation')
}

function compareSets(gold: Structure, answer: Structure, { effort }: Comparison): Ruling {
  if (!isSetLike(gold) || !isSetLike(answer)) return incorrect('different-form')
  const equal = sameRealSet(gold, answer, effort)
  return equal === null ? unverifiable('not-understood') : same(equal, 'list')
}

/** Compares a group with one value: {5} is 5, but "3 or 4" does not answer 3. */
function compareSingle(group: Group, compare: (item: Structure) => Ruling): Ruling {
  const [only] = group.items
  if (only !== undefined && group.items.length === 1) return compare(only)
  return incorrect(group.or ? 'hedged' : 'different-list')
}

function compareGroups(gold: Group, answer: Group, context: Comparison): Ruling {
  const [a, b] = [gold.brackets, answer.brackets]
  const loose = (brackets: Group['brackets']): boolean => brackets === '{}' || brackets === ''
  if (gold.items.length === 1 && answer.items.length === 1) {
    const [[left], [right]] = [gold.items, answer.items]
    if (left !== undefined && right !== undefined) return compareStructures(left, right, context)
  }
  const items = context.unordered ? { ...context, unordered: false } : context
  const named = compareNamed(gold, answer, items)
  if (named !== null) return named
  if ([gold, answer].some(isConditions) && a !== b)
    return setsWithConditions(gold, answer, context) ?? incorrect('different-form')
  if (context.unordered || (loose(a) && loose(b))) return compareUnordered(gold, answer, items)
  const plainRow = a === '' || b === ''
  const bracket = a === '' ? b : a
  const isInterval = bracket === '(]' || bracket === '[)' || (bracket === '[]' && gold.items.length === 2)
  const vector = [a, b].sort().join(' ') === '() <>'
  if (a !== b && !vector && (!plainRow || isInterval)) {
    return setsWithConditions(gold, answer, context) ?? incorrect('different-form')
  }
  if (gold.items.length !== answer.items.length) return incorrect('different-list')
  return inOrder(gold.items, answer.items, context)
}

function isConditions({ items }: Group): boolean {
  return items.every((item) => item.type === 'relation' && !item.signs.includes('='))
}

/**
 * Compares values of different unknowns: x = 1, y = 2. Names say which value is which. Values
 * without names count in the order of the gold, or of the alphabet. Null when neither side is so.
 */
function compareNamed(gold: Group, answer: Group, context: Comparison): Ruling | null {
  const [wanted, given] = [valuesByName(gold), valuesByName(answer)]
  if (wanted === null && given === null) return null
  if (wanted !== null && given !== null) {
    const names = [...wanted.keys()]
    if (names.length !== given.size || !names.every((name) => given.has(name))) return incorrect('different-list')
    const found = names.flatMap((name) => given.get(name) ?? [])
    return inOrder([...wanted.values()], found, context)
  }
  const other = wanted === null ? gold : answer
  if (isRootsOf(wanted ?? given, other)) return compareUnordered(justValues(gold), justValues(answer), context)
  if (wanted !== null && other.or) return incorrect('hedged')
  // A set does not say which value is which.
  if (wanted !== null && other.brackets === '{}') return incorrect('different-form')
  if (other.brackets === '{}' || other.items.some((item) => item.type === 'relation')) return null
  if (other.items.length !== (wanted ?? given)?.size) return incorrect('different-list')
  if (wanted !== null) return inOrder([...wanted.values()], answer.items, context)
  return given === null ? null : inOrder(gold.items, inNameOrder(given), context)
}

/** A row of inequalities can mean an interval: x > 1 and x < 2. */
function setsWithConditions(gold: Group, answer: Group, context: Comparison): Ruling | null {
  const conditions = [gold, answer].some((group) => group.items.some((item) => item.type === 'relation'))
  if (!conditions) return null
  if (repeatsWhole(gold, answer, context)) return incorrect('hedged')
  const equal = sameRealSet(gold, answer, context.effort)
  return equal === null ? unverifiable('not-understood') : same(equal, 'list')
}

/**
 * Whether all items are equal, one by one. One different item decides. One item that cannot be told
 * leaves the whole undecided.
 */
function inOrder(gold: readonly Structure[], answer: readonly Structure[], context: Comparison): Ruling {
  let open: Ruling | null = null
  for (const [index, item] of gold.entries()) {
    const other = answer[index]
    if (other === undefined) return incorrect('different-list')
    const ruling = compareStructures(item, other, context)
    if (ruling.verdict === 'incorrect') return incorrect('different-list')
    if (ruling.verdict === 'unverifiable') open = ruling
  }
  return open ?? correct('same-list')
}

/**
 * Whether both hold the same items in any order. Repeats count, except in a set and between
 * alternatives. Exact numbers are matched by their text, so that long lists stay cheap.
 */
function compareUnordered(gold: Group, answer: Group, context: Comparison): Ruling {
  const rows = valuesOf(gold, answer)
  const isSet = [gold, answer].some((group) => group.brackets === '{}' || group.or)
  const [left, right] = isSet
    ? [distinct(rows.gold, context), distinct(rows.answer, context)]
    : [rows.gold, rows.answer]
  if (left === null || right === null) return unverifiable('not-understood')
  const ranges = [...left, ...right].some((item) => item.type === 'relation' && !item.signs.includes('='))
  if (left.length !== right.length) return ranges ? conditionRows(gold, answer, context) : incorrect('different-list')
  const places = new Map<string, number[]>()
  for (const [index, item] of right.entries()) {
    const key = keyOf(item)
    if (key !== null) places.set(key, [...(places.get(key) ?? []), index])
  }
  const free = new Set(right.keys())
  let open: Ruling | null = null
  let unlike: Ruling | null = null
  const rest: Structure[] = []
  for (const item of left) {
    const key = keyOf(item)
    const index = key === null ? undefined : places.get(key)?.pop()
    if (index === undefined) {
      rest.push(item)
      continue
    }
    free.delete(index)
    const other = right[index]
    // Equal values need not be worked out alike: 70 + 1 for 71.
    if (other?.type !== 'quantity' || other.expression.type === 'number') continue
    const ruling = compareStructures(item, other, context)
    if (ruling.verdict !== 'correct') unlike = ruling
  }
  for (const item of rest) {
    let found = -1
    for (const index of free) {
      const other = right[index]
      if (other === undefined) continue
      const ruling = compareStructures(item, other, context)
      if (ruling.verdict === 'correct') {
        found = index
        break
      }
      if (ruling.verdict === 'unverifiable') open = ruling
    }
    if (found < 0) return open ?? (ranges ? conditionRows(gold, answer, context) : incorrect('different-list'))
    free.delete(found)
  }
  return unlike ?? correct('same-list')
}

/** Whether one item of a row is the whole gold: "(2, 5] or (2, 5)" are two answers. */
function repeatsWhole(gold: Group, answer: Group, { effort }: Comparison): boolean {
  return (
    answer.items.length > 1 && answer.items.some((item) => isSetLike(item) && sameRealSet(gold, item, effort) === true)
  )
}

function conditionRows(gold: Group, answer: Group, context: Comparison): Ruling {
  const { effort } = context
  if (repeatsWhole(gold, answer, context)) return incorrect('hedged')
  const equal = sameRealSet(gold, answer, effort)
  return equal === null ? unverifiable('not-understood') : same(equal, 'relation')
}

function distinct(items: readonly Structure[], context: Comparison): Structure[] | null {
  const seen = new Set<string>()
  const found: Structure[] = []
  for (const item of items) {
    const key = keyOf(item)
    if (key !== null) {
      if (seen.has(key)) continue
      seen.add(key)
    } else if (
      found.some((other) => keyOf(other) === null && compareStructures(other, item, context).verdict === 'correct')
    ) {
      continue
    }
    found.push(item)
  }
  return found
}

/** 2:3 equals only 2:3, unless the row's policy reduces ratios: then it also equals 4:6 and 2/3. */
function compareRatios(gold: Structure, answer: Structure, context: Comparison): Ruling {
  const [a, b] = [ratioOf(gold), ratioOf(answer)]
  if (a === null || b === null || a.parts.length !== b.parts.length) return incorrect('different-form')
  if (gold.type === answer.type) {
    const plain = inOrder(a.parts, b.parts, context)
    if (plain.verdict !== 'incorrect') return plain
  }
  if (context.policy.ratio !== 'reduce')
    return incorrect(gold.type === answer.type ? 'different-number' : 'different-form')
  return sameProportion(a, b) ? correct('ratio-reduced') : incorrect('different-number')
}

function compareRelations(gold: Structure, answer: Structure, context: Comparison): Ruling {
  if (gold.type !== 'relation' || answer.type !== 'relation') return compareOneRelation(gold, answer, context)
  const [a, b] = [assignmentOf(gold), assignmentOf(answer)]
  if (a !== null && b !== null && a.name !== null && b.name !== null) {
    const name = compareStructures(a.name, b.name, context)
    if (name.verdict === 'correct') return compareStructures(a.value, b.value, context)
  }
  if (a !== null && b !== null && (a.name === null || b.name === null)) {
    return compareStructures(a.value, b.value, context)
  }
  const [left, right] = [conditionsOf(collapsed(gold)), conditionsOf(collapsed(answer))]
  if (left !== null && right !== null && left.length === right.length) {
    const ruling = sameConditions(left, right, context.effort)
    if (ruling.verdict === 'correct' || gold.signs.includes('=')) return ruling
  }
  if (gold.signs.includes('=') || answer.signs.includes('=')) return incorrect('different-relation')
  if (
    gold.signs.join('') === answer.signs.join('') &&
    inOrder(gold.sides, answer.sides, context).verdict === 'correct'
  ) {
    return correct('same-relation')
  }
  if (left !== null && right !== null && left.length === right.length && hasSeveralVariables([...left, ...right])) {
    return sameConditions(left, right, context.effort)
  }
  const sets = compareSets(gold, answer, context)
  if (sets.verdict === 'correct') return correct('same-relation')
  return sets.verdict === 'incorrect' ? incorrect('different-relation') : sets
}

/**
 * Compares a relation with an answer that is not a relation: x = 5 is 5, 1 < x < 2 is (1, 2), but 7
 * = 11a + c is not 11a + c.
 */
function compareOneRelation(gold: Structure, answer: Structure, context: Comparison): Ruling {
  const relation = gold.type === 'relation' ? gold : answer
  if (relation.type !== 'relation') return incorrect('different-form')
  const assignment = assignmentOf(relation)
  if (assignment !== null) {
    return gold.type === 'relation'
      ? compareStructures(assignment.value, answer, context)
      : compareStructures(gold, assignment.value, context)
  }
  if (relation.signs.length === 1 && relation.signs[0] === '∈') {
    const set = relation.sides[1]
    if (set === undefined) return incorrect('different-form')
    return gold.type === 'relation' ? compareStructures(set, answer, context) : compareStructures(gold, set, context)
  }
  return compareSets(gold, answer, context)
}
