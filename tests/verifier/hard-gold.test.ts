import { expect, it } from 'vitest'
import { parseNumber } from '../../verifier/answers/number.ts'
import { readQuantities } from '../../verifier/answers/quantity.ts'
import { Effort, EffortSpent } from '../../verifier/effort.ts'
import { resolveKind, verifyCase } from '../../verifier/verify.ts'

/** A sum whose exact value takes more steps than a case may take. */
const sum = Array.from({ length: 150 }, (_, k) => `\\frac{1}{${k + 2}^{100}}`).join('+')

it('a gold answer that takes too long to read is no number, and throws nothing', () => {
  expect(() => readQuantities(sum, new Effort())).toThrow(EffortSpent)
  expect(parseNumber(sum)).toBeNull()
  const row = { id: '1', gold: sum, answer: '<answer>B</answer>', choices: ['red', 'blue'] }
  expect(resolveKind(row)).toBe('expression')
  expect(verifyCase(row).verdict).not.toBe('correct')
})

it('a Chinese measure word takes a noun after it, never another number', () => {
  expect(verifyCase({ id: '1', gold: '5', answer: '五个苹果' }).verdict).toBe('correct')
  expect(verifyCase({ id: '1', gold: '5', answer: '五个9:4' }).verdict).not.toBe('correct')
})
