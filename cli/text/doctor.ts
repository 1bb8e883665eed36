import type { Finding } from '../../services/doctor.ts'

/** Missing things that Hone can neither make nor do without. */
const required: ReadonlySet<string> = new Set(['python'])

/** Whether Hone cannot work with what was found. */
export const stops = ({ name, found }: Finding): boolean =>
  found === 'problem' || (found === 'missing' && required.has(name))

/** All findings, and at the end what is in the way. */
export function doctorLines(findings: readonly Finding[], stopping: readonly string[]): string[] {
  const summary =
    stopping.length === 0
      ? 'Everything required is here, or Hone gets it by itself.'
      : `In the way: ${stopping.join(', ')}.`
  return [...findings.flatMap(findingLines), '', summary]
}

/** One finding: a line, and a second line with what to do. */
function findingLines(finding: Finding): string[] {
  const { name, found, detail, fix } = finding
  const mark = stops(finding) ? '✗' : found === 'ok' ? '✓' : '·'
  return [`${mark} ${name.padEnd(18)}  ${detail}`, ...(fix === undefined ? [] : [`  ${' '.repeat(18)}  → ${fix}`])]
}
