import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { verifierVersion } from '../../verifier/verdict.ts'
import type { VerifyResult } from '../../verifier/verdict.ts'
import { judgeByHone, judgeByOracle, oracleNames, oraclePython, share } from './checkers.ts'
import type { Judged } from './checkers.ts'
import { disagreementPage } from './disagreement-page.ts'
import { explain } from './explanations.ts'
import type { Disagreement } from './explanations.ts'
import { generatePairs, groupNames, mathematicalGroups } from './generate.ts'
import type { Pair } from './pair.ts'
import { reportProse } from './prose-report.ts'

/**
 * Judges generated pairs with Hone, math-verify and mathruler, and prints how often each agrees
 * with the truth and with Hone. Then judges answers in prose with Hone. Writes the disagreements
 * between Hone and the truth or math-verify to disagreements.md, with their explanations: `npx tsx
 * bench/verifier/oracles.ts [--seed 1] [--count 6000]`.
 */
const { values } = parseArgs({ options: { seed: { type: 'string' }, count: { type: 'string' } } })
const seed = Number(values.seed ?? 1)
const count = Number(values.count ?? 6000)
const pairs = generatePairs(seed, count)
console.log(`${pairs.length} pairs (seed ${seed}), ${pairs.filter(({ equal }) => !equal).length} of them near misses`)

const hone = judgeByHone(pairs)
const python = await oraclePython()
const said = new Map<string, Judged<boolean | null>>()
for (const name of oracleNames) said.set(name, await judgeByOracle(python, name, pairs))

type Takes = (pair: Pair) => boolean | null
/** Whether Hone accepts the answer. An unverifiable answer is not accepted. */
const takes = (pair: Pair): boolean => hone.verdicts.get(pair.id)?.verdict === 'correct'
const oracle =
  (name: (typeof oracleNames)[number]): Takes =>
  (pair) =>
    said.get(name)?.verdicts.get(pair.id) ?? null
const checkers: readonly { name: string; verdict: Takes; cpuSeconds: number }[] = [
  { name: `Hone ${verifierVersion}`, verdict: takes, cpuSeconds: hone.cpuSeconds },
  ...oracleNames.map((name) => ({ name, verdict: oracle(name), cpuSeconds: said.get(name)?.cpuSeconds ?? 0 })),
]

const header =
  '| checker | answered | right of those | right of all | false positives | false negatives | agrees with Hone | cases per CPU second |\n' +
  '|---|---|---|---|---|---|---|---|'

function summary(some: readonly Pair[]): string[] {
  const negatives = some.filter(({ equal }) => !equal).length
  const rows = checkers.map(({ name, verdict, cpuSeconds }) => {
    const answered = some.filter((pair) => verdict(pair) !== null)
    const right = answered.filter((pair) => verdict(pair) === pair.equal)
    const cells = [
      name,
      share(answered.length, some.length),
      share(right.length, answered.length),
      share(right.length, some.length),
      share(some.filter((pair) => verdict(pair) === true && !pair.equal).length, negatives),
      share(some.filter((pair) => verdict(pair) === false && pair.equal).length, some.length - negatives),
      share(answered.filter((pair) => verdict(pair) === takes(pair)).length, answered.length),
      (pairs.length / cpuSeconds).toFixed(0),
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [header, ...rows]
}

/** How often each checker is right, of pairs that belong together, in percent. */
function parts(title: string, names: readonly string[], partOf: (pair: Pair) => string): string[] {
  const rows = names.map((name) => {
    const own = pairs.filter((pair) => partOf(pair) === name)
    const right = checkers.map(({ verdict }) => own.filter((pair) => verdict(pair) === pair.equal).length)
    return `| ${name} | ${own.length} | ${right.map((n) => ((100 * n) / own.length).toFixed(1)).join(' | ')} |`
  })
  return [`| ${title} | pairs | ${checkers.map(({ name }) => name).join(' | ')} |`, '|---|---|---|---|---|', ...rows]
}

const notJudged: VerifyResult = { id: '', verdict: 'unverifiable', reason: 'bad-gold', extracted: null, rule: 'none' }
const disagreements: Disagreement[] = pairs
  .map((pair) => ({
    pair,
    hone: hone.verdicts.get(pair.id) ?? notJudged,
    mathVerify: oracle('math-verify')(pair),
    mathruler: oracle('mathruler')(pair),
  }))
  .filter(({ pair, mathVerify }) => takes(pair) !== pair.equal || (mathVerify !== null && mathVerify !== takes(pair)))

const mathVerifyRight = pairs.filter((pair) => oracle('math-verify')(pair) === pair.equal)
const withTruth = mathVerifyRight.filter((pair) => takes(pair) === pair.equal)
const unexplained = disagreements.filter((row) => explain(row) === null)
const prose = reportProse(seed, Math.ceil(count / 2))

const page = {
  command: `npx tsx bench/verifier/oracles.ts --seed ${seed} --count ${count}`,
  summary: summary(pairs),
  mathematics: summary(pairs.filter(({ group }) => mathematicalGroups.has(group))),
  figures: [
    `Where math-verify is right, Hone agrees with it on ${share(withTruth.length, mathVerifyRight.length)}.`,
    `Disagreements: ${disagreements.length}, unexplained: ${unexplained.length}.`,
  ],
  groups: parts('group', groupNames, ({ group }) => group),
  families: parts('family', [...new Set(pairs.map(({ family }) => family))], ({ family }) => family),
  prose,
  disagreements,
}
console.log(
  [
    ...page.summary,
    '',
    'Only the groups of mathematics:',
    '',
    ...page.mathematics,
    '',
    ...page.groups,
    '',
    ...page.figures,
    ...prose.lines,
  ].join('\n'),
)
writeFileSync(fileURLToPath(new URL('disagreements.md', import.meta.url)), disagreementPage(page))
