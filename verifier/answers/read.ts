import type { Effort } from '../effort.ts'
import { readCompound } from './compound.ts'
import { mathText, setClose, setOpen } from './math-text.ts'
import { readQuantities } from './quantity.ts'
import { readMatrix } from './read-matrix.ts'
import { between, isEnclosed, topLevelMarks } from './split.ts'
import type { Mark } from './split.ts'
import type { Brackets, Quantity, RelationSign, Structure } from './structure.ts'

/** The most items of a list, set or tuple. */
const maxItems = 256
const maxDepth = 12

/**
 * Every reading of an answer as mathematics, the likeliest first: "1,234" is a number and a list of
 * two. Words are read as words, so that a list may hold them. Empty when the brackets do not close
 * or the text is nested too deep.
 */
export function readAnswer(raw: string, effort: Effort): Structure[] {
  const text = mathText(raw)
  if (text === '') return []
  const compound = readCompound(text)
  if (compound !== null) return [compound]
  const readings: Structure[] = []
  const ungrouped = text.replace(/(?<=\d),(?=\d)/g, '')
  const isRow =
    /[,;=<>≤≥≠≈∈∪∩∖⇒:±∓]|[和或]/.test(ungrouped) || (/\b(?:and|or)\b/.test(text) && !/^[a-zA-Z -]+$/.test(text))
  if (!isRow) readings.push(...readQuantities(text, effort).filter((q) => !isLetters(text) || q.exact !== null))
  // One value, and nothing in the text that could make it anything else: it is not read again.
  if (readings.length > 0 && !/[,;]|^[[({⦃⟨]|\\begin| to |^[ℝℤℕℚℂ∅]$/.test(text)) return readings
  const other = read(text, effort, 0)
  if (other !== null && !(other.type === 'quantity' && readings.length > 0)) readings.push(other)
  return readings
}

/** A row of numbers that is turned into a column: [3, 4]^T. */
const transposed = /^([[(][^[\]()]{1,200}[\])])\s*\^\s*\{?\s*\\?(?:T|top|intercal|mathsf\{T\})\s*\}?$/

/** Reads a part of an answer. Null when the part is empty, unbalanced or nested too deep. */
function read(raw: string, effort: Effort, depth: number): Structure | null {
  const text = raw
    .trim()
    .replace(/^(?:both|either)\s+/i, '')
    .replace(transposed, '$1')
  if (text === '' || depth > maxDepth) return null
  const marks = topLevelMarks(text, effort)
  if (marks === null) return null
  const arrow = marks.findLast((mark) => mark.kind === 'arrow')
  if (arrow !== undefined) return read(text.slice(arrow.to), effort, depth + 1)
  const matrix = readMatrix(text, effort, (part) => read(part, effort, depth + 1))
  if (matrix !== null) return matrix
  return (
    readRow(text, marks, effort, depth) ??
    readCombined(text, marks, effort, depth) ??
    readRelation(text, marks, effort, depth) ??
    readEnclosed(text, effort, depth) ??
    readPlusMinus(text, effort, depth) ??
    readRatio(text, marks, effort) ??
    readLeaf(text, effort)
  )
}

/** Reads items in a row: "1, 2 and 3", "x = 1 or x = 2", "p=5,q=2; p=7,q=2". */
function readRow(text: string, marks: readonly Mark[], effort: Effort, depth: number): Structure | null {
  const semicolons = marks.filter((mark) => mark.kind === 'semicolon')
  const separators =
    semicolons.length > 0
      ? semicolons
      : marks.filter((mark) => mark.kind === 'list' || mark.kind === 'and' || mark.kind === 'or')
  if (separators.length === 0) return null
  const parts = between(text, separators).filter((part) => part !== '')
  if (parts.length > maxItems || parts.length === 0) return null
  const tuples = semicolons.length > 0 && parts.some((part) => part.includes(','))
  const items: Structure[] = []
  for (const part of parts) {
    const item = read(part, effort, depth + 1)
    if (item === null) return null
    const isTuple = tuples && item.type === 'group' && item.brackets === ''
    items.push(isTuple ? { ...item, brackets: '()' } : item)
  }
  const [only] = items
  if (only !== undefined && items.length === 1) return only
  return { type: 'group', brackets: '', items: items.flatMap(spread), or: marks.some((mark) => mark.kind === 'or') }
}

/** "1 ± √2" among other values is two values. */
function spread(item: Structure): readonly Structure[] {
  return item.type === 'group' && item.brackets === '' ? item.items : [item]
}

function readCombined(text: string, marks: readonly Mark[], effort: Effort, depth: number): Structure | null {
  const last = marks.findLast((mark) => mark.kind === 'set')
  if (last === undefined || marks.some((mark) => mark.kind === 'relation')) return null
  const operator = last.text === '∪' ? '∪' : last.text === '∩' ? '∩' : '∖'
  const left = read(text.slice(0, last.from), effort, depth + 1)
  const right = read(text.slice(last.to), effort, depth + 1)
  return left === null || right === null ? null : { type: 'combined', operator, parts: [left, right] }
}

/** Reads a relation. A text after ≈ only approximates the text before it. */
function readRelation(text: string, marks: readonly Mark[], effort: Effort, depth: number): Structure | null {
  const relations = marks.filter((mark) => mark.kind === 'relation')
  const [first] = relations
  if (first === undefined) return null
  const about = relations.findIndex((mark) => mark.text === '≈')
  if (about === 0) {
    const isName = /^[a-zA-Z](?:_\{?\w{1,10}\}?)?$/.test(text.slice(0, first.from).trim())
    return read(isName ? text.slice(first.to) : text.slice(0, first.from), effort, depth + 1)
  }
  const used = about < 0 ? relations : relations.slice(0, about)
  const cut = about < 0 ? text : text.slice(0, relations[about]?.from)
  const parts = between(cut, used)
  if (parts[0] === '' && parts.length === 2 && used[0]?.text === '=') return read(parts[1] ?? '', effort, depth + 1)
  if (parts.length > 12) return null
  const sides: Structure[] = []
  for (const part of parts) {
    const side = read(part, effort, depth + 1)
    if (side === null || side.type === 'relation') return null
    sides.push(side)
  }
  return { type: 'relation', sides, signs: used.map((mark) => signOf(mark.text)) }
}

function signOf(text: string): RelationSign {
  const known: readonly RelationSign[] = ['<', '≤', '>', '≥', '≠', '∈']
  return known.find((sign) => sign === text) ?? '='
}

const bracketKinds: Readonly<Record<string, Brackets>> = {
  '()': '()', '[]': '[]', '(]': '(]', '[)': '[)', '{}': '{}', '⟨⟩': '<>', [`${setOpen}${setClose}`]: '{}',
} // prettier-ignore

function readEnclosed(text: string, effort: Effort, depth: number): Structure | null {
  if (!isEnclosed(text)) return null
  const brackets = bracketKinds[`${text.charAt(0)}${text.slice(-1)}`]
  if (brackets === undefined) return null
  const inside = text.slice(1, -1).trim()
  const isSet = text.startsWith(setOpen)
  if (isSet && inside === '') return { type: 'named-set', name: '∅' }
  if (isSet) {
    const condition = setBuilder(inside, effort)
    if (condition !== null) return read(condition, effort, depth + 1)
  }
  const content = read(inside, effort, depth + 1)
  if (content === null) return null
  if (content.type === 'group' && content.brackets === '') return { ...content, brackets }
  if (isSet || brackets === '<>') return { type: 'group', brackets, items: [content], or: false }
  if (brackets === '[]' && content.type !== 'quantity') return { type: 'group', brackets, items: [content], or: false }
  if (brackets === '()' && content.type === 'quantity') return null
  return brackets === '()' || brackets === '{}' || brackets === '[]' ? content : null
}

/** {x | x > 5}, {x ∈ ℝ : x > 5} → the condition. */
function setBuilder(inside: string, effort: Effort): string | null {
  const marks = topLevelMarks(inside, effort) ?? []
  const bar = marks.find((mark) => mark.kind === 'bar' || mark.kind === 'colon')
  if (bar === undefined || !/^[a-zA-Z]\s*(?:∈\s*ℝ)?$/.test(inside.slice(0, bar.from).trim())) return null
  return inside.slice(bar.to)
}

/** 1 ± √2 → 1 + √2, 1 − √2; ∓ takes the other sign. */
function readPlusMinus(text: string, effort: Effort, depth: number): Structure | null {
  if (!/[±∓]/.test(text)) return null
  const upper = read(text.replace(/±/g, '+').replace(/∓/g, '-'), effort, depth + 1)
  const lower = read(text.replace(/±/g, '-').replace(/∓/g, '+'), effort, depth + 1)
  if (upper === null || lower === null) return null
  return { type: 'group', brackets: '', items: [upper, lower], or: false }
}

function readRatio(text: string, marks: readonly Mark[], effort: Effort): Structure | null {
  const colons = marks.filter((mark) => mark.kind === 'colon')
  const worded = colons.length === 0 ? /^(\S+) to (\S+)$/.exec(text) : null
  if (colons.length === 0 && worded === null) return null
  const parts: Quantity[] = []
  for (const part of worded === null ? between(text, colons) : worded.slice(1)) {
    const [quantity] = readQuantities(part, effort)
    if (quantity === undefined) return null
    parts.push(quantity)
  }
  return parts.length > 8 ? null : { type: 'ratio', parts }
}

const noSolution =
  /^(?:there (?:is|are) )?(?:no (?:real )?solutions?|no (?:real )?roots?|(?:the )?empty set|null set|无解|空集)$/i
const allReals = /^(?:all real numbers?|all reals|any real number|全体实数)$/i

function readLeaf(text: string, effort: Effort): Structure | null {
  if (/^[ℝℤℕℚℂ∅]$/.test(text)) return { type: 'named-set', name: text }
  if (noSolution.test(text)) return { type: 'named-set', name: '∅' }
  if (allReals.test(text)) return { type: 'named-set', name: 'ℝ' }
  const [quantity] = readQuantities(text, effort)
  if (quantity !== undefined && (quantity.exact !== null || !isLetters(text))) return quantity
  return text.length <= 400 ? { type: 'words', text } : null
}

/** "red" is a word, not r times e times d. */
function isLetters(text: string): boolean {
  return /^[a-zA-Z]{3,}$/.test(text)
}
