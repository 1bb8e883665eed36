import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { bringUpPython } from '../../services/python.ts'
import { verifyCase } from '../../verifier/verify.ts'
import type { VerifyResult } from '../../verifier/verdict.ts'
import { caseOf } from './pair.ts'
import type { Pair } from './pair.ts'

/** A checker's verdicts on all pairs, and the user time of CPU that it took, in seconds. */
export interface Judged<T> {
  verdicts: ReadonlyMap<string, T>
  cpuSeconds: number
}

export const oracleNames = ['math-verify', 'mathruler'] as const
export type OracleName = (typeof oracleNames)[number]

const line = z.union([
  z.strictObject({ id: z.string(), same: z.boolean().nullable() }),
  z.strictObject({ cpu: z.number() }),
])

/**
 * A Python with the pinned oracles. The user's own Python for the trainer is not used, because it
 * lacks these packages.
 */
export async function oraclePython(): Promise<string> {
  const { HONE_PYTHON: _trainers, ...env } = process.env
  const lock = fileURLToPath(new URL('requirements.lock', import.meta.url))
  const { python } = await bringUpPython({ lock, env, imports: ['math_verify', 'mathruler', 'pylatexenc'] })
  return python
}

/** The oracle's verdicts. Null for a pair that the oracle cannot read. */
export async function judgeByOracle(
  python: string,
  name: OracleName,
  pairs: readonly Pair[],
): Promise<Judged<boolean | null>> {
  const script = fileURLToPath(new URL('oracles.py', import.meta.url))
  const child = spawn(python, [script, name], { stdio: ['pipe', 'pipe', 'ignore'] })
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  const verdicts = new Map<string, boolean | null>()
  let cpuSeconds = Number.NaN
  let rest = ''
  const read = (text: string): void => {
    const parsed = line.parse(JSON.parse(text))
    if ('cpu' in parsed) cpuSeconds = parsed.cpu
    else verdicts.set(parsed.id, parsed.same)
  }
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = `${rest}${chunk.toString()}`.split('\n')
    rest = lines.pop() ?? ''
    for (const text of lines) read(text)
  })
  child.stdin.end(pairs.map(({ id, gold, answer, bare }) => `${JSON.stringify({ id, gold, answer, bare })}\n`).join(''))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  process.off('exit', end)
  if (code !== 0 || Number.isNaN(cpuSeconds))
    throw new Error(`${name} ended with ${code} after ${verdicts.size} pairs.`)
  return { verdicts, cpuSeconds }
}

/** Hone's results on the same pairs, after a warm-up with every tenth pair. */
export function judgeByHone(pairs: readonly Pair[]): Judged<VerifyResult> {
  const judge = (pair: Pair): VerifyResult => verifyCase(caseOf(pair))
  for (const pair of pairs.filter((_, i) => i % 10 === 0)) judge(pair)
  const before = process.cpuUsage()
  const verdicts = new Map(pairs.map((pair) => [pair.id, judge(pair)]))
  return { verdicts, cpuSeconds: process.cpuUsage(before).user / 1e6 }
}

/** "12,345" and "98.70 %" for tables. */
export const share = (part: number, whole: number): string =>
  whole === 0 ? 'none' : `${((100 * part) / whole).toFixed(2)} % (${part} of ${whole})`
