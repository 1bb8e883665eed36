import { z } from 'zod'

/**
 * What a `verify` job writes: the same file from every server's environment. `problems` says in
 * words what is wrong. Verdicts of before there was `finite` have none.
 */
export const verdictFile = z.object({
  loads: z.boolean(),
  sameKeys: z.boolean(),
  weightsDiffer: z.boolean(),
  generates: z.boolean(),
  finite: z.boolean().default(true),
  problems: z.array(z.string()).default([]),
})
export type WeightsVerdict = z.infer<typeof verdictFile>

/** Why weights cannot be published; null when they can. */
export function weightsProblem({ problems, ...checks }: WeightsVerdict): string | null {
  const unmet = Object.entries(checks).flatMap(([name, met]) => (met ? [] : [name]))
  return unmet.length === 0
    ? null
    : `the trained weights failed a check (${unmet.join(', ')}): ${problems.join('; ') || 'it gave no reason'}`
}
