import type { Effort } from '../effort.ts'
import { integer, product, sum, symbolsOf } from '../math/expression.ts'
import { exactValue } from '../math/evaluate.ts'
import { parseExpression } from '../math/parse.ts'
import type { Expression } from '../math/expression.ts'
import { rowEnd } from './math-text.ts'
import type { Matrix, Structure } from './structure.ts'

/** Reads a part of an answer: the cell of a matrix, or the equations of a system. */
export type ReadPart = (text: string) => Structure | null

const names = String.raw`(?:[pbvBV]?matrix\*?|smallmatrix|array)`
const matrixPattern = new RegExp(
  String.raw`^\[?\(?\\begin\s*\{(${names})\}\s*(?:\{[^{}]*\})?(.*?)\\end\s*\{${names}\}\s*\)?\]?$`,
  's',
)
const systemPattern =
  /^\{?\s*\\begin\s*\{(?:cases|aligned|align\*?|array)\}\s*(?:\{[^{}]*\})?(.*)\\end\s*\{(?:cases|aligned|align\*?|array)\}$/s

/** Reads a matrix, a sum of multiples of matrices, or a system of equations. */
export function readMatrix(text: string, effort: Effort, read: ReadPart): Structure | null {
  if (!text.includes('\\begin')) return null
  const system = systemPattern.exec(text)
  if (system !== null && /[=<>≤≥]/.test(system[1] ?? '')) {
    return read(
      (system[1] ?? '')
        .replace(/&/g, ' ')
        .replace(/,?\s*⏎/g, ', ')
        .replace(/[,\s]+$/, ''),
    )
  }
  const one = readOne(text, read)
  const [row, ...otherRows] = one?.rows ?? []
  // An array with one cell is a frame around a value.
  if (row?.length === 1 && otherRows.length === 0 && text.includes('array')) return row[0] ?? null
  return one ?? readSum(text, effort, read)
}

function readOne(text: string, read: ReadPart): Matrix | null {
  const found = matrixPattern.exec(text)
  const body = found?.[2]
  if (body === undefined || body.includes('\\begin')) return null
  const rows: Structure[][] = []
  for (const line of body.split(rowEnd).filter((l) => l.trim() !== '')) {
    const cells = line.split('&').map((cell) => read(cell))
    if (cells.length > 32 || rows.length >= 32) return null
    const row = cells.filter((cell) => cell !== null)
    if (row.length !== cells.length) return null
    rows.push(row)
  }
  // vmatrix and Vmatrix are determinants.
  return rows.length === 0 ? null : { type: 'matrix', rows, isDeterminant: /^v/i.test(found?.[1] ?? '') }
}

const termPattern =
  /^\s*([+-]?)((?:(?!\\begin)[^+&⏎=]){0,60}?)\s*(?:\\cdot|[*·×])?\s*(\\begin\s*\{.*?\\end\s*\{[^{}]*\})/s
const mostTerms = 6

/**
 * 2A, A + tB, A - B and AB as one matrix. A sum or a product of matrices without symbols still has
 * to be computed.
 */
function readSum(text: string, effort: Effort, read: ReadPart): Matrix | null {
  let rest = text.trim()
  let total: Expression[][] | null = null
  let term: Expression[][] | null = null
  let terms = 0
  let isOpen = false
  while (rest !== '') {
    effort.spend(10)
    const found = termPattern.exec(rest)
    if (found === null || terms >= mostTerms) return null
    const [all, sign, written = '', block = ''] = found
    const coefficient = written.trim() === '' ? integer(1) : parseExpression(written.trim(), effort)
    const matrix = readOne(block, read)
    const cells = matrix === null || matrix.isDeterminant ? null : expressionsOf(matrix)
    if (coefficient === null || cells === null) return null
    const factor = sign === '-' ? product([integer(-1), coefficient]) : coefficient
    if (symbolsOf(factor).size > 0) isOpen = true
    const scaled = cells.map((row) => row.map((cell) => product([factor, cell])))
    if (term !== null && sign === '') term = multiplied(term, scaled, effort)
    else {
      if (term !== null) total = total === null ? term : added(total, term)
      if (term !== null && total === null) return null
      term = scaled
    }
    if (term === null) return null
    terms += 1
    rest = rest.slice(all.length).trim()
  }
  if (term !== null) total = total === null ? term : added(total, term)
  if (total === null) return null
  const rows = total.map((row) => row.map((expression) => valued(expression, effort)))
  return { type: 'matrix', rows, isDeterminant: false, isUnsolved: terms > 1 && !isOpen }
}

function expressionsOf({ rows }: Matrix): Expression[][] | null {
  const cells = rows.map((row) =>
    row.flatMap((cell) => (cell.type === 'quantity' && cell.unit === null ? [cell.expression] : [])),
  )
  return cells.every((row, index) => row.length === rows[index]?.length) ? cells : null
}

function multiplied(a: readonly Expression[][], b: readonly Expression[][], effort: Effort): Expression[][] | null {
  const columns = b[0]?.length ?? 0
  if (a.some((row) => row.length !== b.length) || b.some((row) => row.length !== columns)) return null
  effort.spend(a.length * b.length * columns)
  return a.map((row) =>
    Array.from({ length: columns }, (_, j) => sum(row.map((cell, k) => product([cell, b[k]?.[j] ?? integer(0)])))),
  )
}

function added(a: readonly Expression[][], b: readonly Expression[][]): Expression[][] | null {
  if (a.length !== b.length || a.some((row, i) => row.length !== b[i]?.length)) return null
  return a.map((row, i) => row.map((cell, j) => sum([cell, b[i]?.[j] ?? integer(0)])))
}

/** A cell that was computed counts as worked out. */
function valued(expression: Expression, effort: Effort): Structure {
  const exact = exactValue(expression, effort)
  const shown: Expression = exact === null ? expression : { type: 'number', value: exact, decimals: null }
  return { type: 'quantity', expression: shown, exact, decimals: null, percent: false, unit: null }
}
