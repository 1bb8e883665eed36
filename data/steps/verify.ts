import { z } from 'zod'
import { dataStepBase } from '../../domain/recipe.ts'
import { VERIFIER_VERSION } from '../../verifier/verdict.ts'
import { verifyCase } from '../../verifier/verify.ts'
import { dropped, outcome } from './outcome.ts'
import type { RowStep } from './step.ts'

const options = z.strictObject({ step: z.literal('verify'), ...dataStepBase })

/** Keeps traces whose final answer the verifier shows to be right. Every judged row stores its verdict, dropped ones too. */
export const verify: RowStep<typeof options> = {
  per: 'row',
  options,
  summary: 'keep traces whose answer is right',
  estimate: () => ({ rowsOut: 1, calls: [] }),
  run(row) {
    if (row.answer === null) return Promise.resolve([dropped(row, 'no-gold')])
    if (row.trace === null) return Promise.resolve([dropped(row, 'no-trace')])
    const { verdict, reason, extracted } = verifyCase({
      id: row.id,
      gold: row.answer,
      answer: row.trace,
      kind: row.kind,
      choices: row.choices ?? undefined,
      precision: row.precision ?? undefined,
      policy: row.policy ?? undefined,
    })
    const changes = { verdict: { verdict, reason, extracted, verifierVersion: VERIFIER_VERSION } }
    return Promise.resolve([outcome(row, verdict === 'correct' ? null : verdict, { changes })])
  },
}
