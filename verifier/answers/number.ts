import { Effort, EffortSpent } from '../effort.ts'
import { leafLimit, unifyCharacters } from '../plain-text.ts'
import type { Rational } from '../math/rational.ts'
import type { Ruling, RuleContext } from '../verdict.ts'
import { compareQuantities } from './compare-quantities.ts'
import { mathText } from './math-text.ts'
import { readQuantities } from './quantity.ts'
import type { Quantity } from './structure.ts'

/** A number as it was written, with an exact value. */
export type WrittenNumber = Quantity & { value: Rational }

/**
 * Reads one number with its percent sign, currency or unit: 1,234.5 · \frac34 · 3 1/2 · 3\times10^8
 * · 45% · -5 · $5 · 5 cm · seven. Null for anything else, above all for a text with two numbers,
 * and for a value that is not a fraction of integers.
 */
export function parseNumber(raw: string): WrittenNumber | null {
  if (raw.length > leafLimit * 3) return null
  try {
    for (const quantity of readQuantities(mathText(raw), new Effort())) {
      if (quantity.exact !== null) return { ...quantity, value: quantity.exact }
    }
  } catch (error) {
    // The caller only asks whether the text is a number. A text that takes too long to read is not.
    if (!(error instanceof EffortSpent)) throw error
  }
  return null
}

/** Compares two numbers under the default policy. */
export function compareNumbers(gold: WrittenNumber, answer: WrittenNumber, precision?: number): Ruling {
  const context: RuleContext = { precision, choices: [], policy: {}, effort: new Effort() }
  return compareQuantities(gold, answer, context)
}

/** Whether mathematics could still turn the text into a value. */
export function looksLikeMath(text: string): boolean {
  return /\\[a-zA-Z]|[\d)}\s][+*/^×÷·√!_-]\s*[\d({\\]|\d\s*[+*/^×÷·√!_]|[√π]/.test(unifyCharacters(text))
}
