import { either, plus, polynomial, product } from './pair.ts'
import type { Draw } from './draw.ts'
import type { Family, Made } from './pair.ts'

// The wrong answers hand back the task, or stop before its solution. Their values are the gold's.

function equations(draw: Draw): Made {
  const [n, k, c] = [draw.nonZero(30), draw.int(2, 9), draw.nonZero(30)]
  const name = draw.of('x', 'y', 't', 'n')
  return either(
    draw,
    draw.of(`${name} = ${n}`, String(n)),
    [`${name} = ${n}`, String(n), `${k}${name}${plus(c)} = ${k * n + c} \\Rightarrow ${name} = ${n}`],
    [
      `${k}${name}${plus(c)} = ${k * n + c}`,
      `${name}${plus(-n)} = 0`,
      `${k}${name} = ${k * n}`,
      `${k * n + c} = ${k}${name}${plus(c)}`,
      `${name} = ${k + 1}${name}${plus(-k * n)}`,
      `\\frac{${k}${name}${plus(c)}}{2} = \\frac{${k * n + c}}{2}`,
      `\\text{Solve } ${k}${name}${plus(c)} = ${k * n + c}`,
    ],
  )
}

function quadratics(draw: Draw): Made {
  const a = draw.int(-12, 10)
  const b = a + draw.int(1, 15)
  const open = polynomial(product([1, -a], [1, -b]))
  return either(
    draw,
    draw.of(`x = ${a} \\text{ or } x = ${b}`, `\\{${a}, ${b}\\}`),
    [
      `x = ${a}, x = ${b}`,
      `\\{${b}, ${a}\\}`,
      `x = ${b} \\text{ or } x = ${a}`,
      `x_1 = ${a}, x_2 = ${b}`,
      `x \\in \\{${a}, ${b}\\}`,
    ],
    [
      `${open} = 0`,
      `(x${plus(-a)})(x${plus(-b)}) = 0`,
      `x = ${a}`,
      `x = ${a}, x = ${b + 1}`,
      `${polynomial(product([1, -a], [1, -b]).map((n) => 2 * n))} = 0`,
      `x(x${plus(-a - b)}) = ${-a * b}`,
    ],
  )
}

function quadraticInequalities(draw: Draw): Made {
  const a = draw.int(-12, 10)
  const b = a + draw.int(1, 15)
  const open = polynomial(product([1, -a], [1, -b]))
  return either(
    draw,
    `(${a}, ${b})`,
    [`${a} < x < ${b}`, `x \\in (${a}, ${b})`, `(${a},${b})`, `\\{x : ${a} < x < ${b}\\}`],
    [`${open} < 0`, `(x${plus(-a)})(x${plus(-b)}) < 0`, `[${a}, ${b}]`, `x > ${a}`, `0 > ${open}`, `(${a}, ${b + 1})`],
  )
}

function systems(draw: Draw): Made {
  const [x, d] = [draw.nonZero(20), draw.int(1, 20)]
  const y = x + d
  return either(
    draw,
    draw.of(`x = ${x}, y = ${y}`, `(${x}, ${y})`),
    [`(x, y) = (${x}, ${y})`, `x = ${x}, y = ${y}`, `(${x}, ${y})`],
    [
      `x + y = ${x + y}, x - y = ${-d}`,
      `\\begin{cases} x + y = ${x + y} \\\\ y - x = ${d} \\end{cases}`,
      `y = x + ${d}, x = ${x}`,
      `2x = ${2 * x}, 2y = ${2 * y}`,
      `x = ${x}, y = ${y + 1}`,
      `y = x + ${d}`,
    ],
  )
}

function calculations(draw: Draw): Made {
  const [a, b, n] = [draw.int(2, 9), draw.int(3, 12), draw.int(4, 7)]
  const factorial = [1, 1, 2, 6, 24, 120, 720, 5040][n] ?? 1
  const [value, ...tasks] = draw.of<[number, ...string[]]>(
    [a * b, `${a} \\cdot ${b}`, `${a} \\times ${b}`, `${a}*${b}`, `\\frac{${2 * a * b}}{2} + 0`],
    [a + b, `${a} + ${b}`, `${a + b + 3} - 3`, `\\sqrt{${(a + b) ** 2}}`],
    [factorial, `${n}!`, `${n} \\cdot ${n - 1}!`],
    [a ** 2, `${a}^2`, `${a} \\cdot ${a}`, `\\int_0^{${a}} 2x \\, dx`],
    [(b * (b + 1)) / 2, `\\sum_{k=1}^{${b}} k`, `\\binom{${b + 1}}{2}`],
    [b, `\\log_2 ${2 ** b}`, `\\sqrt{${b * b}}`, `\\gcd(${b * 7}, ${b * 5})`, `\\lim_{x \\to ${b}} x`],
    [a * 5, `${a}\\% \\text{ of } 500`, `\\frac{${a}}{100} \\cdot 500`],
    [b, `|-${b}|`, `\\lvert -${b} \\rvert`, `\\frac{${b * a}}{${a}} + 0`],
    [2 * a, `\\int_0^2 ${a} \\, dx`, `2 \\cdot ${a}`, `${a} + ${a}`],
  )
  return either(
    draw,
    String(value),
    [String(value), `${tasks[0]} = ${value}`, `= ${value}`, `${value}.0`],
    [...tasks, String(value + 1), `${tasks[0]} = ?`],
  )
}

function calculus(draw: Draw): Made {
  const [a, n] = [draw.int(2, 9), draw.int(3, 6)]
  const [gold, right, wrong] = draw.of<[string, string[], string[]]>(
    [
      `${a * n}x^{${n - 1}}`,
      [`${a * n}x^{${n - 1}}`, `${n} \\cdot ${a}x^{${n - 1}}`, `f'(x) = ${a * n}x^{${n - 1}}`],
      [`\\frac{d}{dx} ${a}x^{${n}}`, `\\frac{d}{dx}\\left(${a}x^{${n}}\\right)`, `(${a}x^{${n}})'`, `${a}x^{${n}}`],
    ],
    [
      `\\frac{${a}x^2}{2} + C`,
      [`\\frac{${a}}{2}x^2 + C`, `C + \\frac{${a}x^2}{2}`],
      [`\\int ${a}x \\, dx`, `${a}x^2 + C`, `\\frac{${a}x^2}{3} + C`, `\\int ${a}x \\, dx + C`],
    ],
    [
      `${a}\\cos(${a}x)`,
      [`${a}\\cos ${a}x`, `\\cos(${a}x) \\cdot ${a}`],
      [`\\frac{d}{dx}\\sin(${a}x)`, `\\cos(${a}x)`, `-${a}\\cos(${a}x)`, `${a}\\sin(${a}x)`],
    ],
  )
  return either(draw, gold, right, wrong)
}

function otherBases(draw: Draw): Made {
  const [n, base] = [draw.int(9, 250), draw.of(2, 3, 5, 7, 8)]
  const written = n.toString(base)
  const forward = draw.chance(0.5)
  const inBase = [`${written}_{${base}}`, `${written}_${base}`, `(${written})_{${base}}`]
  return forward
    ? either(draw, String(n), [String(n), `${n}_{10}`], [...inBase, written, String(n + 1)])
    : either(draw, `${written}_{${base}}`, inBase, [String(n), `${n}_{10}`, `${(n + 1).toString(base)}_{${base}}`])
}

function tasksInWords(draw: Draw): Made {
  const n = draw.int(3, 60)
  const wrong = [
    `the sum of ${n - 2} and 2`,
    `the solution of 3x = ${3 * n}`,
    `half of ${2 * n}`,
    `the square root of ${n * n}`,
    `the value of x`,
    `10% of ${10 * n}`,
    `${n - 1} plus 1`,
    `the product of ${n} and 1`,
    `as many as there are`,
    `${n + 4} minus 4`,
  ]
  return either(draw, String(n), [`The value is ${n}.`, `It is ${n}.`, `${n}`, `The number is ${n}.`], wrong)
}

export const unsolvedFamilies: readonly Family[] = [
  { name: 'equation', kind: 'auto', make: equations },
  { name: 'equation as a number', kind: 'expression', make: equations },
  { name: 'quadratic', kind: 'auto', make: quadratics },
  { name: 'quadratic inequality', kind: 'auto', make: quadraticInequalities },
  { name: 'system, unsolved', kind: 'auto', make: systems },
  { name: 'calculation', kind: 'auto', make: calculations },
  { name: 'calculation as a number', kind: 'number', make: calculations },
  { name: 'calculus', kind: 'expression', make: calculus },
  { name: 'other base', kind: 'auto', make: otherBases },
  { name: 'task in words', kind: 'number', wrapping: 'words', make: tasksInWords },
]
