import { z } from 'zod'
import type { Logged, LogSource } from '../jobs/log-source.ts'

const flatLine = z.looseObject({ step: z.number(), time: z.number().optional() })

/**
 * A reader of flat lines with a number `step`: `{"step":5,"time":1.5,"loss":0.3}`. `canonicalOf`
 * gives Hone's name of a value, or null.
 */
export function readFlatLine(canonicalOf: (name: string) => string | null): LogSource['read'] {
  return (line) => {
    const parsed = flatLine.safeParse(line)
    if (!parsed.success) return null
    const { step, time = null, ...rest } = parsed.data
    return { step, time, ...namedValues(rest, canonicalOf) }
  }
}

/**
 * The numbers of a line by name, Hone's names for them, and the names whose value was NaN (read as
 * null).
 */
export function namedValues(
  rest: Readonly<Record<string, unknown>>,
  canonicalOf: (name: string) => string | null,
): Pick<Logged, 'values' | 'canonical' | 'notFinite'> {
  const values: Record<string, number> = {}
  const canonical: Record<string, string> = {}
  const notFinite: string[] = []
  for (const [name, value] of Object.entries(rest)) {
    const ours = canonicalOf(name)
    if (value === null) notFinite.push(name)
    else if (typeof value === 'number' && Number.isFinite(value)) values[name] = value
    else continue
    if (ours !== null) canonical[name] = ours
  }
  return { values, canonical, notFinite }
}
