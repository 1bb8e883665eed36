import { either, fraction, gcd, plus, polynomial } from './pair.ts'
import type { Draw } from './draw.ts'
import type { Family, Made } from './pair.ts'

function circles(draw: Draw): Made {
  const [a, b, r, k] = [draw.nonZero(6), draw.nonZero(6), draw.int(2, 9), draw.int(2, 4)]
  const middle = (x: number, y: number, square: number): string => `(x${plus(-x)})^2 + (y${plus(-y)})^2 = ${square}`
  const open = (x: number, y: number, rest: number): string =>
    `x^2 + y^2${plus(-2 * x, 'x')}${plus(-2 * y, 'y')}${plus(rest)} = 0`
  const rest = a * a + b * b - r * r
  const right = [
    open(a, b, rest),
    `(y${plus(-b)})^2 + (x${plus(-a)})^2 = ${r * r}`,
    `${k}(x${plus(-a)})^2 + ${k}(y${plus(-b)})^2 = ${k * r * r}`,
  ]
  const wrong = [
    middle(a, b, r * r + 1),
    middle(-a, b, r * r),
    middle(a, b, r),
    open(a, -b, rest),
    open(a, b, rest + 1),
  ]
  return either(draw, middle(a, b, r * r), right, wrong)
}

function inequalities(draw: Draw): Made {
  const [n, k] = [draw.nonZero(20), draw.int(2, 9)]
  const [sign, turned, loose] = draw.of(['>', '<', '\\ge'] as const, ['<', '>', '\\le'] as const)
  const right = [`${n} ${turned} x`, `x ${sign} ${n}.0`]
  const wrong = [
    `x ${turned} ${n}`,
    `x ${loose} ${n}`,
    `x ${sign} ${-n}`,
    `-x ${sign} ${-n}`,
    `x = ${n}`,
    `${k}x ${sign} ${n}`,
    // Equal, but still to be solved.
    `${k}x ${sign} ${k * n}`,
    `-x ${turned} ${-n}`,
    `x${plus(-n)} ${sign} 0`,
  ]
  return either(draw, `x ${sign} ${n}`, right, wrong)
}

function chains(draw: Draw): Made {
  const [a, b, c] = [draw.int(2, 12), draw.int(2, 12), draw.nonZero(20)]
  const value = a * b + c
  const right = [
    `${a} \\cdot ${b}${plus(c)} = ${a * b}${plus(c)} = ${value}`,
    `S = ${a * b}${plus(c)} = ${value}`,
    `${a * b}${plus(c)} = ${value}`,
  ]
  const wrong = [
    `${a} \\cdot ${b}${plus(c)} = ${a * b}${plus(c)} = ${value + 1}`,
    `S = ${a * b}${plus(c)} = ${-value || 1}`,
    `S = ${value + 2}`,
  ]
  return either(draw, String(value), right, wrong)
}

function approximations(draw: Draw): Made {
  const root = draw.of(2, 3, 5, 6, 7, 10, 11, 13)
  const k = draw.int(2, 12)
  const value = (k * Math.sqrt(root)).toFixed(2)
  const right = [
    `${k}\\sqrt{${root}} \\approx ${value}`,
    `d = \\sqrt{${k * k * root}} = ${k}\\sqrt{${root}} \\approx ${value}`,
  ]
  const wrong = [`${k + 1}\\sqrt{${root}} \\approx ${value}`, `d = ${k}\\sqrt{${root + 1}} \\approx ${value}`, value]
  return either(draw, `${k}\\sqrt{${root}}`, right, wrong)
}

function systems(draw: Draw): Made {
  const [x, y] = [draw.int(1, 20), draw.int(21, 40)]
  const write = (a: number, b: number): string => `x = ${a}, y = ${b}`
  const right = [`y = ${y}, x = ${x}`, `x = ${x} \\text{ and } y = ${y}`, `x=${x},\\ y=${y}`]
  return either(draw, write(x, y), right, [write(y, x), write(x, y + 1), write(-x, y), `x = ${x}`])
}

function roots(draw: Draw): Made {
  const [p, q] = [draw.int(1, 20), draw.int(-20, -1)]
  const right = [`x = ${q} \\text{ or } x = ${p}`, `x = ${p}, x = ${q}`, `\\{${q}, ${p}\\}`, `${p}, ${q}`]
  const wrong = [
    `x = ${p}`,
    `x = ${q - 1} \\text{ or } x = ${p}`,
    ...(p === -q ? [] : [`x = ${-p} \\text{ or } x = ${-q}`]),
    `x = ${p + 1}, x = ${q}`,
  ]
  return either(draw, `x = ${p} \\text{ or } x = ${q}`, right, wrong)
}

function ratios(draw: Draw): Made {
  const [a, b] = [draw.int(1, 20), draw.int(1, 20)]
  if (gcd(a, b) !== 1 || a === b) return ratios(draw)
  return either(draw, `${a}:${b}`, [`${a} : ${b}`, `${a}\\colon ${b}`], [`${b}:${a}`, `${a}:${b + 1}`, `${a + 1}:${b}`])
}

function ellipses(draw: Draw): Made {
  const [a, b] = [draw.int(2, 7), draw.int(2, 7)]
  const gold = `${fraction(1, a * a).replace('{1}', '{x^2}')} + ${fraction(1, b * b).replace('{1}', '{y^2}')} = 1`
  const right = [`${b * b}x^2 + ${a * a}y^2 = ${a * a * b * b}`, `${b * b}x^2 + ${a * a}y^2 - ${a * a * b * b} = 0`]
  const wrong = [
    `${b * b}x^2 - ${a * a}y^2 = ${a * a * b * b}`,
    `${b * b}x^2 + ${a * a}y^2 = ${a * b}`,
    ...(a === b ? [] : [`${a * a}x^2 + ${b * b}y^2 = ${a * a * b * b}`]),
  ]
  return either(draw, gold, right, wrong)
}

function parabolas(draw: Draw): Made {
  const [a, h, k] = [draw.nonZero(4), draw.nonZero(6), draw.nonZero(9)]
  const whole = [a, -2 * a * h, a * h * h + k]
  const gold = `y = ${polynomial(whole)}`
  const vertex = (x: number, y: number): string => `y = ${polynomial([a, 0], `(x${plus(-x)})^2`)}${plus(y)}`
  const right = [vertex(h, k), `${polynomial(whole)} = y`]
  return either(draw, gold, right, [
    vertex(-h, k),
    vertex(h, -k),
    `x = ${polynomial(whole, 'y')}`,
    polynomial([a, 2 * a * h, whole[2] ?? 0]),
  ])
}

export const relationFamilies: readonly Family[] = [
  { name: 'circle', kind: 'auto', make: circles },
  { name: 'inequality', kind: 'expression', make: inequalities },
  { name: 'chain', kind: 'auto', make: chains },
  { name: 'approximation', kind: 'expression', make: approximations },
  { name: 'system', kind: 'auto', make: systems },
  { name: 'roots', kind: 'expression', make: roots },
  { name: 'ratio', kind: 'auto', make: ratios },
  { name: 'ellipse', kind: 'auto', make: ellipses },
  { name: 'parabola', kind: 'expression', make: parabolas },
]
