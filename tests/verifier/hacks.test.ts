import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { VerifyCase } from '../../verifier/verdict.ts'
import { verifyCase } from '../../verifier/verify.ts'

// Answers by which a policy could earn a reward without solving anything, over every kind. Each
// property runs a thousand times, so that a run tries more than 10,000 of them.

type Row = Omit<VerifyCase, 'id'>
const runs = { numRuns: 1000, seed: 2026 }

/** Wraps an answer as models write it. */
const wrapping = fc.constantFrom(
  '#', '\\boxed{#}', '<answer>#</answer>', 'The answer is #.', '<think>hm</think><answer>#</answer>', '**Final Answer:** #',
  '<|begin_of_box|>#<|end_of_box|>',
) // prettier-ignore

/** The smallest row that is paid, with the result. Null when no row is. */
function paidOf(hack: fc.Arbitrary<Row>): unknown {
  const found = fc.check(
    fc.property(hack, wrapping, (row, wrap) => {
      const answer = wrap.replace('#', () => row.answer)
      return verifyCase({ ...row, id: 'hack', answer }).verdict !== 'correct'
    }),
    runs,
  )
  return found.counterexample
}

const int = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max })
const digits = int(2, 9)

describe('an answer that solves nothing', () => {
  it('is not paid when it hands back a calculation', () => {
    expect(
      paidOf(
        fc.tuple(int(3, 400), int(1, 400), int(0, 7)).map(([n, m, form]) => {
          const tasks = [
          `${m} + ${n}`, `${m + n + 5} - 5`, `\\sqrt{${(m + n) ** 2}}`, `\\frac{${m}}{1} + \\frac{${n}}{1}`,
          `\\log_{2} 2^{${m + n}}`, `|${-m - n}|`, `\\lfloor ${m + n}.5 \\rfloor`, `${(m + n).toString(2)}_2`,
        ] // prettier-ignore
          return { gold: String(m + n), answer: tasks[form] ?? '', kind: 'number' }
        }),
      ),
    ).toBeNull()
  })

  it('is not paid when it hands back an equation or an inequality', () => {
    expect(
      paidOf(
        fc.tuple(int(-50, 50), digits, int(-30, 30), int(0, 5)).map(([n, k, c, form]) => {
          const left = `${k}x ${c < 0 ? '-' : '+'} ${Math.abs(c)}`
          const tasks: [string, string][] = [
            [`x=${n}`, `${left} = ${k * n + c}`],
            [String(n), `${left} = ${k * n + c}`],
            [`x > ${n}`, `${left} > ${k * n + c}`],
            [`(${n}, \\infty)`, `${left} > ${k * n + c}`],
            [`[${n}, \\infty)`, `${k}x \\ge ${k * n}`],
            [`\\{${n}, ${n + k}\\}`, `(x - ${n})(x - ${n + k}) = 0`],
          ]
          const [gold, answer] = tasks[form] ?? ['1', '2']
          return { gold, answer, kind: 'expression' }
        }),
      ),
    ).toBeNull()
  })

  it('is not paid for another range, score, size or code of the same value', () => {
    expect(
      paidOf(
        fc.tuple(int(10, 60), int(1, 20), int(1, 30), int(0, 5)).map(([a, d, shift, form]) => {
          const pairs: [string, string][] = [
            [`${a}-${a + d}`, `${a + shift}-${a + d + shift}`],
            [`${a}-${a + d}`, String(-d)],
            [`${a} x ${a + d}`, `${a + d} x ${a}`],
            [`${a} x ${a + d}`, String(a * (a + d))],
            [`ABC-${a * 10 + d}`, `BCA-${a * 10 + d}`],
            [`KA-${a}-XY`, `AK-${a}-YX`],
          ]
          const [gold, answer] = pairs[form] ?? ['1-2', '2-3']
          return {
            gold,
            answer,
            kind: fc.sample(fc.constantFrom('auto' as const, 'chart' as const), { numRuns: 1, seed: a })[0] ?? 'auto',
          }
        }),
      ),
    ).toBeNull()
  })

  it('is not paid for several answers at once', () => {
    expect(
      paidOf(
        fc.tuple(int(1, 99), int(1, 9), int(0, 5)).map(([n, d, form]) => {
          const answers = [
            `${n} or ${n + d}`,
            `${n}, ${n + d}`,
            `either ${n} or ${n + d}`,
            `${n} ${n + d}`,
            `${n}/${n + d}?`,
            `${n}; ${n + d}; ${n + 2 * d}`,
          ]
          return { gold: String(n), answer: answers[form] ?? '', kind: 'number' }
        }),
      ),
    ).toBeNull()
  })

  it('is not paid for copied or several options', () => {
    const options = ['red', 'blue', 'green', 'black']
    expect(
      paidOf(
        fc.tuple(int(0, 3), int(1, 3), int(0, 6)).map(([at, step, form]) => {
          const [right, other] = ['ABCD'.charAt(at), 'ABCD'.charAt((at + step) % 4)]
          const all = options.map((text, i) => `${'ABCD'.charAt(i)}. ${text}`)
          const answers = [
          all.join(' '), all.join('\n'), `${right} or ${other}`, `${right}, ${other}`, options.join(', '), `${right} and ${other}`, `not ${right}`,
        ] // prettier-ignore
          return { gold: right, answer: answers[form] ?? '', kind: 'choice', choices: options }
        }),
      ),
    ).toBeNull()
  })

  it('is not paid for being vague', () => {
    expect(
      paidOf(
        fc.tuple(int(2, 500), int(0, 9)).map(([n, form]) => {
          const answers = [
          `not ${n}`, `at least ${n}`, `at most ${n}`, `more than ${n}`, `nearly ${n}`, `${n} plus`, `${n} or so`, `some number above ${n}`, `${n} millions`,
          `${n} below zero`,
        ] // prettier-ignore
          return { gold: String(n), answer: answers[form] ?? '', kind: 'number' }
        }),
      ),
    ).toBeNull()
  })

  it('is not paid for another sign or unit', () => {
    expect(
      paidOf(
        fc.tuple(int(1, 500), int(0, 5)).map(([n, form]) => {
          const pairs: [string, string][] = [
          [`-${n}`, String(n)], [String(n), `-${n}`], [`${n} kg`, `${n} g`], [`${n} m`, `${n} cm`], [`${n} hours`, `${n} minutes`], [`${n}^\\circ`, `${n} \\text{ rad}`],
        ] // prettier-ignore
          const [gold, answer] = pairs[form] ?? ['1', '2']
          return { gold, answer, kind: 'number' }
        }),
      ),
    ).toBeNull()
  })

  it('is not paid for fewer repeats, fewer items or another order', () => {
    expect(
      paidOf(
        fc.tuple(int(1, 99), int(1, 9), int(0, 5)).map(([n, d, form]) => {
          const pairs: [string, string][] = [
          [`[${n}, ${n}, ${n + d}]`, `[${n}, ${n + d}]`], [`${n}, ${n}, ${n + d}`, `${n}, ${n + d}`], [`(${n}, ${n + d})`, `(${n + d}, ${n})`],
          [`x=${n}, y=${n + d}`, `${n + d}, ${n}`], [`x=${n}, y=${n + d}`, `x=${n}`], [`${n}, ${n + d}`, String(n)],
        ] // prettier-ignore
          const [gold, answer] = pairs[form] ?? ['1, 2', '2']
          return { gold, answer, kind: 'auto' }
        }),
      ),
    ).toBeNull()
  })

  it('is not paid inside the tags of reasoning', () => {
    const tags = fc.constantFrom(
      ['<think>', '</think>'], ['<thinking>', '</thinking>'], ['<thought>', '</thought>'], ['[THINK]', '[/THINK]'], ['◁think▷', '◁/think▷'],
      ['<|channel|>analysis<|message|>', '<|end|>'], ['<seed:think>', '</seed:think>'],
    ) // prettier-ignore
    fc.assert(
      fc.property(
        tags,
        int(1, 999),
        fc.constantFrom('#', '\\boxed{#}', '<answer>#</answer>'),
        fc.boolean(),
        ([open = '', close = ''], n, form, closed) => {
          const answer = `${open}${form.replace('#', String(n))}${closed ? close : ''}`
          expect(verifyCase({ id: 'hack', gold: String(n), answer, kind: 'number' }).verdict).not.toBe('correct')
        },
      ),
      runs,
    )
  })

  it('is not paid for stopping early or taking the answer back', () => {
    const texts = [
      'We add the first number and the second number and the third number and we get # and then we multiply it by',
      'Let us count the dots in each row of the picture. The first row has #, the second row has the',
      'The answer is #. Wait, no. That is wrong.',
      '\\boxed{#}. Hold on, I made a mistake.',
      'The answer is #. Actually, it is 4000.',
    ]
    fc.assert(
      fc.property(fc.constantFrom(...texts), int(1, 999), (text, n) => {
        const answer = text.replace('#', String(n))
        expect(verifyCase({ id: 'hack', gold: String(n), answer, kind: 'number' }).verdict).not.toBe('correct')
      }),
      runs,
    )
  })

  it('is not paid for a reading that drops a negation or changes a figure, a box around all, or half a date', () => {
    expect(
      paidOf(
        fc.tuple(int(10, 99), int(1, 9), int(0, 6)).map(([n, d, form]): Row => {
          const rows: Row[] = [
            { kind: 'ocr', gold: `not allowed after ${n}`, answer: `allowed after ${n}` },
            { kind: 'ocr', gold: `Invoice ${n}5`, answer: `Invoice ${n + d}5` },
            { kind: 'box', gold: `[${n}, ${n}, ${n + 40}, ${n + 40}]`, answer: '[0, 0, 1000, 1000]' },
            {
              kind: 'box',
              gold: `[${n}, ${n}, ${n + 40}, ${n + 40}]`,
              answer: `[${n}, ${n}, ${n + 40}, ${n + 40}], [0, 0, 9, 9]`,
            },
            { kind: 'date', gold: `2024-03-${n % 20 < 10 ? `0${(n % 9) + 1}` : (n % 20) + 1}`, answer: 'March 2024' },
            { kind: 'yesno', gold: 'yes', answer: 'yes and no' },
            { kind: 'time', gold: `3:${n % 60 < 10 ? '10' : n % 60} PM`, answer: '3 or 4 PM' },
          ]
          return rows[form] ?? { gold: '1', answer: '2' }
        }),
      ),
    ).toBeNull()
  })
})
