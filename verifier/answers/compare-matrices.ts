import type { Ruling } from '../verdict.ts'
import { incorrect } from '../verdict.ts'
import type { Group, Matrix, Structure } from './structure.ts'

type InOrder = (gold: readonly Structure[], answer: readonly Structure[]) => Ruling

/**
 * Compares matrices place by place. A tuple and a column, or a row, are one vector, and [[1, 2],
 * [3, 4]] is a matrix by its rows.
 */
export function compareMatrices(gold: Structure, answer: Structure, inOrder: InOrder): Ruling {
  if (gold.type === 'matrix' && answer.type === 'matrix') return compareCells(gold, answer, inOrder)
  const [matrix, other] = gold.type === 'matrix' ? [gold, answer] : [answer, gold]
  if (matrix.type !== 'matrix' || matrix.isDeterminant || other.type !== 'group') return incorrect('different-form')
  const rows = rowsOf(other)
  if (rows !== null) {
    const listed: Matrix = { type: 'matrix', rows, isDeterminant: false }
    return gold.type === 'matrix' ? compareCells(gold, listed, inOrder) : compareCells(listed, matrix, inOrder)
  }
  const isVector = matrix.rows.length === 1 || matrix.rows.every((row) => row.length === 1)
  const isTuple = other.brackets === '()' || other.brackets === '<>' || other.brackets === '[]'
  if (!isVector || !isTuple) return incorrect('different-form')
  const [left, right] = gold.type === 'matrix' ? [matrix.rows.flat(), other.items] : [other.items, matrix.rows.flat()]
  return left.length === right.length && left.length > 1 ? inOrder(left, right) : incorrect('different-form')
}

/** The rows of [[1, 2], [3, 4]]. Null for every other group. */
function rowsOf({ brackets, items }: Group): (readonly Structure[])[] | null {
  if (brackets !== '[]') return null
  const rows = items.flatMap((item) => (item.type === 'group' && item.brackets === '[]' ? [item.items] : []))
  return rows.length === items.length ? rows : null
}

function compareCells(gold: Matrix, answer: Matrix, inOrder: InOrder): Ruling {
  if (gold.isDeterminant !== answer.isDeterminant) return incorrect('different-form')
  const shape = ({ rows }: Matrix): string => rows.map((row) => row.length).join(',')
  if (shape(gold) !== shape(answer)) return incorrect('different-form')
  return inOrder(gold.rows.flat(), answer.rows.flat())
}
