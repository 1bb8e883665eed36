import { type Budget, parseBudget } from '../domain/budget.ts'
import { HoneError } from '../domain/errors.ts'

/** The budget that the words of `--budget` say. Throws InvalidInput. */
export function readBudget(words: readonly string[]): Budget {
  const budget = parseBudget(words)
  if (budget) return budget
  throw new HoneError({
    type: 'InvalidInput',
    message: `"${words.join(' ')}" is no budget.`,
    nextStep: 'Say how much in all, for example: --budget cost=40,tokens=5m',
  })
}
