import { createHammingIndex } from '../data/similarity/hamming-index.ts'
import { findContamination, indexBenchmarks } from '../data/similarity/contamination.ts'
import { findDuplicates } from '../data/similarity/duplicates.ts'
import type { DuplicateOptions } from '../data/similarity/duplicates.ts'
import { createTexts, textOf } from '../data/similarity/texts.ts'
import type { EvidenceRow, Fingerprint } from '../domain/rows.ts'
import type { SeenRow } from '../data/similarity/batches.ts'
import { createRandom } from '../demo/random.ts'
import { noCheck } from '../domain/answer-check.ts'

/**
 * Times the comparisons of `dedupe` and `decontaminate` on generated rows: `npx tsx
 * bench/similarity.ts [rows]` (100,000). A tenth of the questions and pictures repeat an earlier
 * one with small changes. Uses one core. With `node --expose-gc` the memory is measured after a
 * garbage collection.
 */
const count = Number(process.argv[2] ?? 100_000)
const random = createRandom(1)
const vocabulary = Array.from({ length: 5000 }, (_, index) =>
  String(index).replaceAll(/\d/g, (digit) => 'bdfgklmnrs'.charAt(Number(digit)) + 'aeiou'.charAt(Number(digit) % 5)),
)

const hex = (value: bigint) => value.toString(16).padStart(16, '0')
const anyHash = () => (BigInt(random.integer(2 ** 32)) << 32n) | BigInt(random.integer(2 ** 32))
const flipped = (hash: bigint, bits: number) => {
  let value = hash
  for (let bit = 0; bit < bits; bit++) value ^= 1n << BigInt(random.integer(64))
  return value
}

const questions: string[] = []
const hashes: bigint[] = []
for (let index = 0; index < count; index++) {
  const repeats = index > 100 && random.chance(0.1)
  const words = Array.from({ length: 6 + random.integer(40) }, () => random.pick(vocabulary))
  questions.push(repeats ? `${questions[random.integer(index)] ?? ''} ${words[0] ?? ''}` : words.join(' '))
  hashes.push(repeats ? flipped(hashes[random.integer(index)] ?? 0n, random.integer(9)) : anyHash())
}

const heapMb = (): number => {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}

async function timed(name: string, run: () => Promise<unknown>): Promise<void> {
  const before = heapMb()
  const cpu = process.cpuUsage()
  const kept = await run()
  const { user, system } = process.cpuUsage(cpu)
  const more = heapMb() - before
  const size = kept && typeof kept === 'object' && 'found' in kept ? `, ${String(kept.found)} found` : ''
  console.log(`${name}: ${((user + system) / 1e6).toFixed(2)} s CPU, ${more.toFixed(0)} MB${size}`)
}

await timed(`${count} questions: words and runs`, async () => questions.forEach((question) => textOf(question)))

const texts = createTexts({ jaccard: 0.7, longRuns: true })
await timed(`${count} questions: words, runs, search, then add`, async () => {
  let found = 0
  for (const question of questions) {
    const text = textOf(question)
    found += texts.find(text).length
    texts.add(text)
  }
  return { texts, found }
})

const index = createHammingIndex(8)
await timed(`${count} picture hashes: search within 8 bits, then add`, async () => {
  let found = 0
  for (const hash of hashes) {
    const text = hex(hash)
    found += index.near(text).length
    index.add(text)
  }
  return { index, found }
})

const rowAt = (at: number): SeenRow => {
  const phash = hex(hashes[at] ?? 0n)
  const fingerprint: Fingerprint = { phash, dhash: phash, pixels: `${phash}${at}`, spread: 40 }
  const row: EvidenceRow = {
    id: `row${at}`,
    parentId: null,
    originId: `row${at}`,
    images: [`file${at}`],
    question: questions[at] ?? '',
    answer: null,
    ...noCheck,
    description: null,
    trace: null,
    verdict: null,
    metadata: {},
    from: 'train',
    status: 'kept',
    reason: null,
  }
  return { row, fingerprints: new Map([[`file${at}`, fingerprint]]) }
}
async function* rows(from: number, to: number): AsyncGenerator<SeenRow> {
  for (let at = from; at < to; at++) yield rowAt(at)
}

const likeness = { maxDistance: 8, sureDistance: 4, minSpread: 4, jaccard: 0.7 }
for (const by of ['image+question', 'image', 'question'] satisfies DuplicateOptions['by'][])
  await timed(`${count} rows: duplicates by ${by}`, async () => {
    const duplicates = await findDuplicates(rows(0, count), { by, near: true, ...likeness })
    return { duplicates, found: duplicates.size }
  })

await timed(`${count / 2} rows against ${count / 2} items: contamination`, async () => {
  const items = await indexBenchmarks(rows(0, count / 2), likeness)
  let found = 0
  for await (const { row, fingerprints } of rows(count / 2, count))
    if (findContamination(row, items, fingerprints, likeness).verdict !== 'clean') found++
  return { items, found }
})
