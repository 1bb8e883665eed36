import { either, plus, polynomial, product, term } from './pair.ts'
import type { Draw } from './draw.ts'
import type { Family, Made } from './pair.ts'

/** The same coefficients, with one of them changed by one or with the opposite sign. */
function changed(draw: Draw, coefficients: readonly number[]): number[] {
  const at = draw.int(0, coefficients.length - 1)
  const turn = draw.chance(0.5)
  return coefficients.map((n, i) => (i !== at ? n : turn && n !== 0 ? -n : n === -1 ? -2 : n + 1))
}

const linear = (a: number, b: number): string => `(${polynomial([a, b])})`

function expanded(draw: Draw): Made {
  const [a, b, c, d] = [draw.int(1, 5), draw.nonZero(9), draw.int(1, 5), draw.nonZero(9)]
  const whole = product([a, b], [c, d])
  const factors = `${linear(a, b)}${linear(c, d)}`
  const right = [
    factors,
    `${linear(c, d)}${linear(a, b)}`,
    `${linear(a, b)} \\cdot ${linear(c, d)}`,
    `\\left${linear(a, b).replace(')', '\\right)')}${linear(c, d)}`,
  ]
  return either(draw, polynomial(whole), right, [
    `${linear(a, -b)}${linear(c, d)}`,
    polynomial(changed(draw, whole)),
    `${linear(a, b)}${linear(c, d + 1 === 0 ? 2 : d + 1)}`,
  ])
}

function cubic(draw: Draw): Made {
  const roots = [draw.nonZero(5), draw.nonZero(5), draw.nonZero(5)]
  const whole = roots.reduce((p, r) => product(p, [1, -r]), [1])
  const factors = draw
    .shuffled(roots)
    .map((r) => linear(1, -r))
    .join('')
  return either(draw, factors, [polynomial(whole)], [polynomial(changed(draw, whole))])
}

function reordered(draw: Draw): Made {
  const terms = [draw.nonZero(9), draw.nonZero(9), draw.nonZero(9), draw.nonZero(9)].map((n, i) => ({
    n,
    of: ['x^2', 'xy', 'y', ''][i] ?? '',
  }))
  const write = (parts: typeof terms): string =>
    parts.map(({ n, of }, i) => (i === 0 ? term(n, of) : plus(n, of))).join('')
  const at = draw.int(0, 3)
  const wrong = terms.map((t, i) => (i === at ? { ...t, n: -t.n } : t))
  return either(
    draw,
    write(terms),
    [write(draw.shuffled(terms))],
    [write(wrong), write(draw.shuffled(wrong)), write(terms.slice(1))],
  )
}

function squares(draw: Draw): Made {
  const n = draw.int(2, 12)
  const [a, b] = draw.of(['x', 'y'], ['a', 'b'], ['m', 'n'])
  const gold = `(${a}${plus(n, b)})^2`
  return either(
    draw,
    gold,
    [`${a}^2 + ${2 * n}${a}${b} + ${n * n}${b}^2`, `(${n}${b} + ${a})^2`, `(${a}${plus(n, b)})(${a}${plus(n, b)})`],
    [
      `${a}^2 + ${n * n}${b}^2`,
      `${a}^2 - ${2 * n}${a}${b} + ${n * n}${b}^2`,
      `(${a} - ${n}${b})^2`,
      `${a}^2 + ${n}${a}${b} + ${n * n}${b}^2`,
    ],
  )
}

function rational(draw: Draw): Made {
  const a = draw.int(1, 9)
  const b = a + draw.int(1, 9)
  if (draw.chance(0.5)) {
    return either(
      draw,
      `\\frac{x^2 - ${a * a}}{x - ${a}}`,
      [`x + ${a}`, `${a} + x`],
      [`x - ${a}`, `x + ${a + 1}`, `x^2 + ${a}`],
    )
  }
  const sum = (above: string): string => `\\frac{${above}}{(x + ${a})(x + ${b})}`
  return either(
    draw,
    `\\frac{1}{x + ${a}} + \\frac{1}{x + ${b}}`,
    [sum(`2x + ${a + b}`)],
    [sum(`2x + ${a + b + 1}`), sum(`x + ${a + b}`), sum('2')],
  )
}

function powers(draw: Draw): Made {
  const [m, n] = [draw.int(2, 9), draw.int(2, 9)]
  const root = draw.of(2, 3, 5)
  return draw.of(
    either(
      draw,
      `x^{${m + n}}`,
      [`x^{${m}} \\cdot x^{${n}}`, `x^${m}x^${n}`],
      [`x^{${m}} + x^{${n}}`, `x^{${m + n + 1}}`, `x^{-${m + n}}`],
    ),
    either(draw, `x^{-${m}}`, [`\\frac{1}{x^{${m}}}`, `1/x^{${m}}`], [`-x^{${m}}`, `\\frac{1}{x^{${m + 1}}}`]),
    either(draw, `(x^{${m}})^{${n}}`, [`x^{${m * n}}`], [`x^{${m * n + 1}}`, `-x^{${m * n}}`]),
    either(
      draw,
      `${root}^{n+${m}}`,
      [`${root ** m} \\cdot ${root}^n`],
      [`${root}^n + ${root ** m}`, `${root ** m + 1} \\cdot ${root}^n`, `${root}^{n-${m}}`],
    ),
    either(
      draw,
      `\\sqrt[${root}]{x}`,
      [`x^{1/${root}}`, `x^{\\frac{1}{${root}}}`],
      [`x^{${root}}`, `x^{\\frac{1}{${root + 2}}}`],
    ),
  )
}

function trigonometry(draw: Draw): Made {
  const k = draw.int(2, 9)
  const angle = draw.of(
    ['30', '\\frac{1}{2}', '\\frac{\\sqrt{3}}{2}'] as const,
    ['45', '\\frac{\\sqrt{2}}{2}', '1'] as const,
    ['60', '\\frac{\\sqrt{3}}{2}', '\\frac{1}{2}'] as const,
  )
  return draw.of(
    either(
      draw,
      `${k}\\sin^2 x`,
      [`${k} - ${k}\\cos^2 x`, `${k}(1-\\cos^2 x)`],
      [`${k} - \\cos^2 x`, `${k} + ${k}\\cos^2 x`, `${k}\\cos^2 x`],
    ),
    either(
      draw,
      `${k}\\sin(2x)`,
      [`${2 * k}\\sin x \\cos x`, `${2 * k} \\cos(x)\\sin(x)`],
      [`${k}\\sin x \\cos x`, `${2 * k}\\sin x`, `-${2 * k}\\sin x \\cos x`],
    ),
    either(
      draw,
      '\\cos(2x)',
      ['1 - 2\\sin^2 x', '2\\cos^2 x - 1', '\\cos^2 x - \\sin^2 x'],
      ['1 + 2\\sin^2 x', '2\\cos^2 x + 1', '\\sin^2 x - \\cos^2 x', '2\\cos x'],
    ),
    either(
      draw,
      `${k}\\tan x`,
      [`\\frac{${k}\\sin x}{\\cos x}`],
      [`\\frac{${k}\\cos x}{\\sin x}`, `\\frac{\\sin x}{${k}\\cos x}`],
    ),
    either(
      draw,
      `\\sin(x + ${k})`,
      [`\\sin x\\cos ${k} + \\cos x \\sin ${k}`],
      [`\\sin x\\cos ${k} - \\cos x \\sin ${k}`, `\\sin x + \\sin ${k}`],
    ),
    either(
      draw,
      `\\sin ${angle[0]}^\\circ`,
      [angle[1]],
      [angle[2] === '1' ? '-\\frac{\\sqrt{2}}{2}' : angle[2], `-${angle[1]}`],
    ),
  )
}

function logarithms(draw: Draw): Made {
  const [a, b] = [draw.int(2, 9), draw.int(2, 9)]
  const base = draw.of(2, 3, 5, 10)
  const power = draw.int(2, 4)
  return draw.of(
    either(
      draw,
      `\\ln ${a} + \\ln ${b}`,
      [`\\ln ${a * b}`, `\\ln(${a} \\cdot ${b})`],
      [`\\ln ${a + b + (a === 2 && b === 2 ? 1 : 0)}`, `\\ln ${a * b + 1}`, `\\ln ${a} - \\ln ${b}`],
    ),
    either(
      draw,
      `${power}\\ln ${a}`,
      [`\\ln ${a ** power}`, `\\ln(${a}^${power})`],
      [`\\ln ${a ** power + 1}`, `(\\ln ${a})^${power}`, `-${power}\\ln ${a}`],
    ),
    either(
      draw,
      `\\log_{${base}} ${base ** power}`,
      [String(power)],
      [String(power + 1), String(-power), String(base ** power)],
    ),
    either(draw, `\\ln x + \\ln y`, ['\\ln(xy)'], ['\\ln(x+y)', '\\ln x \\cdot \\ln y', '\\ln\\frac{x}{y}']),
    either(draw, `e^{${a}x}`, [`(e^x)^{${a}}`, `e^x \\cdot e^{${a - 1}x}`], [`e^{${a + 1}x}`, `${a}e^x`, `e^{-${a}x}`]),
  )
}

function complex(draw: Draw): Made {
  const [a, b, c, d] = [draw.nonZero(6), draw.nonZero(6), draw.nonZero(6), draw.nonZero(6)]
  const [re, im] = [a * c - b * d, a * d + b * c]
  if (re === 0 || im === 0) return complex(draw)
  const write = (x: number, y: number): string => `${term(x)}${plus(y, 'i')}`
  const wrong = [write(re, -im), write(re + (re === -1 ? 2 : 1), im), ...(re === im ? [] : [write(im, re)])]
  return either(draw, write(re, im), [`(${write(a, b)})(${write(c, d)})`, `${term(im, 'i')}${plus(re)}`], wrong)
}

function lines(draw: Draw): Made {
  const [m, b, k] = [draw.nonZero(9), draw.nonZero(9), draw.int(2, 5)]
  const slope = `y = ${polynomial([m, b])}`
  const right = [
    `${polynomial([m, b])} = y`,
    `y${plus(-m, 'x')} = ${b}`,
    `${k}y = ${polynomial([k * m, k * b])}`,
    `${term(m, 'x')} - y${plus(b)} = 0`,
  ]
  const wrong = [
    `y = ${polynomial([m, -b])}`,
    `y = ${polynomial([-m, b])}`,
    `y = ${polynomial([m, b === -1 ? -2 : b + 1])}`,
    `x = ${polynomial([m, b], 'y')}`,
  ].filter((text) => !(Math.abs(m) === 1 && text.startsWith('x')))
  return either(draw, slope, right, wrong)
}

function assigned(draw: Draw): Made {
  const [n, d] = [draw.int(1, 30), draw.int(2, 9)]
  const value = n % d === 0 ? String(n / d) : `\\frac{${n}}{${d}}`
  const other = (n + 1) % d === 0 ? String((n + 1) / d) : `\\frac{${n + 1}}{${d}}`
  const name = draw.of('x', 'y', 'm', 'k', 'n')
  return either(
    draw,
    value,
    [`${name} = ${value}`, `${name}=${value}`],
    [`${name} = ${other}`, `${name} = -${value}`, `${name} \\neq ${value}`, `${name} > ${value}`],
  )
}

export const algebraFamilies: readonly Family[] = [
  { name: 'expand', kind: 'expression', make: expanded },
  { name: 'cubic', kind: 'auto', make: cubic },
  { name: 'reorder', kind: 'auto', make: reordered },
  { name: 'square', kind: 'expression', make: squares },
  { name: 'rational-function', kind: 'auto', make: rational },
  { name: 'power', kind: 'expression', make: powers },
  { name: 'trigonometry', kind: 'auto', make: trigonometry },
  { name: 'logarithm', kind: 'expression', make: logarithms },
  { name: 'complex', kind: 'auto', make: complex },
  { name: 'line', kind: 'expression', make: lines },
  { name: 'assigned', kind: 'auto', make: assigned },
]
