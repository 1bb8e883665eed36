import type { ConstantName } from './expression.ts'
import type { Rational } from './rational.ts'

/** One token. `spaced` says that there is white space before it. */
export type Token = { spaced: boolean } & (
  | { kind: 'number'; digits: string; value: Rational; decimals: number | null; based: boolean }
  /** 4343_2: the base lacks these digits. This is not a number, and it is nothing else either. */
  | { kind: 'nonnumber'; digits: string; base: number }
  | { kind: 'symbol'; name: string }
  | { kind: 'constant'; name: ConstantName }
  | { kind: 'function'; name: string; command: boolean }
  | { kind: 'sign'; sign: string }
  /** frac, sqrt, binom, over, choose, root3, and big operators by their name. */
  | { kind: 'command'; name: string }
)
