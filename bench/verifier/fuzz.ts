import { parseArgs } from 'node:util'
import { answerKinds } from '../../domain/answer-check.ts'
import type { VerifyCase } from '../../verifier/verdict.ts'
import { verifyCase } from '../../verifier/verify.ts'
import { adversarialInputs } from './adversarial-inputs.ts'
import { Draw } from './draw.ts'
import { generatePairs } from './generate.ts'
import { caseOf } from './pair.ts'
import { tableCases } from './tables.ts'

/**
 * Changes real cases at random and judges them for some minutes. No case may throw, take more than
 * 250 ms of processor time, or get another verdict the second time. Where the rules promise
 * symmetry, an accepted answer must also be accepted with gold and answer swapped. `npx tsx
 * bench/verifier/fuzz.ts --minutes 60 --seed 1`. Exits with 1 after any failure.
 */
const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } })
const minutes = Number(values.minutes ?? 1)
const seed = Number(values.seed ?? 1)
const mostMs = 250
const shownFailures = 20

const draw = new Draw(seed)
const rows: VerifyCase[] = [
  ...tableCases().map(({ row }) => row),
  ...generatePairs(seed, 3000).map(caseOf),
  ...adversarialInputs.map(({ name, answer, gold = answer }) => ({ id: name, gold, answer })),
]
const anyRow = (): VerifyCase => rows[draw.int(0, rows.length - 1)] ?? { id: 'none', gold: '1', answer: '1' }
const anyText = (): string => (draw.chance(0.5) ? anyRow().gold : anyRow().answer)

const oddities = [
  '\u0000', '\ud800', '😀', '\u200b', '\u202e', '\u0301', '٣', '½', '≠', '∞', '∪', '±', '√', '（', '，', '。', '百', '%', '\\', '{', '}', '(', ')',
  '[', ']', '$', '^', '_', '&', '\\\\', '|', '<', '>', '=', ',', ';', ':', '/', '!', "'", '"', '\n', '\t', ' ', '-', '+', '.', 'e', 'i', 'x', '0', '9',
  '\\frac', '\\sqrt', '\\boxed{', '<answer>', '</answer>', '<think>', '</think>', '\\text{', '\\left(', '\\begin{pmatrix}', ' or ', ' and ', ' cm', '\\pm',
] // prettier-ignore

/**
 * One change: text cut, doubled, nested, joined with another text, or one character inserted,
 * removed or swapped.
 */
function changed(text: string): string {
  const at = draw.int(0, text.length)
  const to = Math.min(text.length, at + draw.int(1, 12))
  const piece = text.slice(at, to)
  const odd = draw.of('0', ...oddities)
  switch (draw.int(0, 11)) {
    case 0:
      return text.slice(0, at)
    case 1:
      return text.slice(at)
    case 2:
      return text.slice(0, at) + text.slice(to)
    case 3:
      return text.slice(0, at) + piece.repeat(draw.chance(0.05) ? draw.int(50, 2000) : draw.int(2, 6)) + text.slice(to)
    case 4: {
      const [open, close] = draw.of(
        ['(', ')'],
        ['{', '}'],
        ['\\sqrt{', '}'],
        ['\\frac{1}{', '}'],
        ['<answer>', '</answer>'],
        ['\\boxed{', '}'],
        ['\\sin(', ')'],
        ['(', ')!'],
        ['2^{', '}'],
        ['$', '$'],
      )
      const depth = draw.chance(0.05) ? draw.int(20, 500) : draw.int(1, 3)
      return `${text.slice(0, at)}${open.repeat(depth)}${piece}${close.repeat(depth)}${text.slice(to)}`
    }
    case 5:
      return text.slice(0, at) + anyText() + text.slice(to)
    case 6:
      return text.slice(0, at) + odd + text.slice(at)
    case 7:
      return text.slice(0, at) + odd + text.slice(to)
    case 8:
      return `${text}+${anyText()}`
    case 9:
      return `(${text})(${anyText()})`
    case 10:
      return `(${text})^{${anyText()}}`
    default:
      return Array.from(text).toReversed().join('')
  }
}

function fuzzed(text: string): string {
  let result = text
  for (let i = draw.int(0, 4); i > 0; i -= 1) result = changed(result).slice(0, 60_000)
  return result
}

const counts = { correct: 0, incorrect: 0, unverifiable: 0 }
const failures = { threw: 0, slow: 0, undecided: 0, asymmetric: 0 }
let shown = 0
let slowest = 0

function fail(kind: keyof typeof failures, row: VerifyCase, more: unknown): void {
  failures[kind] += 1
  shown += 1
  if (shown <= shownFailures)
    console.log(
      JSON.stringify({ kind, row: { ...row, answer: row.answer.slice(0, 600), gold: row.gold.slice(0, 600) }, more }),
    )
}

/** The processor time of one case, user and system. */
function milliseconds(row: VerifyCase): number {
  const before = process.cpuUsage()
  verifyCase(row)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** Reasons and kinds for which gold and answer may not be swapped. The rules document them. */
const oneWay = new Set([
  'unit-missing',
  'similar-text',
  'within-5-percent',
  'overlap',
  'point-inside',
  'rounded',
  'unsolved',
])
const symmetric = new Set(['number', 'expression', 'list', 'yesno', 'date', 'time', 'text'])
const isBare = (text: string): boolean =>
  text.trim() !== '' && text.length < 300 && !/[<\n]|boxed|answer|答案|\p{L}{2,} .*\p{L}{3,}/iu.test(text)

function checkSwap(row: VerifyCase): void {
  if (!symmetric.has(row.kind ?? 'auto') || !isBare(row.gold) || !isBare(row.answer)) return
  const asked = verifyCase({ ...row, answer: `<answer>${row.answer}</answer>` })
  if (asked.verdict !== 'correct' || oneWay.has(asked.reason) || asked.extracted !== row.answer.trim()) return
  const swapped = { ...row, gold: row.answer, answer: `<answer>${row.gold}</answer>` }
  const back = verifyCase(swapped)
  // "is 0.005" may be an answer, but never a gold answer.
  if (
    back.verdict === 'correct' ||
    oneWay.has(back.reason) ||
    back.reason === 'bad-gold' ||
    back.extracted !== row.gold.trim()
  )
    return
  fail('asymmetric', row, { asked, back })
}

function check(row: VerifyCase): void {
  try {
    const began = performance.now()
    const result = verifyCase(row)
    const ms = performance.now() - began
    // Other work may have used the core, so a case is slow only when two more tries take much
    // processor time.
    if (ms > mostMs / 5) {
      const cpuMs = Math.min(milliseconds(row), milliseconds(row))
      slowest = Math.max(slowest, cpuMs)
      if (cpuMs > mostMs) fail('slow', row, { ms, cpuMs })
    }
    counts[result.verdict] += 1
    if (JSON.stringify(verifyCase(row)) !== JSON.stringify(result)) fail('undecided', row, { result })
    checkSwap(row)
  } catch (error) {
    fail('threw', row, error instanceof Error ? error.stack?.slice(0, 600) : String(error))
  }
}

const end = performance.now() + minutes * 60_000
let judged = 0
while (performance.now() < end) {
  const row = anyRow()
  const [kind, ...others] = answerKinds
  const given = draw.chance(0.7) ? row.kind : draw.of(kind, ...others)
  check({ ...row, gold: draw.chance(0.5) ? row.gold : fuzzed(row.gold), answer: fuzzed(row.answer), kind: given })
  judged += 1
}
const failed = Object.values(failures).reduce((a, b) => a + b, 0)
console.log(
  `${minutes} min, seed ${seed}: ${judged} cases (${counts.correct} correct, ${counts.incorrect} incorrect, ${counts.unverifiable} unverifiable); ` +
    `threw ${failures.threw}, slower than ${mostMs} ms ${failures.slow}, not the same twice ${failures.undecided}, not the same swapped ${failures.asymmetric}; ` +
    `slowest ${slowest.toFixed(1)} ms of processor time`,
)
process.exitCode = failed === 0 ? 0 : 1
