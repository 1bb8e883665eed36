import * as fc from 'fast-check'
import { expect } from 'vitest'
import { Effort } from '../../../verifier/effort.ts'
import type { Rule, RuleContext, Ruling } from '../../../verifier/verdict.ts'

// Helpers of the tests of all kinds of answers.

type Settings = Partial<Omit<RuleContext, 'effort'>>
type Said = (gold: string, answer: string, settings?: Settings) => string

/** The ruling of a rule on a case with all its steps. */
export function check(rule: Rule, gold: string, answer: string, settings: Settings = {}): Ruling {
  return rule(gold, answer, { precision: undefined, choices: [], policy: {}, ...settings, effort: new Effort() })
}

/**
 * The ruling of a rule as one text: the reason of a correct answer, else the verdict with its
 * reason.
 */
export function saidBy(rule: Rule, defaults: Settings = {}): Said {
  return (gold, answer, settings) => {
    const { verdict, reason } = check(rule, gold, answer, { ...defaults, ...settings })
    return verdict === 'correct' ? reason : `${verdict} ${reason}`
  }
}

/** The rulings on a spelling of the gold: as the answer, and as the gold. */
export function saidBothWays(said: Said, gold: string, spelling: string): string[] {
  return [said(gold, spelling), said(spelling, gold)]
}

/** The errors of `isGold`: golds that it misses, and other texts that it accepts. */
export function misread(
  isGold: (text: string) => boolean,
  golds: readonly string[],
  others: readonly string[],
): string[] {
  return [...golds.filter((text) => !isGold(text)), ...others.filter((text) => isGold(text))]
}

/** Any text, and texts of up to `maxLength` marks that a reader looks for. */
export function textsOf(marks: readonly string[], maxLength: number): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom(...marks), { maxLength }).map((parts) => parts.join('')),
  )
}

type Pair = (gold: string, answer: string) => void

/** Throws when a second ruling on two texts differs from the first. `also` may check more. */
export function assertSteady(rule: Rule, text: fc.Arbitrary<string>, also: Pair = () => undefined): void {
  fc.assert(
    fc.property(text, text, (gold, answer) => {
      expect(check(rule, gold, answer)).toEqual(check(rule, gold, answer))
      also(gold, answer)
    }),
    { numRuns: 1000 },
  )
}

/** Throws when two texts are correct in only one order. */
export function symmetric(rule: Rule): Pair {
  return (gold, answer) => {
    expect(check(rule, answer, gold).verdict === 'correct').toBe(check(rule, gold, answer).verdict === 'correct')
  }
}

/** Texts that try the limits of a reader: long runs of the marks that it looks for. */
export const hostileTexts: readonly string[] = [
  '(', '[', '{', '[1,', '{"bbox_2d":', '<box>', '<point x=1 y=1 ', '(1,2)', 'x1=1,y1=1,', '1 ', '1,', '1:', '12:30 ', '1/1/', '2024-', 'March ',
  'March 5, 2024 ', 'a', ' ', '\n', '"', '$', '\\text{', '一', '点', '年', 'B or ', 'A, ', 'yes ', 'no, ', 'twenty ', 'half past ', '⌖', '\u0000',
  '😀', '¤', '😀1', 'quarter to ', 'two hundred and ', 'of the ', '- ', '.', 'it is ', '或',
].map((part) => part.repeat(Math.ceil(4_000 / part.length)).slice(0, 4_000)) // prettier-ignore

/** The verdicts on a text, as the answer and as the gold. */
export function verdictsBothWays(rule: Rule, gold: string, text: string, settings?: Settings): string[] {
  return [check(rule, gold, text, settings).verdict, check(rule, text, gold, settings).verdict]
}
