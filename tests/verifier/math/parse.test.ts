import { describe, expect, it } from 'vitest'
import { Effort, EffortSpent } from '../../../verifier/effort.ts'
import { symbolsOf } from '../../../verifier/math/expression.ts'
import { approximate, exactValue } from '../../../verifier/math/evaluate.ts'
import { parseExpression } from '../../../verifier/math/parse.ts'

const parse = (text: string) => parseExpression(text, new Effort())

describe('parseExpression', () => {
  it.each([
    '', ' ', 'x+', '+', '(x', 'x)', '(x]', '{x', '|x', '\\frac{1}', '\\frac', '\\sqrt', '\\sin', 'x^', 'x=3', 'x<3', 'x,y', '1,234',
    '(1,2)', '\\pm 2', '5%', '5\\%', '\\$5', '30^\\circ', '45°', '3 4', '12 345', '2^3 4', 'the', 'the answer is 5', 'and', 'x or y',
    'apple', 'twelve', 'since x', '3:4', '1/2x', '1/2\\pi', 'a/bc', '2e-3', '\\sqrt12', '\\frac123', '12_1', '7_{50}', '3 4343_2',
    '\\sin{x}^2', 'e2', 'xy2', 'x---y', '5 \\ldots', '0.333...', '\\begin{pmatrix}1\\end{pmatrix}', '\\{1,2\\}', 'x?', '#1',
    '\\mathbb{R}', '\\unknown{x}', 'a & b', '3!x!!!y,', '.', '..5', '1.2.3', 'x \\to 0', '\\binom{5}', '\\max', '\\gcd()', 'sin()',
    '\\sum_{k} k', '\\lim x', '$x$ and $y$', '\u0000', '😀', '是',
  ])('refuses %j, which is not one expression or has two readings', (text) => {
    expect(parse(text)).toBeNull()
  }) // prettier-ignore

  it.each([
    '2m',
    'x y',
    'f(x)',
    '$\\frac{1}{2}$',
    '\\left.x\\right.',
    '3!',
    'xsinx',
    'C(n,k)',
    '\\Delta x',
    '4x^2-\\sqrt{3}x+1',
    '4343_4',
    '9_{2}',
    '1A3_9',
    '|{-x}|',
  ])('reads %j', (text) => {
    expect(parse(text)).not.toBeNull()
  })

  it('keeps the digits after the point of a decimal as written', () => {
    expect(parse('1.50')).toMatchObject({ type: 'number', decimals: 2 })
    expect(parse('-0.250')).toMatchObject({ type: 'number', decimals: 3 })
    expect(parse('7')).toMatchObject({ type: 'number', decimals: null })
    expect(parse('3e8')).toMatchObject({ type: 'number', decimals: null })
  })

  it('lists the free variables and leaves out bound variables', () => {
    const names = (text: string) => [...(symbolsOf(parse(text) ?? { type: 'sum', terms: [] }) ?? [])].sort()
    expect(names('x_1+\\alpha y')).toEqual(['alpha', 'x_1', 'y'])
    expect(names('\\sum_{i=1}^{n} i x')).toEqual(['n', 'x'])
    expect(names('\\int_0^a t^2 dt')).toEqual(['a'])
    expect(names('e^{i\\pi}')).toEqual([])
  })

  it('refuses long texts and deep nesting', () => {
    expect(parse(`${'1+'.repeat(2500)}1`)).toBeNull()
    for (const open of ['(', '{', '\\sqrt{', '\\frac{1}{1+', '|', '\\sin(', '2^{']) {
      expect(parse(open.repeat(Math.floor(3000 / open.length)))).toBeNull()
      const close = open.endsWith('(') ? ')' : open === '|' ? '|' : '}'
      expect(parse(`${open.repeat(200)}x${close.repeat(200)}`)).toBeNull()
    }
    expect(parse('-'.repeat(3000) + 'x')).toBeNull()
  })

  it('ends when its effort is spent', () => {
    expect(() => parseExpression('1+1+1+1+1+1', new Effort(5))).toThrow(EffortSpent)
  })
})

describe('exactValue', () => {
  it.each([
    ['\\frac{1}{3}+\\frac16', '1/2'],
    ['2^{10}', '1024/1'],
    ['2^{-2}', '1/4'],
    ['\\sqrt{\\frac{9}{16}}', '3/4'],
    ['20!', '2432902008176640000/1'],
    ['\\binom{50}{25}', '126410606437752/1'],
    ['\\gcd(84,36)', '12/1'],
    ['\\log_3 81', '4/1'],
    ['\\lfloor-2.5\\rfloor', '-3/1'],
    ['(-8)^{1/3}', '-2/1'],
  ])('finds %s to be %s', (text, expected) => {
    const value = exactValue(parse(text) ?? { type: 'sum', terms: [] }, new Effort())
    const [n, d] = expected.split('/').map(BigInt)
    expect(value === null || n === undefined || d === undefined ? null : value.n * d === n * value.d).toBe(true)
  })

  it.each(['\\pi', '\\sqrt2', 'x', '1/0', '0^0', '0^{-1}', '(-1)!', '(1/2)!', '5000!', '2^{100000}', '9^{9^9}', '9^{9^{9^9}}', '(10^8)!',
    '((100!)!)', '\\binom{10^7}{5\\cdot10^6}', '\\infty', '\\log_1 5', '(-4)^{1/2}', '\\int_0^1 x dx', 'f(2)'])(
    'has none for %s',
    (text) => {
      expect(exactValue(parse(text) ?? { type: 'sum', terms: [] }, new Effort(5000))).toBeNull()
    },
  ) // prettier-ignore
})

describe('approximate', () => {
  const at = (text: string, values: Record<string, number> = {}) =>
    approximate(
      parse(text) ?? { type: 'opaque', operator: '', parts: [] },
      new Map(Object.entries(values).map(([name, re]) => [name, { re, im: 0 }])),
      new Effort(),
    )

  it.each([
    ['\\sin x', { x: 1 }, Math.sin(1)],
    ['x^2+y', { x: 3, y: 1 }, 10],
    ['e^{x}', { x: 2 }, Math.exp(2)],
    ['\\ln 10', {}, Math.LN10],
    ['\\arctan 2', {}, Math.atan(2)],
    ['\\cosh 1', {}, Math.cosh(1)],
    ['(1/2)!', {}, Math.sqrt(Math.PI) / 2],
    ['|x|', { x: -2 }, 2],
  ])('evaluates %s', (text, values: Record<string, number>, expected) => {
    expect(at(text, values)?.re).toBeCloseTo(expected, 9)
    expect(at(text, values)?.im).toBeCloseTo(0, 9)
  })

  it.each(['x', '1/0', '\\ln 0', 'e^{e^{e^{10}}}', '\\infty', '\\sum_{k=1}^{3} k', 'f(1)', '(-1)!'])(
    'has no value for %s',
    (text) => {
      expect(at(text)).toBeNull()
    },
  )
})
