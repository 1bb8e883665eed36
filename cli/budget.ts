import { parseBudget } from '../domain/budget.ts'
import type { Budget } from '../domain/budget.ts'
import { usageError } from './usage-error.ts'

/** The budget that the words of `--budget` say. Throws InvalidInput. */
export function readBudget(words: readonly string[]): Budget {
  const budget = parseBudget(words)
  if (budget) return budget
  throw usageError(`"${words.join(' ')}" is no budget.`, 'Say how much in all, for example: --budget cost=40,tokens=5m')
}
