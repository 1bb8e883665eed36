import type { VerifyResult } from '../../verifier/verdict.ts'
import { verifyCase } from '../../verifier/verify.ts'
import { share } from './checkers.ts'
import { generateProse } from './prose.ts'
import type { ProseCase } from './prose.ts'
import { proseSubjects } from './prose-texts.ts'

/** What Hone says of answers in prose. `faults` are the cases that no verifier should judge so. */
export interface ProseReport {
  /** Sentences for the page and the terminal. */
  lines: string[]
  /** A table by subject, as lines of Markdown. */
  table: string[]
  faults: { row: ProseCase; said: VerifyResult }[]
}

/**
 * Judges answers in prose. The figure that counts is the share of right answers that are called
 * incorrect: below 1 % is wanted.
 */
export function reportProse(seed: number, count: number): ProseReport {
  const all = generateProse(seed, count).map((row) => ({ row, said: verifyCase(row) }))
  const right = all.filter(({ row }) => row.equal)
  const wrong = all.filter(({ row }) => !row.equal)
  const saying = (cases: typeof all, verdict: VerifyResult['verdict']): typeof all =>
    cases.filter(({ said }) => said.verdict === verdict)
  const lost = saying(right, 'incorrect')
  const paid = saying(wrong, 'correct')
  return {
    lines: [
      `Prose: ${all.length} answers in prose (seed ${seed}), ${right.length} of them right.`,
      `Right answers called incorrect: ${share(lost.length, right.length)}; correct: ${share(saying(right, 'correct').length, right.length)}; the rest is left to a judge.`,
      `Wrong answers called correct: ${share(paid.length, wrong.length)}; left to a judge: ${share(saying(wrong, 'unverifiable').length, wrong.length)}.`,
    ],
    table: [
      '| subject | right answers | correct | unverifiable | incorrect | wrong answers | correct |',
      '|---|---|---|---|---|---|---|',
      ...proseSubjects.map((subject) => {
        const own = right.filter(({ row }) => row.subject === subject)
        const others = wrong.filter(({ row }) => row.subject === subject)
        const counts = (['correct', 'unverifiable', 'incorrect'] as const).map((verdict) => saying(own, verdict).length)
        return `| ${subject} | ${own.length} | ${counts.join(' | ')} | ${others.length} | ${saying(others, 'correct').length} |`
      }),
    ],
    faults: [...paid, ...lost],
  }
}
