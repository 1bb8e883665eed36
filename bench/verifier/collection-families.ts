import { either, fraction } from './pair.ts'
import type { Draw } from './draw.ts'
import type { Family, Made } from './pair.ts'

/** Different integers in random order. */
function distinct(draw: Draw, count: number): number[] {
  const values = new Set<number>()
  while (values.size < count) values.add(draw.int(-20, 40))
  return [...values]
}

function oneChanged(draw: Draw, values: readonly number[]): number[] {
  const at = draw.int(0, values.length - 1)
  const by = draw.int(61, 70)
  return values.map((n, i) => (i === at ? n + by : n))
}

const braces = (items: readonly (number | string)[]): string => `\\{${items.join(', ')}\\}`
const round = (items: readonly (number | string)[]): string => `(${items.join(', ')})`

function sets(draw: Draw): Made {
  const values = distinct(draw, draw.int(2, 6))
  const mixed = draw.shuffled(values)
  const right = [
    braces(mixed),
    `\\left\\{ ${mixed.join(', ')} \\right\\}`,
    `\\{${mixed.join(',')}\\}`,
    braces([...mixed, ...mixed.slice(0, 1)]),
  ]
  return either(draw, braces(values), right, [
    braces(oneChanged(draw, mixed)),
    braces(mixed.slice(1)),
    braces([...mixed, 99]),
  ])
}

function rows(draw: Draw): Made {
  const values = distinct(draw, draw.int(2, 4))
  const mixed = draw.shuffled(values)
  const right = [mixed.join(', '), mixed.join(' , '), braces(mixed)]
  return either(draw, values.join(', '), right, [
    oneChanged(draw, mixed).join(', '),
    [...mixed, 99].join(', '),
    ...(values.length > 2 ? [mixed.slice(1).join(', ')] : []),
  ])
}

function tuples(draw: Draw): Made {
  const values = distinct(draw, draw.int(2, 4))
  const right = [`(${values.join(',')})`, `\\left(${values.join(', ')}\\right)`, `( ${values.join(' , ')} )`]
  return either(draw, round(values), right, [
    round(values.toReversed()),
    round(oneChanged(draw, values)),
    round([...values, 1]),
    round([-(values[0] ?? 0) || 50, ...values.slice(1)]),
  ])
}

function intervals(draw: Draw): Made {
  const low = draw.int(-20, 20)
  const high = low + draw.int(1, 30)
  const [open, close] = [draw.of('[', '('), draw.of(']', ')')]
  const gold = `${open}${low}, ${high}${close}`
  const [below, above] = [open === '[' ? '\\le' : '<', close === ']' ? '\\le' : '<']
  const right = [
    `${open}${low},${high}${close}`,
    `\\left${open}${low}, ${high}\\right${close}`,
    `${low} ${below} x ${above} ${high}`,
    `x \\in ${gold}`,
  ]
  const wrong = [
    `${open === '[' ? '(' : '['}${low}, ${high}${close}`,
    `${open}${low}, ${high}${close === ']' ? ')' : ']'}`,
    `${open}${low}, ${high + 1}${close}`,
    `${low} ${below === '<' ? '\\le' : '<'} x ${above} ${high}`,
  ]
  return either(draw, gold, right, wrong)
}

function rays(draw: Draw): Made {
  const n = draw.int(-30, 30)
  const closed = draw.chance(0.5)
  const gold = `${closed ? '[' : '('}${n}, \\infty)`
  const right = [
    `x ${closed ? '\\ge' : '>'} ${n}`,
    `${n} ${closed ? '\\leq' : '<'} x`,
    `${closed ? '[' : '('}${n}, +\\infty)`,
  ]
  return either(draw, gold, right, [
    `x ${closed ? '>' : '\\ge'} ${n}`,
    `x ${closed ? '\\le' : '<'} ${n}`,
    `x ${closed ? '\\ge' : '>'} ${n + 1}`,
    `(-\\infty, ${n}${closed ? ']' : ')'}`,
  ])
}

function unions(draw: Draw): Made {
  const low = draw.int(-20, 0)
  const high = draw.int(1, 20)
  const [left, right] = [`(-\\infty, ${low})`, `(${high}, \\infty)`]
  const wrong = [`(-\\infty, ${low}] \\cup ${right}`, `${left} \\cup (${high + 1}, \\infty)`, left, `(${low}, ${high})`]
  return either(
    draw,
    `${left} \\cup ${right}`,
    [`${right} \\cup ${left}`, `(-\\infty,${low})\\cup(${high},\\infty)`, `x < ${low} \\text{ or } x > ${high}`],
    wrong,
  )
}

function plusMinus(draw: Draw): Made {
  const n = draw.int(1, 20)
  const root = draw.of(2, 3, 5, 7)
  const surd = draw.chance(0.5)
  const value = surd ? `\\sqrt{${root}}` : String(n)
  return either(
    draw,
    `\\pm ${value}`,
    [braces([value, `-${value}`]), `${value}, -${value}`, `-${value}, ${value}`, `\\pm${value}`],
    [value, `-${value}`, `\\pm ${surd ? `\\sqrt{${root + 1}}` : n + 1}`, braces([value, `${value}+1`])],
  )
}

function matrices(draw: Draw): Made {
  const values = distinct(draw, 4)
  const write = ([a, b, c, d]: readonly number[], style: string, gap = ' '): string =>
    `\\begin{${style}}${a}${gap}&${gap}${b} \\\\ ${c}${gap}&${gap}${d}\\end{${style}}`
  const [a = 0, b = 0, c = 0, d = 0] = values
  return either(
    draw,
    write(values, 'pmatrix'),
    [write(values, 'bmatrix'), write(values, 'pmatrix', '')],
    [write([a, c, b, d], 'pmatrix'), write(oneChanged(draw, values), 'pmatrix'), write([a, b, c, -d || 50], 'pmatrix')],
  )
}

function points(draw: Draw): Made {
  const [x, y] = [draw.int(1, 9), draw.int(11, 19)]
  const half = (n: number): string => (n % 2 === 0 ? String(n / 2) : fraction(n, 2))
  const gold = `(${half(x)}, ${half(y)})`
  return either(
    draw,
    gold,
    [`(${x / 2}, ${y / 2})`, `(x, y) = ${gold}`, `\\left(${half(x)}, ${half(y)}\\right)`],
    [`(${half(y)}, ${half(x)})`, `(${half(x)}, -${half(y)})`, `(${half(x + 1)}, ${half(y)})`, half(x)],
  )
}

export const collectionFamilies: readonly Family[] = [
  { name: 'set', kind: 'list', make: sets },
  { name: 'row', kind: 'list', make: rows },
  { name: 'tuple', kind: 'auto', make: tuples },
  { name: 'interval', kind: 'expression', make: intervals },
  { name: 'ray', kind: 'auto', make: rays },
  { name: 'union', kind: 'expression', make: unions },
  { name: 'plus-minus', kind: 'auto', make: plusMinus },
  { name: 'matrix', kind: 'auto', make: matrices },
  { name: 'point', kind: 'auto', make: points },
]
