import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answerKinds } from '../../domain/answer-check.ts'
import { extractAnswer } from '../../verifier/extract.ts'
import { readFormat } from '../../verifier/format.ts'
import { compareNumbers, parseNumber } from '../../verifier/answers/number.ts'
import { verifyCase } from '../../verifier/verify.ts'

const fragments = fc.constantFrom(
  '<think>', '</think>', '<answer>', '</answer>', '\\boxed{', '}', '{', '\\frac{1}{2}', '\\frac', 'the answer is', '12', '-3', '1,000',
  '%', 'B', '(C)', 'or', 'yes', 'no', '$', ' ', '\n', '.', '=', '≈', '<|im_end|>', 'cm', '10^6', 'e9', '½', '٣', '😀', '\u0000', '/', '5!',
) // prettier-ignore
const soup = fc
  .array(fc.oneof(fragments, fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 40 })
  .map((p) => p.join(''))
const kinds = fc.constantFrom(...answerKinds)

const judge = (gold: string, answer: string, kind: (typeof answerKinds)[number] = 'auto') =>
  verifyCase({ id: 'x', gold, answer, kind })

describe('verifyCase on any text', () => {
  it('always gives a verdict, and the same one again', () => {
    fc.assert(
      fc.property(soup, soup, kinds, (gold, answer, kind) => {
        const result = judge(gold, answer, kind)
        expect(['correct', 'incorrect', 'unverifiable']).toContain(result.verdict)
        expect(judge(gold, answer, kind)).toEqual(result)
      }),
      { numRuns: 2000 },
    )
  })

  it('is symmetric for bare numbers and short texts', () => {
    const value = fc.oneof(
      fc.integer().map(String),
      fc.constantFrom('1/2', '0.5', '50%', '1,000', '5 cm', '5', 'seven', 'red', 'a Red.', '2:3'),
    )
    fc.assert(
      fc.property(value, value, (a, b) => {
        const correct = (gold: string, answer: string) =>
          judge(gold, `<answer>${answer}</answer>`).verdict === 'correct'
        expect(correct(a, b)).toBe(correct(b, a))
      }),
    )
  })

  it('tells big integers apart and knows each again in every grouping', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 10n ** 15n, max: 10n ** 40n }), fc.bigInt({ min: 1n, max: 9n }), (n, step) => {
        const grouped = n.toString().replace(/\B(?=(\d{3})+$)/g, ',')
        expect(judge(String(n), grouped).verdict).toBe('correct')
        expect(judge(String(n), grouped.replaceAll(',', ' ')).verdict).toBe('correct')
        expect(judge(String(n), String(n + step)).verdict).toBe('incorrect')
        expect(judge(String(n), `-${n}`).verdict).toBe('incorrect')
      }),
    )
  })

  it('never takes a near miss: a digit, the sign, the point or the order changed', () => {
    const decimal = fc.tuple(fc.integer({ min: 101, max: 99_999_999 }), fc.integer({ min: 0, max: 4 }))
    const write = (n: number, places: number): string => (n / 10 ** places).toFixed(places)
    fc.assert(
      fc.property(decimal, fc.nat(), fc.constantFrom('tag', 'box', 'bare', 'said'), ([n, places], pick, form) => {
        const gold = write(n, places)
        const digits = String(n)
        const at = pick % digits.length
        const digit = String((Number(digits[at]) + 1 + (pick % 8)) % 10)
        const changed = Number(digits.slice(0, at) + digit + digits.slice(at + 1))
        const reversed = Number(Array.from(digits).toReversed().join(''))
        const misses = [
          write(changed, places),
          `-${gold}`,
          write(n, places + 1),
          ...(reversed === n ? [] : [write(reversed, places)]),
        ]
        const forms = { tag: '<answer>#</answer>', box: '\\boxed{#}', bare: '#', said: 'The final answer is #.' }
        expect(judge(gold, forms[form].replace('#', gold)).verdict).toBe('correct')
        for (const miss of misses) expect(judge(gold, forms[form].replace('#', miss)).verdict).toBe('incorrect')
      }),
      { numRuns: 500 },
    )
  })

  it('reads a fraction as exactly what it is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -999, max: 999 }),
        fc.integer({ min: 1, max: 999 }),
        fc.integer({ min: 2, max: 9 }),
        (n, d, k) => {
          const plain = parseNumber(`${n}/${d}`)
          const latex = parseNumber(`${n < 0 ? '-' : ''}\\frac{${Math.abs(n) * k}}{${d * k}}`)
          if (plain === null || latex === null) throw new Error('a fraction was not read')
          expect(compareNumbers(plain, latex).verdict).toBe('correct')
        },
      ),
    )
  })

  it('never reads an answer out of reasoning', () => {
    fc.assert(
      fc.property(
        soup.map((s) => s.replaceAll('<', '')),
        (thought) => {
          expect(extractAnswer(`<think>${thought}</think>`, 'number').extracted).toBeNull()
          expect(extractAnswer(`<think>${thought}`, 'number')).toMatchObject({
            extracted: null,
            unclosedReasoning: true,
          })
        },
      ),
    )
  })
})

describe('the trace format', () => {
  it('holds for one think and one answer, and says whether words stand between', () => {
    expect(readFormat('<think>a</think> It is three. <answer>3</answer>')).toEqual({ held: true, explanation: true })
    expect(readFormat('<think>a</think>\n<answer>3</answer><|im_end|>\n')).toEqual({ held: true, explanation: false })
    expect(readFormat('<think>a</think> … <answer>3</answer>')).toEqual({ held: true, explanation: false })
  })

  it.each([
    '<think>a</think><answer>3</answer><answer>3</answer>',
    '<think><think>a</think></think><answer>3</answer>',
    '<think>a<answer>3</answer></think>',
    '<answer>3</answer><think>a</think>',
    '<think>a</think><answer><answer>3</answer></answer>',
    '<think>a</think><think>b</think><answer>3</answer>',
    '<think></think><answer>3</answer>',
    '<think>a</think><answer> </answer>',
    '<think>a</think><answer>3',
    '<think>a<answer>3</answer>',
    'so <think>a</think><answer>3</answer>',
    '<think>a</think><answer>3</answer> and more',
    '<THINK>a</THINK><answer>3</answer>',
    '<think>a</think><answer>3</answer></answer>',
    '3',
    '',
  ])('is not met by %s', (text) => {
    expect(readFormat(text)).toEqual({ held: false, explanation: false })
  })
})

describe('degenerate text', () => {
  const repeat = (text: string, times: number): string => text.repeat(times)
  const inputs: [string, string][] = [
    ['a tower of powers', '9^{9^{9^9}}'],
    ['a huge power', '2^{10^9}'],
    ['a factorial of a factorial', '((100!)!)'],
    ['nested fractions', `${repeat('\\frac{1}{1+', 300)}x${repeat('}', 300)}`],
    ['nested round brackets', repeat('(', 3000) + repeat(')', 3000)],
    ['nested braces', repeat('{', 5000) + repeat('}', 5000)],
    ['nested roots', `${repeat('\\sqrt{', 400)}2${repeat('}', 400)}`],
    ['a long list', Array.from({ length: 3000 }, (_, i) => 3000 - i).join(', ')],
    ['ones and commas', repeat('1,', 5000)],
    ['thousands without end', repeat('1,000', 3000)],
    ['an integer of 20,000 digits', repeat('7', 20_000)],
    ['an integer of 3,900 digits', repeat('7', 3900)],
    ['many boxes', repeat('\\boxed{1}, ', 3000)],
    ['boxes never closed', repeat('\\boxed{', 3000)],
    ['boxed without a backslash', repeat('boxed{', 3000)],
    ['spaces', `$1$${repeat(' ', 20_000)}$x$`],
    ['spaces in an answer', `<answer>1${repeat(' ', 19_000)}x</answer>`],
    ['one phrase again and again', repeat('the answer is 12 ', 3000)],
    ['a huge exponent', '1e999999999'],
    ['NUL, emoji, a cut command', '\u0000😀\\frac'],
    ['dollars', repeat('$', 5000)],
    ['opened thoughts', repeat('<think>', 20_000)],
    ['closed thoughts', repeat('</think>', 20_000)],
    ['opened answers', repeat('<answer>', 20_000)],
    ['approximations', repeat('a≈', 5000)],
    ['carets', repeat('^ ', 5000)],
    ['letters', repeat('B or ', 4000)],
    ['yes and no', repeat('yes no ', 3000)],
    ['e and digits', `${repeat('1e', 1900)}!`],
    ['asterisks', repeat('** ', 6000)],
    ['end of sentences', repeat('. ', 10_000)],
    ['quotes', repeat('"', 20_000)],
    ['a megabyte', repeat('lorem 7 ipsum ', 75_000)],
  ]

  it.each(inputs)('is answered without a hang: %s', (_name, text) => {
    for (const kind of answerKinds) {
      for (const answer of [text, `<answer>${text}</answer>`, `\\boxed{${text}}`]) {
        expect(['incorrect', 'unverifiable']).toContain(judge('31337', answer, kind).verdict)
      }
      expect(judge(text, '31337', kind).verdict).not.toBe('correct')
    }
  })
})
