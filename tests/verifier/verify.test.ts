import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { describeError } from '../../domain/errors.ts'
import { parseVerifyCase } from '../../verifier/verdict.ts'
import { verifyCase } from '../../verifier/verify.ts'

/** A row of a table: a case and its right verdicts, with "|" between them. */
const wanted = z.object({
  id: z.string(),
  want: z.string().regex(/^(?:correct|incorrect|unverifiable)(?:\|(?:correct|incorrect|unverifiable))*$/),
  rule: z.string().optional(),
  kind: z.string().optional(),
})
const folder = new URL('cases/', import.meta.url)

/**
 * One table for each form of answer. The test leaves out doubtful.jsonl, because sensible people
 * differ about its rows.
 */
const tables = readdirSync(folder)
  .filter((name) => name.endsWith('.jsonl') && name !== 'doubtful.jsonl')
  .sort()
  .map((name) => ({
    form: name.replace('.jsonl', ''),
    rows: readFileSync(new URL(name, folder), 'utf8')
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line)),
  }))
const all = tables.flatMap(({ rows }) => rows.map((row) => wanted.parse(row)))

describe('the tables of cases', () => {
  it('have at least 1,900 cases of 16 forms, with different ids', () => {
    expect(tables.length).toBeGreaterThanOrEqual(16)
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    expect(all.length).toBeGreaterThanOrEqual(1900)
  })

  it('are half wrong answers, and leave the kind to the verifier in a third of the rows', () => {
    expect(all.filter(({ want }) => !want.split('|').includes('correct')).length).toBeGreaterThan(all.length * 0.45)
    expect(all.filter(({ kind }) => kind === undefined).length).toBeGreaterThan(all.length * 0.3)
  })
})

describe.each(tables)('the table of $form', ({ rows }) => {
  it.each(rows.map((row) => [wanted.parse(row).id, row] as const))('judges %s as wanted', (_id, row) => {
    const { want, rule } = wanted.parse(row)
    const result = verifyCase(parseVerifyCase(row))
    expect({ row, result, agrees: want.split('|').includes(result.verdict) }).toMatchObject({ agrees: true })
    expect(result.rule).toBe(rule ?? result.rule)
  })
})

describe('a row that is not a case', () => {
  const refusal = (value: unknown): string => {
    try {
      parseVerifyCase(value)
    } catch (error) {
      return describeError(error)
    }
    return 'accepted'
  }

  it('names the row and the kinds when the kind is unknown', () => {
    expect(refusal({ id: 'r7', gold: '1', answer: '1', kind: 'numbr' })).toMatch(/"r7".*unknown kind "numbr"[^]*number/)
  })

  it('refuses a policy it does not know, with the path of the field', () => {
    expect(refusal({ id: 'r8', gold: '1', answer: '1', policy: { percent: 'maybe' } })).toMatch(/"r8".*policy\.percent/)
    expect(refusal({ id: 'r8', gold: '1', answer: '1', policy: { colour: 'red' } })).toMatch(/"r8".*colour/)
  })

  it('names the field that is missing', () => {
    expect(refusal({ id: 'r9', gold: '1' })).toMatch(/"r9".*"answer"/)
    expect(refusal(null)).toMatch(/without an id/)
  })
})
