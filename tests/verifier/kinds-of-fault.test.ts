import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { parseVerifyCase } from '../../verifier/verdict.ts'
import { verifyCase } from '../../verifier/verify.ts'

/** A row of a table: a case and its right verdicts, with "|" between them. */
const wanted = z.object({
  id: z.string(),
  want: z.string().regex(/^(?:correct|incorrect|unverifiable)(?:\|(?:correct|incorrect|unverifiable))*$/),
})
const folder = new URL('kinds-of-fault/', import.meta.url)

/** One table for each kind of fault that public reports about answer checkers show. */
const tables = readdirSync(folder)
  .sort()
  .map((name) => ({
    fault: name.replace('.jsonl', '').replaceAll('-', ' '),
    rows: readFileSync(new URL(name, folder), 'utf8')
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line)),
  }))

describe('the tables of faults', () => {
  it('have at least ten cases each, right answers and wrong ones', () => {
    expect(tables.length).toBeGreaterThanOrEqual(23)
    const thin = tables.filter(({ rows }) => {
      const wants = rows.map((row) => wanted.parse(row).want)
      return rows.length < 10 || !wants.includes('correct') || wants.every((want) => want === 'correct')
    })
    expect(thin.map(({ fault }) => fault)).toEqual([])
  })
})

describe.each(tables)('the table of $fault', ({ rows }) => {
  it.each(rows.map((row) => [wanted.parse(row).id, row] as const))('judges %s as wanted', (_id, row) => {
    const result = verifyCase(parseVerifyCase(row))
    const agrees = wanted.parse(row).want.split('|').includes(result.verdict)
    expect({ row, result, agrees }).toMatchObject({ agrees: true })
  })
})
