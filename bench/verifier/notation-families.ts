import { either, plus, term } from './pair.ts'
import type { Draw } from './draw.ts'
import type { Family, Made } from './pair.ts'

// One thing in other notations: columns, formulas of chemistry, names of constants, matrices, and
// mathematics as a keyboard has it.

function columns(draw: Draw): Made {
  const [a, d, c] = [draw.int(-20, 20), draw.int(1, 20), draw.int(21, 40)]
  const b = a + d
  const values = draw.chance(0.5) ? [a, b] : [a, b, c]
  const column = (items: readonly number[], style: string): string =>
    `\\begin{${style}} ${items.join(' \\\\ ')} \\end{${style}}`
  const row = `(${values.join(', ')})`
  const style = draw.of('pmatrix', 'bmatrix')
  return either(
    draw,
    draw.of(row, column(values, style)),
    [row, column(values, style), `\\langle ${values.join(', ')} \\rangle`, `\\left(${values.join(',')}\\right)`],
    [
      column(values.toReversed(), style),
      `(${values.toReversed().join(', ')})`,
      column([...values.slice(0, -1), (values.at(-1) ?? 0) + 1], style),
      column(values.slice(1), style),
      column([...values, 0], style),
      String(values.reduce((sum, n) => sum + n, 0) + 100),
    ],
  )
}

const below = (text: string): string =>
  text.replace(/_\{?(\d+)\}?/g, (_, n: string) => Array.from(n, (c) => '₀₁₂₃₄₅₆₇₈₉'.charAt(Number(c))).join(''))
const above = (text: string): string =>
  below(text).replace(
    /\^\{?(\d*)([+-])\}?/g,
    (_, n: string, sign: string) =>
      `${Array.from(n, (c) => '⁰¹²³⁴⁵⁶⁷⁸⁹'.charAt(Number(c))).join('')}${sign === '+' ? '⁺' : '⁻'}`,
  )

function formulas(draw: Draw): Made {
  const [gold, ...wrong] = draw.of<[string, ...string[]]>(
    ['H_2O', 'H_2O_2', 'HO_2', 'H_3O', 'O_2H_4'],
    ['CO_2', 'CO', 'C_2O', 'CO_3', 'SO_2'],
    ['H_2SO_4', 'H_2SO_3', 'HSO_4', 'H_2S_4O'],
    ['C_6H_{12}O_6', 'C_6H_{12}O_5', 'C_6H_{14}O_6', 'C_{12}H_6O_6'],
    ['NaCl', 'NaBr', 'KCl', 'NaCl_2'],
    ['Ca(OH)_2', 'CaOH_2', 'Ca(OH)_3', 'Cu(OH)_2'],
    ['NH_3', 'NH_4', 'N_3H', 'PH_3'],
    ['CH_4', 'CH_3', 'C_4H', 'C_2H_4'],
    ['Fe_2O_3', 'Fe_3O_2', 'FeO_3', 'Fe_2O_4'],
    ['SO_4^{2-}', 'SO_3^{2-}', 'SO_4^{-}', 'SO_4^{2+}'],
    ['NH_4^+', 'NH_4^-', 'NH_3^+', 'NH_4'],
    ['Ca^{2+}', 'Ca^{+}', 'Ca^{2-}', 'Cu^{2+}'],
    ['KMnO_4', 'KMnO_3', 'K_2MnO_4', 'MnO_4'],
    ['N_2', 'N_3', 'NO_2', 'O_2'],
  )
  const forms = (text: string): string[] => [
    `\\mathrm{${text}}`,
    `\\text{${above(text)}}`,
    above(text),
    `\\ce{${text}}`,
    text,
    ...(text.includes('^') ? [] : [text.replaceAll(/[_{}]/g, '')]),
  ]
  return either(
    draw,
    gold,
    forms(gold),
    wrong.flatMap((text) => forms(text)),
  )
}

function constants(draw: Draw): Made {
  const [gold, right, wrong] = draw.of<[string, string[], string[]]>(
    ['\\pi', ['pi', 'π', '\\pi'], ['2\\pi', '\\pi^2', '3.2', 'phi', '\\pi + 1']],
    ['2\\pi', ['2 pi', '2π', '2 * pi', '\\pi \\cdot 2'], ['pi', '2 + pi', 'pi^2', '3π']],
    ['\\frac{\\pi}{2}', ['pi/2', 'π/2', '0.5 pi', '\\pi / 2'], ['2/pi', 'pi/3', 'pi', 'π - 2']],
    ['\\infty', ['infinity', '∞', '+\\infty', '\\infty'], ['-\\infty', '0', 'minus infinity', '1']],
    ['-\\infty', ['-infinity', '-∞', 'minus infinity', 'negative infinity'], ['\\infty', 'infinity', '0']],
    [
      '\\emptyset',
      ['no solution', 'the empty set', '\\varnothing', '\\{\\}', '∅'],
      ['0', '\\{0\\}', '\\mathbb{R}', '1'],
    ],
    [
      '\\mathbb{R}',
      ['all real numbers', '(-\\infty, \\infty)', 'ℝ', 'x \\in \\mathbb{R}'],
      ['\\emptyset', '(0, \\infty)', 'all integers', '\\mathbb{Q}'],
    ],
    ['e', ['\\mathrm{e}', 'e'], ['e^2', '\\pi', '2.8', '-e']],
    ['e^2', ['\\mathrm{e}^2', 'exp(2)', '\\exp(2)'], ['2e', 'e', 'e^3', 'e + 2']],
    ['\\sqrt{2}', ['sqrt(2)', '√2', '2^{1/2}', '\\sqrt 2'], ['2', '√3', '1.5', '-√2', '2^2']],
    ['1 + i', ['i + 1', '1+\\mathrm{i}'], ['1 - i', 'i', '1 + 2i', '-1 + i']],
  )
  return either(draw, gold, right, wrong)
}

type Square = readonly [number, number, number, number]
const write = ([a, b, c, d]: Square, style = 'pmatrix'): string =>
  `\\begin{${style}} ${a} & ${b} \\\\ ${c} & ${d} \\end{${style}}`

function matrixValues(draw: Draw): Made {
  const numbers = (): Square => [draw.nonZero(9), draw.nonZero(9), draw.nonZero(9), draw.int(10, 19)]
  const [m, n, k] = [numbers(), numbers(), draw.int(2, 5)]
  const map = (f: (at: 0 | 1 | 2 | 3) => number): Square => [f(0), f(1), f(2), f(3)]
  const sum = map((i) => m[i] + n[i])
  const multiple = map((i) => k * m[i])
  const product: Square = [
    m[0] * n[0] + m[1] * n[2],
    m[0] * n[1] + m[1] * n[3],
    m[2] * n[0] + m[3] * n[2],
    m[2] * n[1] + m[3] * n[3],
  ]
  const determinant = m[0] * m[3] - m[1] * m[2]
  const [gold, value] = draw.of<[string, Square]>(
    [`${write(m)} + ${write(n)}`, sum],
    [`${k}${write(m)}`, multiple],
    [`${write(m)} ${write(n)}`, product],
    [write(m), m],
  )
  return either(
    draw,
    gold,
    [write(value, 'bmatrix'), write(value), `A = ${write(value)}`],
    [
      write(map((i) => value[i] + (i === 2 ? 1 : 0))),
      write([value[0], value[2], value[1], value[3] + 1]),
      String(gold === write(m) ? determinant : value[0]),
      `\\det ${write(value)}`,
      write(map((i) => -value[i])),
      `(${value.join(', ')})`,
    ],
  )
}

function keyboard(draw: Draw): Made {
  const [a, b] = [draw.int(2, 9), draw.nonZero(12)]
  const [gold, right, wrong] = draw.of<[string, string[], string[]]>(
    [`sqrt(x)`, ['\\sqrt{x}', '\\sqrt x', 'x^{1/2}', '√x'], ['\\sqrt{2x}', 'x', 'x^2', '-\\sqrt{x}']],
    [
      `sqrt(x${plus(b)})`,
      [`\\sqrt{x${plus(b)}}`, `(x${plus(b)})^{1/2}`],
      [`\\sqrt{x}${plus(b)}`, `\\sqrt{x${plus(-b)}}`],
    ],
    [
      `${a}*x^2${plus(b)}`,
      [`${a}x^2${plus(b)}`, `${b}+${a}x^{2}`, `${a} \\cdot x^2${plus(b)}`],
      [`${a}x${plus(b)}`, `${a}x^2${plus(-b)}`, `${a + 1}x^2${plus(b)}`],
    ],
    [
      `sin(${a}x)`,
      [`\\sin(${a}x)`, `\\sin ${a}x`, `\\sin{(${a}x)}`],
      [`${a}\\sin x`, `\\cos(${a}x)`, `\\sin(${a + 1}x)`],
    ],
    [`exp(${a}x)`, [`e^{${a}x}`, `\\exp(${a}x)`, `(e^x)^${a}`], [`${a}e^x`, `e^{${a + 1}x}`, `e^x`]],
    [
      `ln(x)/${a}`,
      [`\\frac{\\ln x}{${a}}`, `\\frac{1}{${a}}\\ln(x)`],
      [`\\ln(x/${a})`, `\\frac{\\ln x}{${a + 1}}`, '\\ln x'],
    ],
    [`x^(${a})`, [`x^{${a}}`, `x^${a}`], [`${a}x`, `x^{${a + 1}}`, `x_${a}`]],
    [
      `(x${plus(b)})/(x${plus(-b)})`,
      [`\\frac{x${plus(b)}}{x${plus(-b)}}`],
      [`\\frac{x${plus(-b)}}{x${plus(b)}}`, `x${plus(b)}`],
    ],
    [
      `${term(a, 'pi')}/7`,
      [`\\frac{${a}\\pi}{7}`, `\\frac{${a}}{7}\\pi`],
      [`\\frac{7\\pi}{${a + 7}}`, `\\frac{${a}}{7}`],
    ],
  )
  return either(draw, gold, right, wrong)
}

export const notationFamilies: readonly Family[] = [
  { name: 'column', kind: 'auto', make: columns },
  { name: 'formula of chemistry', kind: 'auto', make: formulas },
  { name: 'constant by name', kind: 'auto', make: constants },
  { name: 'value of a matrix', kind: 'auto', make: matrixValues },
  { name: 'keyboard', kind: 'auto', make: keyboard },
]
