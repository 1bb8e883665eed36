import type { ReachedLimit } from '../../domain/budget.ts'
import { HoneError } from '../../domain/errors.ts'
import { createBudgetMeter } from '../../models/budget-meter.ts'
import type { BudgetMeter } from '../../models/budget-meter.ts'
import type { FileReplies } from './file-replies.ts'
import type { FileStep } from './file-step.ts'

/** The meter of a step on files. The store of replies knows what the output has cost so far. */
export function stepMeter(
  { endpoints, prices, budget }: Pick<FileStep, 'endpoints' | 'prices' | 'budget'>,
  replies: Pick<FileReplies, 'paid'>,
): BudgetMeter {
  const priced = endpoints.map(({ name, model, concurrency }) => {
    return [name, { model, concurrency, prices: prices.get(name) }] as const
  })
  return createBudgetMeter({
    limits: budget,
    priced: { endpoints: Object.fromEntries(priced) },
    // The store counts every reply that it keeps.
    source: { paid: replies.paid, note: () => undefined },
    reached,
  })
}

const reached = ({ text }: ReachedLimit): HoneError =>
  new HoneError({
    type: 'BudgetReached',
    message: text,
    nextStep: 'The same command with a larger --budget goes on where this one ends; nothing is paid twice.',
  })
