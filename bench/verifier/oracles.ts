import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { verifierVersion } from '../../verifier/verdict.ts'
import type { VerifyResult } from '../../verifier/verdict.ts'
import { judgeByHone, judgeByOracle, oracleNames, oraclePython, share } from './checkers.ts'
import type { Judged } from './checkers.ts'
import { explain } from './explanations.ts'
import type { Disagreement } from './explanations.ts'
import { generatePairs } from './generate.ts'
import type { Pair } from './pair.ts'

/**
 * Judges generated pairs with Hone, math-verify and mathruler, and prints how often each agrees
 * with the truth and with Hone. Writes every disagreement between Hone and the truth or math-verify
 * to disagreements.md, with its explanation: `npx tsx bench/verifier/oracles.ts [--seed 1] [--count
 * 6000]`.
 */
const { values } = parseArgs({ options: { seed: { type: 'string' }, count: { type: 'string' } } })
const seed = Number(values.seed ?? 1)
const count = Number(values.count ?? 6000)
const pairs = generatePairs(seed, count)
const negatives = pairs.filter(({ equal }) => !equal).length
console.log(`${pairs.length} pairs (seed ${seed}), ${negatives} of them near misses`)

const hone = judgeByHone(pairs)
const python = await oraclePython()
const said = new Map<string, Judged<boolean | null>>()
for (const name of oracleNames) said.set(name, await judgeByOracle(python, name, pairs))

/** Whether Hone accepts the answer. An unverifiable answer is not accepted. */
const takes = (pair: Pair): boolean => hone.verdicts.get(pair.id)?.verdict === 'correct'
const oracle = (name: (typeof oracleNames)[number], pair: Pair): boolean | null =>
  said.get(name)?.verdicts.get(pair.id) ?? null

function report(name: string, verdict: (pair: Pair) => boolean | null, cpuSeconds: number): string {
  const answered = pairs.filter((pair) => verdict(pair) !== null)
  const right = answered.filter((pair) => verdict(pair) === pair.equal)
  const falsePositives = pairs.filter((pair) => verdict(pair) === true && !pair.equal)
  const falseNegatives = pairs.filter((pair) => verdict(pair) === false && pair.equal)
  const agree = answered.filter((pair) => verdict(pair) === takes(pair))
  return [
    name,
    share(answered.length, pairs.length),
    share(right.length, answered.length),
    share(falsePositives.length, negatives),
    share(falseNegatives.length, pairs.length - negatives),
    share(agree.length, answered.length),
    (pairs.length / cpuSeconds).toFixed(0),
  ].join(' | ')
}

const summary = [
  '| checker | answered | right of those | false positives | false negatives | agrees with Hone | cases per CPU second |',
  '|---|---|---|---|---|---|---|',
  `| ${report(`Hone ${verifierVersion}`, takes, hone.cpuSeconds)} |`,
  ...oracleNames.map((name) => `| ${report(name, (pair) => oracle(name, pair), said.get(name)?.cpuSeconds ?? 0)} |`),
]

const unverifiable: VerifyResult = {
  id: '',
  verdict: 'unverifiable',
  reason: 'bad-gold',
  extracted: null,
  rule: 'none',
}
const disagreements: Disagreement[] = pairs
  .map((pair) => ({
    pair,
    hone: hone.verdicts.get(pair.id) ?? unverifiable,
    mathVerify: oracle('math-verify', pair),
    mathruler: oracle('mathruler', pair),
  }))
  .filter(({ pair, mathVerify }) => takes(pair) !== pair.equal || (mathVerify !== null && mathVerify !== takes(pair)))

const mathVerifyRight = pairs.filter((pair) => oracle('math-verify', pair) === pair.equal)
const withTruth = mathVerifyRight.filter((pair) => takes(pair) === pair.equal)
const unexplained = disagreements.filter((row) => explain(row) === null)
const figures = [
  `Where math-verify is right, Hone agrees with it on ${share(withTruth.length, mathVerifyRight.length)}.`,
  `Disagreements: ${disagreements.length}, unexplained: ${unexplained.length}.`,
]
console.log([...summary, '', ...figures].join('\n'))

const cell = (text: string): string => `\`${text.replaceAll('|', '\\|').replaceAll('`', "'").replace(/\s+/g, ' ')}\``
const word = (same: boolean | null): string => (same === null ? 'not read' : same ? 'same' : 'different')
const row = ({ pair, hone, mathVerify, mathruler }: Disagreement): string =>
  `| ${pair.id} | ${cell(pair.gold)} | ${cell(pair.bare)} | ${word(pair.equal)} | ${hone.verdict} (${hone.reason}) | ${word(mathVerify)} | ${word(mathruler)} |`

const classes = new Map<string, { why: string; rows: Disagreement[] }>()
for (const disagreement of disagreements) {
  const { name, why } = explain(disagreement) ?? {
    name: 'unexplained',
    why: 'No rule explains these pairs: look at them.',
  }
  const known = classes.get(name) ?? { why, rows: [] }
  known.rows.push(disagreement)
  classes.set(name, known)
}
const families = [...new Set(pairs.map(({ family }) => family))].map((family) => {
  const own = pairs.filter((pair) => pair.family === family)
  const right = (verdict: (pair: Pair) => boolean | null): string =>
    ((100 * own.filter((pair) => verdict(pair) === pair.equal).length) / own.length).toFixed(1)
  return `| ${family} | ${own.length} | ${right(takes)} | ${right((pair) => oracle('math-verify', pair))} | ${right((pair) => oracle('mathruler', pair))} |`
})

const header = '| pair | gold | answer | truth | Hone | math-verify | mathruler |\n|---|---|---|---|---|---|---|'
const text = [
  '# Where the checkers differ',
  '',
  `Written by \`npx tsx bench/verifier/oracles.ts --seed ${seed} --count ${count}\`. The classes are the rules of \`explanations.ts\`.`,
  'The tables list every pair on which Hone differs from the truth or from math-verify. The table by family also counts the pairs on which only mathruler differs.',
  '',
  ...summary,
  '',
  ...figures,
  '',
  '## Right by family, in percent',
  '',
  '| family | pairs | Hone | math-verify | mathruler |',
  '|---|---|---|---|---|',
  ...families,
  ...[...classes].flatMap(([name, { why, rows }]) => [
    '',
    `## ${name}: ${rows.length}`,
    '',
    why,
    '',
    header,
    ...rows.map(row),
  ]),
  '',
].join('\n')
writeFileSync(fileURLToPath(new URL('disagreements.md', import.meta.url)), text)
