import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { VerifyCase } from '../../verifier/verdict.ts'
import { verifyCase } from '../../verifier/verify.ts'
import { judgeByHone, judgeByOracle, oraclePython, share } from './checkers.ts'
import { generatePairs } from './generate.ts'
import { caseOf } from './pair.ts'
import { tableCases } from './tables.ts'

/**
 * Cases per CPU second (user time), time of single cases, and memory over 100,000 calls, on
 * generated pairs and on the tables. Then math-verify on the same pairs in the same run: `npx tsx
 * bench/verifier/throughput.ts`.
 */
const memoryCalls = 100_000
const oraclePairs = 1000

function timed(name: string, rows: readonly VerifyCase[]): void {
  for (const row of rows) verifyCase(row)
  const rounds = Math.max(1, Math.ceil(10_000 / rows.length))
  const cpu = process.cpuUsage()
  for (let round = 0; round < rounds; round += 1) for (const row of rows) verifyCase(row)
  const seconds = process.cpuUsage(cpu).user / 1e6
  // Separate from the run above, because reading the clock takes time too. The lowest of three
  // counts: other work may use the core.
  const each = rows
    .map((row) => {
      const tries = [0, 1, 2].map(() => {
        const began = performance.now()
        verifyCase(row)
        return performance.now() - began
      })
      return { id: row.id, ms: Math.min(...tries) }
    })
    .sort((a, b) => a.ms - b.ms)
  const at = (part: number): string =>
    (each[Math.min(each.length - 1, Math.floor(part * each.length))]?.ms ?? 0).toFixed(3)
  const slowest = each.at(-1)
  console.log(
    `${name}: ${rows.length} cases, ${((rows.length * rounds) / seconds).toFixed(0)} a CPU second; p50 ${at(0.5)} ms, ` +
      `p99 ${at(0.99)} ms, max ${slowest?.ms.toFixed(3)} ms (${slowest?.id})`,
  )
}

/** The child's part: heap in use after a garbage collection, before, halfway and after. */
function measureMemory(rows: readonly VerifyCase[]): void {
  const heap = (): number => {
    globalThis.gc?.()
    return process.memoryUsage().heapUsed
  }
  const call = (from: number, to: number): void => {
    for (let i = from; i < to; i += 1) {
      const row = rows[i % rows.length]
      if (row !== undefined) verifyCase(row)
    }
  }
  // The first calls compile and cache code. This growth does not count.
  call(0, 2 * rows.length)
  const before = heap()
  call(0, memoryCalls / 2)
  const halfway = heap()
  call(memoryCalls / 2, memoryCalls)
  console.log(JSON.stringify({ before, halfway, after: heap() }))
}

const pairs = generatePairs(1, 6000)
const pairRows = pairs.map(caseOf)
const tables = tableCases()
const tableRows = tables.map(({ row }) => row)

if (process.argv.includes('--memory')) measureMemory([...pairRows, ...tableRows])
else {
  timed('generated pairs', pairRows)
  timed('tables', tableRows)
  const right = tables.filter(({ row, want }) => want.includes(verifyCase(row).verdict)).length
  console.log(`tables: ${share(right, tables.length)} as wanted`)

  const child = spawnSync(
    process.execPath,
    ['--expose-gc', '--import', import.meta.resolve('tsx'), fileURLToPath(import.meta.url), '--memory'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const heap = z.object({ before: z.number(), halfway: z.number(), after: z.number() }).parse(JSON.parse(child.stdout))
  const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(2)
  console.log(
    `heap in use over ${memoryCalls} calls: ${mib(heap.before)} MiB before, ${mib(heap.halfway)} halfway, ${mib(heap.after)} after`,
  )

  // Every sixth pair, so that all families are included.
  const some = pairs.filter((_, i) => i % 6 === 0).slice(0, oraclePairs)
  const theirs = await judgeByOracle(await oraclePython(), 'math-verify', some)
  const rate = some.length / theirs.cpuSeconds
  // The same pairs many times, because Hone takes only milliseconds for one round.
  const before = process.cpuUsage()
  for (let i = 0; i < 20; i += 1) judgeByHone(some)
  const own = (some.length * 22) / (process.cpuUsage(before).user / 1e6)
  console.log(
    `on ${some.length} of the pairs: Hone ${own.toFixed(0)}, math-verify ${rate.toFixed(0)} a CPU second: ${(own / rate).toFixed(0)} times`,
  )
}
