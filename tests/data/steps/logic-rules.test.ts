import { describe as group, expect, it } from 'vitest'
import { falseEquation } from '../../../data/steps/false-equation.ts'
import { brokenRule } from '../../../data/steps/logic-rules.ts'
import { row } from '../rows.ts'

const check = (reasoning: string, answer = '3', changes: Parameters<typeof row>[0] = {}, rest = 'So.') =>
  brokenRule({ reasoning, rest, answer, row: row(changes), maxSentenceRepeats: 5 })

group('rules of logic', () => {
  it.each([
    ['I count. So the answer is 4.', '3', {}],
    ['The answer is 3. No: one is hidden. Therefore, the answer is 5.', '3', {}],
    ['Therefore 4.', '3', {}],
    ['So the answer is **0.25**.', '1/2', {}],
    ['It is round. The answer is A.', 'B', { choices: ['circle', 'square'] }],
    ['The answer is circle.', 'B', { choices: ['circle', 'square'] }],
    ['The final answer is no, because it is blue.', 'yes', {}],
    ['The answer is a cat.', 'dog', { kind: 'text' as const }],
  ])('find a conclusion that contradicts the answer: %j and %j', async (reasoning, answer, changes) => {
    expect(await check(reasoning, answer, changes)).toBe('contradiction')
  })

  it.each([
    ['So the answer is 3.', '3', {}],
    ['So the answer is 0.5.', '1/2', {}],
    ['So the answer is three circles.', '3', {}],
    ['The answer is 4. Wait, one is a square. I see 3.', '3', {}],
    ['The answer is 4? There are 3.', '3', {}],
    ['If there were one more, the answer is 4.', '3', {}],
    ['The answer is clear.', '3', {}],
    ['The answer is not 4.', '3', {}],
    ['The answer is either 4 or 3.', '3', {}],
    ['The answer is in the lower half.', 'dog', { kind: 'text' as const }],
    ['The answer is the animal that sleeps.', 'the dog', { kind: 'text' as const }],
    ['The answer is square.', 'B', { choices: ['circle', 'square'] }],
    ['The answer is option B.', 'B', { choices: ['circle', 'square'] }],
    ['Therefore 3 of the 4 shapes are red.', '3', {}],
    ['', '3', {}],
  ])('stay silent on %j with %j', async (reasoning, answer, changes) => {
    expect(await check(reasoning, answer, changes)).toBe(null)
  })

  it.each([
    'So 2 + 3 = 6.',
    'We get 2+3=6 shapes.',
    'First 7 * 8 = 54.',
    'There are 2 red and 3 blue: 2 + 3 = 6',
    'Then 2 × 3 + 4 = 14.',
    '5 − 3 = 1',
    '10 ÷ 4 = 3.5',
  ])('find false arithmetic: %s', (text) => {
    expect(falseEquation(text)).toBe(true)
  })

  it.each([
    '2 + 3 = 5',
    '10 / 3 = 3',
    '10 / 3 = 3.33',
    '0.1 + 0.2 = 0.3',
    '1,200 + 300 = 1,500',
    '2 × 3 + 4 = 10',
    'x + 2 + 3 = 6',
    'x 2 + 3 = 6',
    '(2 + 3) * 4 = 20',
    '3² + 4² = 25',
    '1 + 2 = 3 + 3 = 6',
    '1/2 = 2/4',
    '20 × 5% = 1',
    '3 / 0 = 5',
    '17:30 + 2 = 19',
    'angle 1 + 2 = 180',
    'If 2 + 3 = 6 then it is odd.',
    '2 + 3 = 6. Wait, it is 5.',
    'It says 2 + 3 = 6, which is wrong.',
    'In binary 1 + 1 = 10.',
    '2 + 3 = 6x',
    '2 + 3 = ?',
  ])('leave alone %s', (text) => {
    expect(falseEquation(text)).toBe(false)
  })

  it('find a chain that gives up and still answers', async () => {
    expect(await check('I look. It cannot be determined.')).toBe('gives-up')
    expect(await check('There is not enough information here.')).toBe('gives-up')
    expect(await check('It cannot be determined.', 'cannot be determined', { kind: 'text' })).toBe(null)
    expect(await check('Not enough information.', 'A', { choices: ['3', 'Not enough information'] })).toBe(null)
    expect(await check('It cannot be determined from the left half. However the right shows 3.')).toBe(null)
    expect(await check('It seems impossible to tell. So let us count: 3.')).toBe(null)
  })

  it('find a chain that knew the answer beforehand', async () => {
    expect(await check('I get 3, which agrees with the given answer.')).toBe('leak')
    expect(await check('As we are told the answer is 3, it must be so.')).toBe('leak')
    expect(await check('I was given the answer 3.')).toBe('leak')
    expect(await check('I count.', '3', {}, 'The provided answer is 3.')).toBe('leak')
    expect(await check('Among the given answer choices it is 3.')).toBe(null)
    expect(await check('We are given the length 3.')).toBe(null)
    expect(await check('My answer is given below.')).toBe(null)
  })

  it('find a chain that repeats itself, and allow repeated short words', async () => {
    expect(await check('I look at it. '.repeat(6))).toBe('repetition')
    expect(await check('I look at it. '.repeat(5))).toBe(null)
    expect(await check('Yes. Hm. '.repeat(20))).toBe(null)
  })

  it.each([
    '1 + '.repeat(15000),
    '1'.repeat(50000),
    '1 + 1 = '.repeat(8000),
    'the answer is '.repeat(4000),
    'cannot be determined '.repeat(3000),
    ' '.repeat(60000),
    '.'.repeat(50000),
    'the given '.repeat(6000),
  ])('read a hostile text to its end', async (text) => {
    expect(await check(text)).toSatisfy((found: unknown) => found === null || typeof found === 'string')
  })
})
