import { answerKinds } from '../../domain/answer-check.ts'
import type { VerifyCase } from '../../verifier/verdict.ts'
import { verifyCase } from '../../verifier/verify.ts'
import { adversarialInputs } from './adversarial-inputs.ts'

/**
 * Judges each adversarial input against itself (or its rewriting) and against 42, as every kind, in
 * this thread without a time limit, and prints the longest times in milliseconds of processor time:
 * `npx tsx bench/verifier/adversarial.ts`. Exits with 1 when an input takes more than 50 ms or
 * counts as 42.
 */
const mostMs = 50
const tries = 3

/**
 * The processor time of one case, user and system. A case that seems slow is judged again, and the
 * lowest time counts: the first call compiles code, and a collection of garbage may fall into it.
 */
function cpuMilliseconds(row: VerifyCase): number {
  let lowest = Number.POSITIVE_INFINITY
  for (let i = 0; i < tries && lowest > mostMs; i += 1) {
    const before = process.cpuUsage()
    verifyCase(row)
    const { user, system } = process.cpuUsage(before)
    lowest = Math.min(lowest, (user + system) / 1000)
  }
  return lowest
}

function judged(gold: string, answer: string): { ms: number; kind: string; verdict: string; taken: boolean } {
  let worst = { ms: -1, kind: '' }
  let taken = false
  for (const kind of answerKinds) {
    for (const text of [answer, `<answer>${answer}</answer>`, `So \\boxed{${answer}}`]) {
      const row = { id: 'x', gold, answer: text, kind }
      const ms = cpuMilliseconds(row)
      const { verdict } = verifyCase(row)
      if (ms > worst.ms) worst = { ms, kind }
      taken ||= verdict === 'correct'
    }
  }
  const { verdict, reason } = verifyCase({ id: 'x', gold, answer: `<answer>${answer}</answer>` })
  return { ...worst, verdict: `${verdict} (${reason})`, taken }
}

verifyCase({ id: 'x', gold: '\\frac12', answer: '$0.5$' })
let failures = 0
console.log('| input | against itself | ms | slowest kind | against 42 | ms | slowest kind |')
console.log('|---|---|---|---|---|---|---|')
for (const { name, answer, gold = answer } of adversarialInputs) {
  const same = judged(gold, answer)
  const other = judged('42', answer)
  if (same.ms > mostMs || other.ms > mostMs || other.taken) failures += 1
  console.log(
    `| ${name} | ${same.verdict} | ${same.ms.toFixed(1)} | ${same.kind} | ${other.verdict}${other.taken ? ' TAKEN' : ''} | ${other.ms.toFixed(1)} | ${other.kind} |`,
  )
}
console.log(`${adversarialInputs.length} inputs, ${failures} slower than ${mostMs} ms or taken for 42`)
process.exitCode = failures === 0 ? 0 : 1
