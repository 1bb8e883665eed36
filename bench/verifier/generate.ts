import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { algebraFamilies } from './algebra-families.ts'
import { collectionFamilies } from './collection-families.ts'
import { Draw } from './draw.ts'
import { faultFamilies, spokenFamilies } from './fault-families.ts'
import { numberFamilies } from './number-families.ts'
import type { Pair } from './pair.ts'
import { relationFamilies } from './relation-families.ts'

const families = [
  ...numberFamilies,
  ...algebraFamilies,
  ...collectionFamilies,
  ...relationFamilies,
  ...faultFamilies,
  ...spokenFamilies,
]
const spoken = new Set(spokenFamilies.map(({ name }) => name))

/**
 * Forms in which models write an answer. # is replaced by the answer. A third of the pairs stay
 * bare.
 */
const wrappings = [
  '$#$',
  '$\\boxed{#}$',
  'We add both parts and get $\\boxed{#}$.',
  'The final answer is $#$. I hope it is correct.',
  'Let me check the figure again. It holds.\n\n**Final Answer:** $#$',
  'First step: $2 + 2 = 4$. Therefore the result is \\[\\boxed{#}\\]',
]

/**
 * Pairs of gold answer and answer. Their construction gives the right verdict. The families take
 * turns. Half of the pairs are near misses (a digit, sign, unit, bracket, order or exponent
 * changed). The same seed gives the same pairs. No pair occurs twice.
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
    const wrapping = spoken.has(family.name) || draw.chance(1 / 3) ? '#' : draw.of(wrappings[0] ?? '#', ...wrappings)
    const answer = wrapping.split('#').join(made.answer)
    pairs.push({
      ...made,
      answer,
      bare: made.answer,
      id: `${family.name}-${turn}`,
      family: family.name,
      kind: family.kind,
    })
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
