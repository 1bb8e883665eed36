import { digitChanged, either, fraction, gcd } from './pair.ts'
import type { Family, Made } from './pair.ts'
import type { Draw } from './draw.ts'

function coprime(draw: Draw, most: number): [number, number] {
  for (;;) {
    const [n, d] = [draw.int(1, most), draw.int(2, most)]
    if (gcd(n, d) === 1) return [n, d]
  }
}

const opposite = (text: string): string => (text.startsWith('-') ? text.slice(1) : `-${text}`)

function fractions(draw: Draw): Made {
  const [n, d] = coprime(draw, 40)
  const k = draw.int(2, 9)
  const gold = fraction(n, d)
  const right = [
    fraction(n * k, d * k),
    `\\dfrac{${n}}{${d}}`,
    `\\tfrac{${n}}{${d}}`,
    `${n}/${d}`,
    `\\frac{${n}}{ ${d} }`,
  ]
  return either(draw, gold, right, [
    fraction(n + 1, d),
    fraction(n, d + 1),
    `-${gold}`,
    ...(n === 1 ? [] : [fraction(d, n)]),
  ])
}

function terminating(draw: Draw): Made {
  const d = draw.of(2, 4, 5, 8, 16, 20, 25, 40, 50)
  const n = d * draw.int(0, 9) + draw.int(1, d - 1)
  const gold = fraction(n, d)
  const decimal = String(n / d)
  return either(
    draw,
    gold,
    [decimal, `${decimal}0`],
    [digitChanged(draw, decimal), `-${decimal}`, `${decimal}1`, String((n / d) * 10)],
  )
}

function mixed(draw: Draw): Made {
  const [n, d] = coprime(draw, 12)
  const whole = draw.int(1, 20)
  if (n >= d) return mixed(draw)
  const gold = fraction(whole * d + n, d)
  const write = (w: number, a: number, b: number): string => `${w}\\frac{${a}}{${b}}`
  return either(
    draw,
    gold,
    [write(whole, n, d), `${whole} \\frac{${n}}{${d}}`, `${whole}\\dfrac{${n}}{${d}}`],
    [write(whole + 1, n, d), write(whole, n, d + 1), fraction(whole * d + n + 1, d), `-${write(whole, n, d)}`],
  )
}

function integers(draw: Draw): Made {
  const gold = `${draw.chance(0.3) ? '-' : ''}${draw.int(1, 9)}${Array.from({ length: draw.int(3, 24) }, () => draw.int(0, 9)).join('')}`
  const grouped = gold.replace(/\B(?=(\d{3})+$)/g, ',')
  const right = [grouped.replaceAll(',', '{,}'), grouped.replaceAll(',', '\\,'), grouped, `${gold}.0`, `${gold}.`]
  return either(draw, gold, right, [digitChanged(draw, gold), digitChanged(draw, grouped), opposite(gold), `${gold}0`])
}

function decimals(draw: Draw): Made {
  const gold = `${draw.int(0, 99)}.${draw.int(1, 9999)}${draw.int(1, 9)}`
  const far = digitChanged(draw, gold)
  return either(
    draw,
    gold,
    [`${gold}0`, `${gold}00`, `+${gold}`, ` ${gold} `],
    [far, `-${gold}`, gold.replace('.', '')],
  )
}

function scientific(draw: Draw): Made {
  const mantissa = `${draw.int(1, 9)}.${draw.int(1, 99)}`.replace(/0$/, '5')
  const power = draw.nonZero(12)
  const gold = `${mantissa} \\times 10^{${power}}`
  const right = [`${mantissa}\\times10^{${power}}`, `${mantissa} \\cdot 10^{${power}}`, `${mantissa}e${power}`]
  const wrong = [
    `${mantissa} \\times 10^{${power + 1}}`,
    `${mantissa} \\times 10^{${-power}}`,
    `${digitChanged(draw, mantissa)} \\times 10^{${power}}`,
  ]
  return either(draw, gold, right, wrong)
}

/** Repeating or irrational values with their first digits, the last digit rounded. */
function rounded(draw: Draw): Made {
  const [n, d] = coprime(draw, 30)
  const whole = String(n / d)
  if (!/\.\d{8}/.test(whole)) return rounded(draw)
  const six = (n / d).toFixed(draw.int(6, 9))
  return either(
    draw,
    fraction(n, d),
    [six],
    [digitChanged(draw, six), (n / d).toFixed(2), (n / d).toFixed(3), `-${six}`],
  )
}

function surds(draw: Draw): Made {
  const m = draw.of(2, 3, 5, 6, 7, 10, 11, 13)
  const k = draw.int(2, 9)
  const gold = `${k}\\sqrt{${m}}`
  const right = [`\\sqrt{${k * k * m}}`, `${k} \\sqrt{${m}}`, `\\sqrt{${m}} \\cdot ${k}`, `${k}\\cdot\\sqrt{${m}}`]
  return either(draw, gold, right, [
    `${k + 1}\\sqrt{${m}}`,
    `${k}\\sqrt{${m + 1}}`,
    `-${gold}`,
    `\\sqrt{${k * m}}`,
    `${k}+\\sqrt{${m}}`,
  ])
}

function rationalised(draw: Draw): Made {
  const m = draw.of(2, 3, 5, 7, 11)
  const k = m + draw.int(1, 30)
  const conjugate = `\\frac{1}{\\sqrt{${k}}-\\sqrt{${m}}}`
  const done = (sign: string, below: number): string => `\\frac{\\sqrt{${k}}${sign}\\sqrt{${m}}}{${below}}`
  return either(draw, conjugate, [done('+', k - m)], [done('-', k - m), done('+', k - m + 1), done('+', k + m)])
}

function pis(draw: Draw): Made {
  const [n, d] = coprime(draw, 24)
  const gold = `\\frac{${n}\\pi}{${d}}`
  const right = [
    `\\frac{${n}}{${d}}\\pi`,
    `${n}\\pi/${d}`,
    `\\frac{\\pi \\cdot ${n}}{${d}}`,
    `\\frac{${2 * n}\\pi}{${2 * d}}`,
  ]
  return either(draw, gold, right, [
    `\\frac{${n + 1}\\pi}{${d}}`,
    `\\frac{${n}\\pi}{${d + 1}}`,
    `\\frac{${n}}{${d}}`,
    `-${gold}`,
  ])
}

function percents(draw: Draw): Made {
  const n = draw.int(2, 99)
  const gold = `${n}\\%`
  const right = [`${n} \\%`, `${n}.0\\%`, String(n / 100), fraction(n, 100)]
  return either(draw, gold, right, [`${n + 1}\\%`, String(n / 1000), `-${n}\\%`, `${n}0\\%`])
}

// prettier-ignore
const lengths: readonly [string, number][] = [['mm', 1], ['cm', 10], ['m', 1000], ['km', 1_000_000]]
const others = ['kg', 's', 'N', 'L']

function units(draw: Draw): Made {
  const n = draw.int(2, 99)
  const [name, size] = draw.of(lengths[0] ?? ['mm', 1], ...lengths)
  const [other, otherSize] = draw.of(lengths[0] ?? ['mm', 1], ...lengths)
  const write = (value: number, unit: string): string => `${value} \\text{ ${unit}}`
  const right = [write(n, name), `${n}\\,\\mathrm{${name}}`, `${n}\\text{${name}}`, String(n)]
  const converted = (n * size) / otherSize
  if (Number.isInteger(converted)) right.push(write(converted, other))
  const wrong = [write(n + 1, name), write(n, draw.of('kg', ...others)), write(-n, name), `${n} \\text{ ${name}}^2`]
  if (other !== name) wrong.push(write(n, other))
  return either(draw, write(n, name), right, wrong)
}

function bases(draw: Draw): Made {
  const base = draw.int(3, 9)
  const digits = Array.from({ length: draw.int(3, 6) }, () => draw.int(1, base - 1)).join('')
  const gold = `${digits}_{${base}}`
  const reversed = Array.from(digits).toReversed().join('')
  const wrong = [
    `${digits}_{${base + 1}}`,
    `${reversed === digits ? `1${digits}` : reversed}_{${base}}`,
    `${digits}1_{${base}}`,
  ]
  return either(draw, gold, [`${digits}_${base}`, `${digits}_{ ${base} }`, `(${digits})_{${base}}`], wrong)
}

function counting(draw: Draw): Made {
  const n = draw.int(4, 9)
  const value = Array.from({ length: n }, (_, i) => i + 1).reduce((a, b) => a * b, 1)
  const pairs = (n * (n - 1)) / 2
  if (draw.chance(0.5)) return either(draw, `${n}!`, [String(value)], [String(value + 1), `${n - 1}!`, String(n)])
  return either(
    draw,
    `\\binom{${n}}{2}`,
    [String(pairs), `\\frac{${n}!}{2! \\cdot ${n - 2}!}`],
    [String(pairs + 1), `\\binom{${n + 1}}{2}`],
  )
}

export const numberFamilies: readonly Family[] = [
  { name: 'fraction', kind: 'auto', make: fractions },
  { name: 'fraction-decimal', kind: 'auto', make: terminating },
  { name: 'mixed-number', kind: 'auto', make: mixed },
  { name: 'integer', kind: 'auto', make: integers },
  { name: 'decimal', kind: 'number', make: decimals },
  { name: 'scientific', kind: 'auto', make: scientific },
  { name: 'rounded', kind: 'auto', make: rounded },
  { name: 'surd', kind: 'auto', make: surds },
  { name: 'rationalised', kind: 'expression', make: rationalised },
  { name: 'pi', kind: 'auto', make: pis },
  { name: 'percent', kind: 'auto', make: percents },
  { name: 'unit', kind: 'auto', make: units },
  { name: 'base', kind: 'auto', make: bases },
  { name: 'counting', kind: 'expression', make: counting },
]
