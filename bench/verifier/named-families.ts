import { either, plus } from './pair.ts'
import type { Draw } from './draw.ts'
import type { Family, Made } from './pair.ts'

// Values with names, values that occur twice, and calculations that state their result.

const letters: readonly [readonly [string, string], ...(readonly [string, string])[]] = [
  ['x', 'y'],
  ['a', 'b'],
  ['m', 'n'],
  ['p', 'q'],
  ['u', 'v'],
  ['r', 's'],
]

function twoNames(draw: Draw): Made {
  const [x, y] = draw.of(...letters)
  const a = draw.nonZero(60)
  const b = a + draw.int(1, 40)
  const gold = draw.of(`${x}=${a}, ${y}=${b}`, `${x} = ${a} and ${y} = ${b}`, `(${x}, ${y}) = (${a}, ${b})`)
  const right = [
    `${y} = ${b}, ${x} = ${a}`,
    `${x} = ${a}, ${y} = ${b}`,
    `${x} = ${a} \\text{ and } ${y} = ${b}`,
    `(${x}, ${y}) = (${a}, ${b})`,
    `(${y}, ${x}) = (${b}, ${a})`,
    `\\begin{cases} ${x} = ${a} \\\\ ${y} = ${b} \\end{cases}`,
    `${x} = ${a}; ${y} = ${b}`,
    `(${a}, ${b})`,
    `${y} = ${b} \\text{ and } ${x} = ${a}`,
  ]
  const wrong = [
    `${x} = ${b}, ${y} = ${a}`,
    `${b}, ${a}`,
    `(${b}, ${a})`,
    `(${y}, ${x}) = (${a}, ${b})`,
    `${x} = ${a}`,
    `${y} = ${b}`,
    `${x} = ${a}, ${y} = ${b + 1}`,
    `${x} = ${-a}, ${y} = ${b}`,
    `${x} = ${a}, ${x} = ${b}`,
  ]
  return either(draw, gold, right, wrong)
}

function threeNames(draw: Draw): Made {
  const a = draw.nonZero(30)
  const b = a + draw.int(1, 20)
  const c = b + draw.int(1, 20)
  const write = (...parts: string[]): string => parts.join(', ')
  return either(
    draw,
    write(`x = ${a}`, `y = ${b}`, `z = ${c}`),
    [
      write(`z = ${c}`, `x = ${a}`, `y = ${b}`),
      `(x, y, z) = (${a}, ${b}, ${c})`,
      `(${a}, ${b}, ${c})`,
      `x=${a},\\ y=${b},\\ z=${c}`,
      `(z, y, x) = (${c}, ${b}, ${a})`,
    ],
    [
      write(`x = ${a}`, `y = ${c}`, `z = ${b}`),
      `(${c}, ${b}, ${a})`,
      write(`x = ${a}`, `y = ${b}`),
      `(z, x, y) = (${a}, ${b}, ${c})`,
      write(`x = ${b}`, `y = ${c}`, `z = ${a}`),
      write(`x = ${a}`, `y = ${b}`, `z = ${c + 1}`),
    ],
  )
}

function twice(draw: Draw): Made {
  const [n, m, k] = [draw.int(1, 60), draw.int(61, 90), draw.int(2, 3)]
  const values = [...Array.from({ length: k }, () => n), m]
  const [open, close] = draw.of(['', ''], ['[', ']'])
  const write = (items: readonly number[]): string => `${open}${items.join(', ')}${close}`
  const mixed = draw.shuffled(values)
  return either(
    draw,
    write(values),
    open === ''
      ? [write(mixed), mixed.join(','), `${mixed.slice(0, -1).join(', ')} and ${mixed.at(-1)}`]
      : [write(values), values.join(', ')],
    [
      write([n, m]),
      write([...values, m]),
      write([...values, n]),
      write([n, m, m, ...(k === 3 ? [m] : [])]),
      write([...values.slice(1), m + 1]),
      // One item still has to be computed.
      [...values.slice(1), `${n - 1} + 1`].join(', '),
    ],
  )
}

function results(draw: Draw): Made {
  const [a, b, c] = [2 * draw.int(2, 15), draw.int(2, 15), draw.int(2, 12)]
  const value = (a / 2) * b
  const right = [
    `\\frac12\\cdot ${a}\\cdot ${b} = ${value}`,
    `\\frac{1}{2} \\times ${a} \\times ${b} = \\frac{${a * b}}{2} = ${value}`,
    `${value + c} - ${c} = ${value}`,
    `A = \\frac{${a} \\cdot ${b}}{2} = ${value}`,
    `${a / 2} \\cdot ${b} = ${value}`,
  ]
  const wrong = [
    `\\frac12\\cdot ${a}\\cdot ${b} = ${value + 1}`,
    `${a} \\cdot ${b} = ${a * b}`,
    `A = \\frac{${a} \\cdot ${b}}{2} = ${value + c}`,
    `${value + c} - ${c} = ${value + c + 1}`,
    `\\frac12\\cdot ${a}\\cdot ${b}`,
    `${value + c}${plus(-c)}`,
    `A = ${a / 2} \\cdot ${b}`,
  ]
  return either(draw, String(value), right, wrong)
}

function approximations(draw: Draw): Made {
  const [k, root] = [draw.int(2, 30), draw.of(2, 3, 5, 7, 11, 13)]
  const gold = `${k}\\sqrt{${root}}`
  const value = (k * Math.sqrt(root)).toFixed(2)
  const far = (k * Math.sqrt(root) + 1).toFixed(2)
  return either(
    draw,
    gold,
    [`${gold} \\approx ${value}`, `x = ${gold} \\approx ${value}`, `d = ${gold}`, `\\sqrt{${k * k * root}} = ${gold}`],
    [`${k + 1}\\sqrt{${root}} \\approx ${far}`, `\\approx ${far}`, `${gold} + 1 \\approx ${far}`, `x = -${gold}`],
  )
}

export const namedFamilies: readonly Family[] = [
  { name: 'two names', kind: 'auto', make: twoNames },
  { name: 'two names in a list', kind: 'list', make: twoNames },
  { name: 'three names', kind: 'auto', make: threeNames },
  { name: 'twice in a list', kind: 'list', make: twice },
  { name: 'twice, by itself', kind: 'auto', make: twice },
  { name: 'result of a calculation', kind: 'auto', make: results },
  { name: 'result as a number', kind: 'number', make: results },
  { name: 'with an approximation', kind: 'expression', make: approximations },
]
