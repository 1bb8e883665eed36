import type { z } from 'zod'
import { refusal } from '../finding.ts'
import type { Finding } from '../finding.ts'

/** Checks the product's own options. Each finding has the path of its option. */
export function optionFindings(product: string, shape: z.ZodType, given: unknown): Finding[] {
  const parsed = shape.safeParse(given)
  if (parsed.success) return []
  return parsed.error.issues.map((issue) => {
    const path = ['options', ...issue.path].join('.')
    return refusal(`${path}: ${product} does not take this: ${issue.message}`, `see the options of ${product}`)
  })
}
