import { z } from 'zod'

/**
 * The result of a `verify` job, the same file from every server's environment. `problems` describes
 * in words what is wrong. Older verdicts have no `finite`.
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

/** Why weights cannot be published. Null when they can. */
export function weightsProblem({ problems, ...checks }: WeightsVerdict): string | null {
  const unmet = Object.entries(checks).flatMap(([name, met]) => (met ? [] : [name]))
  return unmet.length === 0
    ? null
    : `the trained weights failed a check (${unmet.join(', ')}): ${problems.join('; ') || 'it gave no reason'}`
}
