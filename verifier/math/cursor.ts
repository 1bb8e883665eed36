import type { Effort } from '../effort.ts'
import type { Expression } from './expression.ts'
import type { Token } from './token.ts'

/** The deepest nesting that is read. */
const maxDepth = 120

/**
 * Thrown inside the parser when a text is not one expression. `parseExpression` turns it into null.
 */
export class Unreadable extends Error {}

/** The parts of the grammar that call each other. */
export interface Grammar {
  sum: (cursor: Cursor) => Expression
  term: (cursor: Cursor) => Expression
  factor: (cursor: Cursor) => Expression
  exponent: (cursor: Cursor) => Expression
}

/** A place in the tokens, and the state that the parts of the grammar share. */
export class Cursor {
  readonly effort: Effort
  /** Inside the argument of a trigonometric function a degree sign is π/180. */
  degrees = false
  /** Inside an integral, "d x" ends the integrand. */
  differential = false
  /** The number of absolute bars that are open here. */
  bars = 0
  /** The number of sums, integrals and limits around this place. */
  operators = 0
  readonly #tokens: Token[]
  readonly grammar: Grammar
  #at = 0
  #depth = 0

  constructor(tokens: Token[], grammar: Grammar, effort: Effort) {
    this.#tokens = tokens
    this.grammar = grammar
    this.effort = effort
  }

  /** The token at this place, or `ahead` tokens after it. */
  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead]
  }

  before(): Token | undefined {
    return this.#tokens[this.#at - 1]
  }

  next(): Token {
    this.effort.spend()
    const token = this.#tokens[this.#at]
    if (token === undefined) throw new Unreadable()
    this.#at++
    return token
  }

  /** Replaces the token at this place: \frac12 takes the digits of one number one by one. */
  replace(token: Token): void {
    this.#tokens[this.#at] = token
  }

  atSign(sign: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token?.kind === 'sign' && token.sign === sign
  }

  /** Moves past the sign when it is the next token. */
  take(sign: string): boolean {
    if (!this.atSign(sign)) return false
    this.next()
    return true
  }

  expect(sign: string): void {
    if (!this.take(sign)) throw new Unreadable()
  }

  atCommand(name: string): boolean {
    const token = this.peek()
    return token?.kind === 'command' && token.name === name
  }

  atEnd(): boolean {
    return this.#at >= this.#tokens.length
  }

  /** Parses a + b − c … at this place. */
  sum(): Expression {
    return this.grammar.sum(this)
  }

  /** Runs one part of the grammar a level deeper. */
  deeper(part: () => Expression): Expression {
    this.#depth++
    if (this.#depth > maxDepth) throw new Unreadable()
    const e = part()
    this.#depth--
    return e
  }

  /** Parses the content of brackets. Bars and differentials outside the brackets do not end it. */
  enclosed(close: string, bars = 0): Expression {
    const [outerBars, outerDifferential] = [this.bars, this.differential]
    this.bars = bars
    this.differential = false
    const e = this.deeper(() => this.sum())
    this.bars = outerBars
    this.differential = outerDifferential
    this.expect(close)
    return e
  }

  /** Expressions with commas between them, up to the closing sign. */
  list(close: string): Expression[] {
    const items: Expression[] = []
    const [outerBars, outerDifferential] = [this.bars, this.differential]
    this.bars = 0
    this.differential = false
    do items.push(this.deeper(() => this.sum()))
    while (this.take(','))
    this.bars = outerBars
    this.differential = outerDifferential
    this.expect(close)
    return items
  }
}
