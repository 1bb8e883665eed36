import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { algebraFamilies } from './algebra-families.ts'
import { amountFamilies } from './amount-families.ts'
import { choiceFamilies } from './choice-families.ts'
import { collectionFamilies } from './collection-families.ts'
import { completionFamilies } from './completion-families.ts'
import { Draw } from './draw.ts'
import { faultFamilies } from './fault-families.ts'
import { formatFamilies } from './format-families.ts'
import { labelFamilies } from './label-families.ts'
import { namedFamilies } from './named-families.ts'
import { notationFamilies } from './notation-families.ts'
import { numberFamilies } from './number-families.ts'
import type { Pair, Wrapping } from './pair.ts'
import { pictureFamilies } from './picture-families.ts'
import { relationFamilies } from './relation-families.ts'
import { sentenceFamilies } from './sentence-families.ts'
import { unsolvedFamilies } from './unsolved-families.ts'

const groups = {
  numbers: [...numberFamilies, ...formatFamilies],
  mathematics: [...algebraFamilies, ...collectionFamilies, ...relationFamilies, ...namedFamilies, ...notationFamilies],
  unsolved: unsolvedFamilies,
  amounts: amountFamilies,
  labels: labelFamilies,
  sentences: sentenceFamilies,
  completions: completionFamilies,
  choices: choiceFamilies,
  pictures: pictureFamilies,
  'kinds of fault': faultFamilies,
}
export const groupNames: readonly string[] = Object.keys(groups)
/** The groups that math-verify and mathruler are made for. */
export const mathematicalGroups: ReadonlySet<string> = new Set(['numbers', 'mathematics', 'unsolved'])
const families = Object.entries(groups).flatMap(([group, own]) => own.map((family) => ({ ...family, group })))

/** Forms in which models write an answer. # is replaced by the answer. */
const forms: Record<Wrapping, readonly [string, ...string[]]> = {
  mathematics: [
    '$#$',
    '$\\boxed{#}$',
    'We add both parts and get $\\boxed{#}$.',
    'The final answer is $#$. I hope it is correct.',
    'Let me check the figure again. It holds.\n\n**Final Answer:** $#$',
    'First step: $2 + 2 = 4$. Therefore the result is \\[\\boxed{#}\\]',
  ],
  words: [
    '**#**',
    '<answer>#</answer>',
    '\\boxed{\\text{#}}',
    'The answer is #.',
    'I looked at the picture twice.\n\nFinal answer: #',
    '<think>There are two signs, and the second is in front.</think>\n\n<answer>#</answer>',
  ],
  none: ['#'],
}

/**
 * Pairs of gold answer and answer. Their construction gives the right verdict. The families take
 * turns. Half of the pairs are near misses (a digit, sign, unit, bracket, order or exponent
 * changed). A third of the answers stay bare. The same seed gives the same pairs. No pair occurs
 * twice.
 */
export function generatePairs(seed: number, count: number): Pair[] {
  const draw = new Draw(seed)
  const seen = new Set<string>()
  const pairs: Pair[] = []
  for (let turn = 0; pairs.length < count && turn < count * 20; turn += 1) {
    const family = families[turn % families.length]
    if (family === undefined) continue
    const made = family.make(draw)
    const key = `${made.gold}\n${made.answer}`
    if (seen.has(key)) continue
    seen.add(key)
    const { name, kind, group, wrapping = 'mathematics' } = family
    const form = draw.chance(1 / 3) ? '#' : draw.of(...forms[wrapping])
    const answer = form.split('#').join(made.answer)
    pairs.push({ ...made, answer, bare: made.answer, id: `${name}-${turn}`, group, family: name, kind, wrapping })
  }
  return pairs
}

/** `npx tsx bench/verifier/generate.ts --seed 1 --count 6000` prints the pairs as JSON lines. */
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({ options: { seed: { type: 'string' }, count: { type: 'string' } } })
  for (const pair of generatePairs(Number(values.seed ?? 1), Number(values.count ?? 6000))) {
    process.stdout.write(`${JSON.stringify(pair)}\n`)
  }
}
