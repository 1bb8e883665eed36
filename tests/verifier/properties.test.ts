import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { adversarialInputs } from '../../bench/verifier/adversarial-inputs.ts'
import { generatePairs } from '../../bench/verifier/generate.ts'
import { tableCases } from '../../bench/verifier/tables.ts'
import { answerKinds } from '../../domain/answer-check.ts'
import { extractAnswer } from '../../verifier/extract.ts'
import type { VerifyCase, VerifyResult } from '../../verifier/verdict.ts'
import { verifyCase } from '../../verifier/verify.ts'

const fragments = fc.constantFrom(
  '<think>', '</think>', '<answer>', '</answer>', '\\boxed{', '}', '{', '\\frac{1}{2}', '\\frac', 'the answer is', '12', '-3', '1,000',
  '%', 'B', '(C)', 'or', 'yes', 'no', '$', ' ', '\n', '.', '=', '≈', '<|im_end|>', 'cm', '10^6', 'e9', '½', '٣', '😀', '\u0000', '/', '5!',
  '\\sqrt', 'x^2', '\\pm', '\\cup', '[1,2)', '\\infty', '\\le', ':', '\\begin{pmatrix}', '&', '\\\\', '\\in', '三', '2024-03-05', '3:30 PM',
) // prettier-ignore
const soup = fc
  .array(fc.oneof(fragments, fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 40 })
  .map((p) => p.join(''))
const kinds = fc.constantFrom(...answerKinds)

const verdictOf = (gold: string, answer: string, kind: (typeof answerKinds)[number] = 'auto'): VerifyResult =>
  verifyCase({ id: 'x', gold, answer, kind })

const table = tableCases().map(({ row }) => row)
/** Pairs whose answers are bare: sentences and boxes with neighbours cannot be wrapped again. */
const pairs = generatePairs(7, 4000).filter(({ wrapping }) => wrapping === 'mathematics')
/** The bare answer of a row: the content of its box or tag, or the whole answer without one. */
const bareTexts = fc.constantFrom(...pairs.flatMap(({ gold, bare }) => [gold, bare]))

/** The wrong rows as a list, so that a failing run names all of them. */
function failing(rows: readonly VerifyCase[], wrong: (row: VerifyCase) => unknown): unknown[] {
  return rows.flatMap((row) => {
    const found = wrong(row)
    return found === null ? [] : [{ id: row.id, gold: row.gold.slice(0, 80), answer: row.answer.slice(0, 80), found }]
  })
}

describe('verifyCase on any text', () => {
  it('always gives a verdict, and the same verdict each time', () => {
    fc.assert(
      fc.property(soup, soup, kinds, (gold, answer, kind) => {
        const result = verdictOf(gold, answer, kind)
        expect(['correct', 'incorrect', 'unverifiable']).toContain(result.verdict)
        expect(verdictOf(gold, answer, kind)).toEqual(result)
      }),
      { numRuns: 2000 },
    )
  })

  it('gives every row of the tables the same result each time, whatever was checked before', () => {
    const first = table.map((row) => verifyCase(row))
    const again = table.toReversed().map((row) => verifyCase(row))
    expect(again.toReversed()).toEqual(first)
  })

  it('never finds a text different from itself', () => {
    // If the gold has other coordinates than the answer, swapping the two texts makes other boxes.
    const oneSystem = table.filter(({ policy }) => policy?.coords === policy?.goldCoords)
    expect(
      failing(oneSystem, (row) => {
        const { verdict, reason } = verifyCase({ ...row, answer: `<answer>${row.gold}</answer>` })
        return verdict === 'incorrect' && row.gold.trim() !== '' ? reason : null
      }),
    ).toEqual([])
    fc.assert(
      fc.property(bareTexts, (text) => {
        expect(verdictOf(text, text).verdict).toBe('correct')
      }),
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
            missing: 'unclosed-reasoning',
          })
        },
      ),
    )
  })
})

describe('an answer and its wrapping', () => {
  const wrappings: [string, (text: string) => string][] = [
    ['tags', (text) => `<answer>${text}</answer>`],
    ['tags after reasoning', (text) => `<think>Is it 17? No.</think>\n<answer>${text}</answer>`],
    ['tags around a box', (text) => `<answer>\\boxed{${text}}</answer>`],
    ['a box', (text) => `\\boxed{${text}}`],
    ['a box in a sentence', (text) => `Putting both together we find $\\boxed{${text}}$.`],
    ['a box on a line of its own', (text) => `We multiply.\n\\[\n\\boxed{${text}}\n\\]`],
    ['a sentence', (text) => `The final answer is $${text}$.`],
    ['a chat token', (text) => `<answer>${text}</answer><|im_end|>`],
    ['dollars', (text) => `$${text}$`],
  ]

  it.each(wrappings)('gives the same verdict in %s', (_name, wrap) => {
    const rows = pairs.map(({ id, gold, bare, kind }) => ({ id, gold, answer: bare, kind }))
    expect(
      failing(rows, (row) => {
        const bare = verifyCase(row)
        const wrapped = verifyCase({ ...row, answer: wrap(row.answer) })
        return bare.verdict === wrapped.verdict ? null : `${bare.verdict}, wrapped ${wrapped.verdict}`
      }),
    ).toEqual([])
  })
})

describe('gold and answer swapped', () => {
  /**
   * The documented kinds that are not symmetric. They measure against the gold, only the gold may
   * have a unit, or only the gold may be unsolved.
   */
  const oneWayKinds = new Set(['chart', 'ocr', 'box', 'choice'])
  const oneWay = new Set([
    'unit-missing',
    'rounded',
    'similar-text',
    'within-5-percent',
    'overlap',
    'point-inside',
    'unsolved',
  ])

  it('gives the same verdict on all generated pairs', () => {
    // A solution is no answer to a gold that is a task, and the reason does not always say so.
    const rows = pairs
      .filter(({ group }) => group !== 'unsolved')
      .map(({ id, gold, bare, kind }) => ({ id, gold, answer: bare, kind }))
    expect(
      failing(rows, (row) => {
        const there = verifyCase({ ...row, answer: `<answer>${row.answer}</answer>` })
        const back = verifyCase({ ...row, gold: row.answer, answer: `<answer>${row.gold}</answer>` })
        if (oneWay.has(there.reason) || oneWay.has(back.reason)) return null
        return (there.verdict === 'correct') === (back.verdict === 'correct')
          ? null
          : `${there.verdict} (${there.reason}), back ${back.verdict} (${back.reason})`
      }),
    ).toEqual([])
  })

  it('accepts the pairs of the tables also in the other order', () => {
    const bare = table.filter(
      ({ kind, gold, answer }) =>
        !oneWayKinds.has(kind ?? 'auto') &&
        kind !== undefined &&
        kind !== 'auto' &&
        !/[<\n]|boxed|answer|答案/i.test(gold + answer),
    )
    expect(
      failing(bare, (row) => {
        const there = verifyCase({ ...row, answer: `<answer>${row.answer}</answer>` })
        if (there.verdict !== 'correct' || there.extracted !== row.answer.trim() || oneWay.has(there.reason))
          return null
        const back = verifyCase({ ...row, gold: row.answer, answer: `<answer>${row.gold}</answer>` })
        // A sentence may hold an answer, but it is not a gold answer.
        return back.verdict === 'correct' || back.reason === 'bad-gold' ? null : `${there.reason}, back ${back.reason}`
      }),
    ).toEqual([])
  })

  it('gives the same verdict on bare numbers and short texts', () => {
    const value = fc.oneof(
      fc.integer().map(String),
      fc.constantFrom(
        '1/2',
        '0.5',
        '50%',
        '1,000',
        '5 cm',
        '50 mm',
        '5',
        'seven',
        'red',
        'a Red.',
        '2:3',
        '\\sqrt{3}',
        '2',
        'x=2',
        '{1,2}',
        '2, 1',
      ),
    )
    fc.assert(
      fc.property(value, value, (a, b) => {
        const correct = (gold: string, answer: string) =>
          verdictOf(gold, `<answer>${answer}</answer>`).verdict === 'correct'
        expect(correct(a, b)).toBe(correct(b, a))
      }),
    )
  })
})

describe('near misses', () => {
  it('rejects all of 1,000 generated ones', () => {
    const misses = pairs.filter(({ equal }) => !equal)
    expect(misses.length).toBeGreaterThan(900)
    expect(failing(misses, (row) => (verifyCase(row).verdict === 'correct' ? 'taken' : null))).toEqual([])
  })

  it('tells big integers apart and recognises each in every grouping', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 10n ** 15n, max: 10n ** 40n }), fc.bigInt({ min: 1n, max: 9n }), (n, step) => {
        const grouped = n.toString().replace(/\B(?=(\d{3})+$)/g, ',')
        expect(verdictOf(String(n), grouped).verdict).toBe('correct')
        expect(verdictOf(String(n), grouped.replaceAll(',', ' ')).verdict).toBe('correct')
        expect(verdictOf(String(n), String(n + step)).verdict).toBe('incorrect')
        expect(verdictOf(String(n), `-${n}`).verdict).toBe('incorrect')
      }),
    )
  })

  it('never accepts a changed digit, sign, point or order', () => {
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
        expect(verdictOf(gold, forms[form].replace('#', gold)).verdict).toBe('correct')
        for (const miss of misses) expect(verdictOf(gold, forms[form].replace('#', miss)).verdict).toBe('incorrect')
      }),
      { numRuns: 500 },
    )
  })

  it('reads the exact value of a fraction', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -999, max: 999 }),
        fc.integer({ min: 1, max: 999 }),
        fc.integer({ min: 2, max: 9 }),
        (n, d, k) => {
          const latex = (a: number, b: number): string => `${a < 0 ? '-' : ''}\\frac{${Math.abs(a)}}{${b}}`
          expect(verdictOf(`${n}/${d}`, latex(n * k, d * k)).verdict).toBe('correct')
          expect(verdictOf(`${n}/${d}`, latex(n * k + 1, d * k)).verdict).not.toBe('correct')
        },
      ),
    )
  })
})

describe('degenerate text', () => {
  const repeat = (text: string, times: number): string => text.repeat(times)
  const more: [string, string][] = [
    ['an integer of 3,900 digits', repeat('7', 3900)],
    ['boxed without a backslash', repeat('boxed{', 3000)],
    ['spaces in an answer', `<answer>1${repeat(' ', 19_000)}x</answer>`],
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
    ['equalities', repeat('a=', 1900)],
    ['plus-minus', repeat('\\pm 1, ', 500)],
    ['unions', Array.from({ length: 300 }, (_, i) => `[${i},${i + 1})`).join('\\cup')],
    ['minus signs', `${repeat('-', 3900)}1`],
    ['a megabyte', repeat('lorem 7 ipsum ', 75_000)],
  ]
  const inputs = [...adversarialInputs.map(({ name, answer }): [string, string] => [name, answer]), ...more]

  it.each(inputs)('is answered without a hang: %s', (_name, text) => {
    for (const kind of answerKinds) {
      for (const answer of [text, `<answer>${text}</answer>`, `\\boxed{${text}}`]) {
        expect(['incorrect', 'unverifiable']).toContain(verdictOf('31337', answer, kind).verdict)
      }
      expect(verdictOf(text, '31337', kind).verdict).not.toBe('correct')
    }
  })
})
