import { readFileSync, readdirSync } from 'node:fs'
import { z } from 'zod'
import { parseVerifyCase } from '../../verifier/verdict.ts'
import type { VerifyCase } from '../../verifier/verdict.ts'

const folder = new URL('../../tests/verifier/cases/', import.meta.url)
const wanted = z.object({ want: z.string() })

/** The tables of cases that the tests run, with the right verdicts of each case. */
export function tableCases(): { row: VerifyCase; want: readonly string[] }[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl') && name !== 'doubtful.jsonl')
    .sort()
    .flatMap((name) => readFileSync(new URL(name, folder), 'utf8').trim().split('\n'))
    .map((line): unknown => JSON.parse(line))
    .map((value) => ({ row: parseVerifyCase(value), want: wanted.parse(value).want.split('|') }))
}
