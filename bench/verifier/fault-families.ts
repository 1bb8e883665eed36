import type { Draw } from './draw.ts'
import { either, plus } from './pair.ts'
import type { Family, Made } from './pair.ts'

// Pairs of the kinds of fault that public reports about answer checkers show.

function unsolved(draw: Draw): Made {
  const [n, k, c] = [draw.nonZero(40), draw.int(2, 9), draw.nonZero(30)]
  const wrong = [`${k}x${plus(c)} = ${k * n + c}`, `x${plus(-n)} = 0`, `x = ${n + 1}`, `${k}x = ${k * n}`]
  return either(draw, `x = ${n}`, [`x = ${n}`, String(n), `${n} = x`, `x = ${k * n}/${k} = ${n}`], wrong)
}

function ranges(draw: Draw): Made {
  const [a, d, s] = [draw.int(10, 60), draw.int(1, 20), draw.int(1, 30)]
  const b = a + d
  const right = [`${a}-${b}`, `${a}–${b}`, `${a} to ${b}`, `${a} - ${b}`]
  return either(draw, `${a}-${b}`, right, [`${a + s}-${b + s}`, `${b}-${a}`, `${a}-${b + s}`, String(-d)])
}

function codes(draw: Draw): Made {
  const [x, y, n] = [draw.of('AB', 'KX', 'QT'), draw.of('C', 'M', 'Z'), draw.int(100, 899)]
  const wrong = [`${y}${x}-${n}`, `${x}${y}-${n + 1}`, `${x}-${n}`, `${y}${x.charAt(1)}${x.charAt(0)}-${n}`]
  return either(draw, `${x}${y}-${n}`, [`${x}${y}-${n}`, `${x}${y} ${n}`, `${x}${y}–${n}`], wrong)
}

function sizes(draw: Draw): Made {
  const [a, b] = [draw.int(2, 40), draw.int(41, 90)]
  return either(
    draw,
    `${a}x${b}`,
    [`${a} × ${b}`, `${a} x ${b}`, `${a} by ${b}`],
    [`${b}x${a}`, String(a * b), `${a}x${b + 1}`, `${2 * a}x${b / 2}`],
  )
}

function durations(draw: Draw): Made {
  const [h, m] = [draw.int(1, 9), draw.int(1, 59)]
  const all = 60 * h + m
  const right = [`${all} minutes`, `${h} h ${m} min`, `${h} hours and ${m} minutes`, `${h}h ${m}m`]
  return either(
    draw,
    `${h} hours ${m} minutes`,
    right,
    [`${h} hours`, `${m} minutes`, `${all + 1} minutes`, `${m} hours ${h} minutes`].filter(
      (t) => m !== h || !t.startsWith(`${m} hours`),
    ),
  )
}

function unknowns(draw: Draw): Made {
  const [x, d] = [draw.nonZero(50), draw.int(1, 30)]
  const y = x + d
  const right = [`y = ${y}, x = ${x}`, `x = ${x} and y = ${y}`, `${x}, ${y}`, `(x, y) = (${x}, ${y})`]
  return either(draw, `x = ${x}, y = ${y}`, right, [`${y}, ${x}`, `x = ${y}, y = ${x}`, `x = ${x}`, `(${y}, ${x})`])
}

function repeats(draw: Draw): Made {
  const [n, d] = [draw.int(1, 90), draw.int(1, 9)]
  return either(
    draw,
    `${n}, ${n}, ${n + d}`,
    [`${n + d}, ${n}, ${n}`, `${n}, ${n + d}, ${n}`],
    [`${n}, ${n + d}`, `${n}, ${n + d}, ${n + d}`, String(n)],
  )
}

function angles(draw: Draw): Made {
  const [d, text] = draw.of<[number, string]>(
    [30, '\\frac{\\pi}{6}'],
    [45, '\\frac{\\pi}{4}'],
    [60, '\\frac{\\pi}{3}'],
    [90, '\\frac{\\pi}{2}'],
    [120, '\\frac{2\\pi}{3}'],
  )
  return either(
    draw,
    `${d}^\\circ`,
    [text, `${text} \\text{ rad}`, `${d} \\text{ degrees}`, String(d)],
    [`${d} \\text{ rad}`, `2${text}`, `${d + 15}^\\circ`],
  )
}

function grouped(draw: Draw): Made {
  const lakhs = draw.int(1, 99) * 100_000 + draw.int(0, 99_999)
  const indian = String(lakhs).replace(/(\d)(?=(\d\d)+\d$)/g, '$1,')
  const spaced = String(lakhs).replace(/\B(?=(\d{3})+$)/g, '\u202f')
  return either(
    draw,
    String(lakhs),
    [indian, spaced],
    [indian.replace(/\d$/, (c) => String((Number(c) + 1) % 10)), `${lakhs}0`],
  )
}

function sentences(draw: Draw): Made {
  const n = draw.int(3, 900)
  const say = (value: number): string =>
    draw.of(
      `It takes ${value} minutes.`,
      `The train needs ${value} minutes for the whole way.`,
      `Die Antwort ist ${value}.`,
      `La réponse est ${value}.`,
      `答えは${value}です。`,
      `所以一共有${value}个苹果。`,
    )
  return either(draw, String(n), [say(n)], [say(n + draw.int(1, 9))])
}

function besideTheBox(draw: Draw): Made {
  const n = draw.int(2, 400)
  const right = [`\\boxed{${n}}\\text{ m}`, `\\boxed{${n * 100}}\\text{ cm}`, `$\\boxed{${n}}$ m`]
  return either(draw, `${n} m`, right, [
    `\\boxed{${n}}\\text{ cm}`,
    `\\boxed{${n}}\\text{ kg}`,
    `-\\boxed{${n}}\\text{ m}`,
  ])
}

export const faultFamilies: readonly Family[] = [
  { name: 'unsolved', kind: 'expression', make: unsolved },
  { name: 'range', kind: 'auto', make: ranges },
  { name: 'code', kind: 'auto', make: codes },
  { name: 'size', kind: 'auto', make: sizes },
  { name: 'duration', kind: 'number', make: durations },
  { name: 'unknowns', kind: 'auto', make: unknowns },
  { name: 'repeats', kind: 'list', make: repeats },
  { name: 'angle', kind: 'auto', make: angles },
  { name: 'grouped', kind: 'number', make: grouped },
  { name: 'sentence', kind: 'number', wrapping: 'none', make: sentences },
  { name: 'beside', kind: 'number', wrapping: 'none', make: besideTheBox },
]
