import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { describeError } from '../../domain/errors.ts'
import { parseVerifyCase } from '../../verifier/verdict.ts'
import { verifyCase } from '../../verifier/verify.ts'

const wanted = z.object({ id: z.string(), want: z.string(), rule: z.string().optional() })
const lines = readFileSync(new URL('cases.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
const cases = lines.map((line): unknown => JSON.parse(line))

describe('the table of cases', () => {
  it('holds at least 150 cases with different ids', () => {
    const ids = new Set(cases.map((value) => wanted.parse(value).id))
    expect(ids.size).toBe(cases.length)
    expect(ids.size).toBeGreaterThanOrEqual(150)
  })

  it.each(cases.map((value) => [wanted.parse(value).id, value] as const))('judges %s as wanted', (_id, value) => {
    const { want, rule } = wanted.parse(value)
    const result = verifyCase(parseVerifyCase(value))
    expect({ value, result, agrees: want.split('|').includes(result.verdict) }).toMatchObject({ agrees: true })
    expect(result.rule).toBe(rule ?? result.rule)
  })
})

describe('a row that is no case', () => {
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
