import type { z } from 'zod'
import { refusal } from '../finding.ts'
import type { Finding } from '../finding.ts'

/** What is wrong with a product's own options, by the path of each. */
export function optionFindings(product: string, shape: z.ZodType, given: unknown): Finding[] {
  const parsed = shape.safeParse(given)
  if (parsed.success) return []
  return parsed.error.issues.map((issue) => {
    const path = ['options', ...issue.path].join('.')
    return refusal(`${path}: ${product} does not take this: ${issue.message}`, `see the options of ${product}`)
  })
}
