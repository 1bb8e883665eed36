import type { Cursor } from './cursor.ts'
import { Unreadable } from './cursor.ts'
import type { Expression } from './expression.ts'
import { constant, integer, mapLeaves, number, symbol } from './expression.ts'

/**
 * Reads a sum, product, integral or limit. It is kept as written: computing it would need a
 * computer algebra.
 */
export function bigOperator(cursor: Cursor, name: string): Expression {
  const level = cursor.operators
  cursor.operators++
  const e = cursor.deeper(() => {
    if (name.endsWith('int')) return integral(cursor, name, level)
    return name.startsWith('lim') ? limit(cursor, name, level) : series(cursor, name, level)
  })
  cursor.operators = level
  return e
}

/**
 * Gives a bound variable the name of its level, so that a sum over i and a sum over k are equal.
 */
function bind(e: Expression, variable: string | null, level: number): Expression {
  if (variable === null) return e
  const bound = symbol(`#${level}`)
  return mapLeaves(e, (leaf) =>
    (leaf.type === 'symbol' || leaf.type === 'constant') && leaf.name === variable ? bound : leaf,
  )
}

/** Reads a bound the way LaTeX does: a group or one token. */
function boundHere(cursor: Cursor): Expression {
  if (cursor.take('{')) return cursor.enclosed('}')
  const token = cursor.next()
  if (token.kind === 'number') return number(token.value, token.decimals)
  if (token.kind === 'symbol') return symbol(token.name)
  if (token.kind === 'constant') return constant(token.name)
  throw new Unreadable()
}

function variableHere(cursor: Cursor): string {
  const token = cursor.next()
  if (token.kind === 'symbol' || token.kind === 'constant') return token.name
  throw new Unreadable()
}

function series(cursor: Cursor, name: string, level: number): Expression {
  let variable: string | null = null
  let from: Expression = integer(0)
  let to: Expression | null = null
  for (let taken = 0; taken < 2; taken++) {
    if (variable === null && cursor.take('_')) {
      cursor.expect('{')
      variable = variableHere(cursor)
      cursor.expect('=')
      from = cursor.enclosed('}')
    } else if (to === null && cursor.take('^')) to = boundHere(cursor)
  }
  if (variable === null || to === null) throw new Unreadable()
  const body = bind(cursor.grammar.term(cursor), variable, level)
  return { type: 'opaque', operator: name, parts: [from, to, body] }
}

function integral(cursor: Cursor, name: string, level: number): Expression {
  const bounds: Expression[] = []
  for (const sign of ['_', '^']) if (cursor.take(sign)) bounds.push(boundHere(cursor))
  const outer = cursor.differential
  cursor.differential = true
  let body = cursor.sum()
  cursor.differential = outer
  const d = cursor.peek()
  if (d?.kind === 'symbol' && d.name === 'd' && cursor.peek(1)?.kind === 'symbol') {
    cursor.next()
    body = bind(body, variableHere(cursor), level)
  }
  return { type: 'opaque', operator: `${name} ${bounds.length}`, parts: [...bounds, body] }
}

function limit(cursor: Cursor, name: string, level: number): Expression {
  cursor.expect('_')
  cursor.expect('{')
  const variable = variableHere(cursor)
  cursor.expect('→')
  const target = cursor.deeper(() => cursor.grammar.term(cursor))
  cursor.expect('}')
  const body = bind(cursor.grammar.term(cursor), variable, level)
  return { type: 'opaque', operator: name, parts: [target, body] }
}
