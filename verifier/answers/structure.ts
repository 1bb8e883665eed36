import type { Expression } from '../math/expression.ts'
import type { Rational } from '../math/rational.ts'
import type { Unit } from './units.ts'

/** One value: a number or an expression, with or without a percent sign or a unit. */
export interface Quantity {
  type: 'quantity'
  expression: Expression
  /**
   * The value without percent sign and unit when it is a fraction of integers. Null for surds,
   * symbols and the like.
   */
  exact: Rational | null
  /** The number of digits after the point as written. Null for everything but plain decimals. */
  decimals: number | null
  percent: boolean
  unit: Unit | null
  /** The base of a number that is written with its base, as in 1011_2. */
  base?: string
}

/** The brackets of a group as written, '' for items in a row without brackets. */
export type Brackets = '()' | '[]' | '(]' | '[)' | '{}' | '<>' | ''

/**
 * Items in brackets or in a row: a tuple, an interval, a set or a list. The other side helps to
 * tell which.
 */
export interface Group {
  type: 'group'
  brackets: Brackets
  items: readonly Structure[]
  /** Whether "or" joined the items. Alternatives never answer a single value. */
  or: boolean
}

/** Sets joined by ∪, ∩ or ∖. */
export interface Combined {
  type: 'combined'
  operator: '∪' | '∩' | '∖'
  parts: readonly Structure[]
}

export type RelationSign = '=' | '<' | '≤' | '>' | '≥' | '≠' | '∈'

/** a = b, a < b ≤ c, x ∈ [1, 2]: there is one more side than signs. */
export interface Relation {
  type: 'relation'
  sides: readonly Structure[]
  signs: readonly RelationSign[]
}

/** 2:3, 1:2:4. */
export interface Ratio {
  type: 'ratio'
  parts: readonly Quantity[]
}

export interface Matrix {
  type: 'matrix'
  rows: readonly (readonly Structure[])[]
  /** Whether bars are around it. A determinant is no matrix. */
  isDeterminant: boolean
  /** Whether it is a sum of matrices that still has to be added. */
  isUnsolved?: boolean
}

/** ℝ, ℤ, ∅ … */
export interface NamedSet {
  type: 'named-set'
  name: string
}

/** A word or two inside a structure: {red, blue}, or "no solution". */
export interface Words {
  type: 'words'
  text: string
}

/** A mathematical answer as it was written. */
export type Structure = Quantity | Group | Combined | Relation | Ratio | Matrix | NamedSet | Words
