import { digitChanged, either, fraction, gcd } from './pair.ts'
import type { Draw } from './draw.ts'
import type { Family, Made } from './pair.ts'

/** The digits in groups from the right: three in the first group, `size` in every other group. */
function groups(digits: string, separator: string, size: 2 | 3 = 3): string {
  const [head, last] = [digits.slice(0, -3), digits.slice(-3)]
  const pattern = size === 3 ? /\B(?=(\d{3})+$)/g : /\B(?=(\d\d)+$)/g
  return head === '' ? last : `${head.replace(pattern, () => separator)}${separator}${last}`
}

function groupedDigits(draw: Draw): Made {
  const digits = String(draw.int(1_000_000, 98_765_432))
  const all = (text: string): string[] => [
    groups(text, ','),
    groups(text, ',', 2),
    groups(text, ' '),
    groups(text, '\u2009'),
    groups(text, '\u00a0'),
    groups(text, "'"),
    groups(text, '\\,'),
    groups(text, '{,}'),
    groups(text, '.'),
    `${groups(text, ',')}.00`,
  ]
  return either(draw, digits, all(digits), [
    ...all(digitChanged(draw, digits)),
    `${digits}0`,
    groups(digits.slice(0, -1), ','),
    groups(digits, ',').replace(/,.*/, ''),
  ])
}

function indianWords(draw: Draw): Made {
  const [word, size] = draw.of<[string, number]>(['lakh', 100_000], ['crore', 10_000_000], ['lakhs', 100_000])
  const tenths = draw.int(11, 979)
  const n = String(tenths / 10)
  return either(
    draw,
    String((tenths * size) / 10),
    [`${n} ${word}`, groups(String((tenths * size) / 10), ',', 2), `${n} ${word} rupees`],
    [`${n} ${size === 100_000 ? 'crore' : 'lakh'}`, n, `${digitChanged(draw, n)} ${word}`, `${n} million`],
  )
}

function otherDigits(draw: Draw): Made {
  const n = draw.int(11, 98_765)
  const write = (value: number, zero: number): string =>
    Array.from(String(value), (digit) => String.fromCodePoint(zero + Number(digit))).join('')
  const zero = draw.of(0xff10, 0x660, 0x6f0, 0x966)
  return either(draw, String(n), [write(n, zero)], [write(n + draw.int(1, 9), zero), write(n * 10, zero)])
}

function repeating(draw: Draw): Made {
  const nines = draw.of(9, 99)
  const digits = nines === 9 ? 1 : 2
  const k = draw.int(1, nines - 1)
  if (nines === 99 && k % 11 === 0) return repeating(draw)
  const divisor = gcd(k, nines)
  const write = (value: number): string => String(value).padStart(digits, '0')
  const forms = (value: string): string[] => [
    `0.(${value})`,
    `0.\\overline{${value}}`,
    `0.${value.repeat(digits === 1 ? 4 : 3)}\\ldots`,
    `0.${value.repeat(digits === 1 ? 4 : 3)}...`,
    `0.${value.repeat(digits === 1 ? 5 : 3)}…`,
    ...(digits === 1 ? [`0.\\dot{${value}}`, `0.\\bar{${value}}`] : []),
  ]
  const other = k + 1 < nines && (k + 1) % 11 !== 0 ? k + 1 : k - 1
  return either(draw, fraction(k / divisor, nines / divisor), forms(write(k)), [
    ...(other > 0 ? forms(write(other)) : []),
    `0.${write(k)}`,
    `1.(${write(k)})`,
  ])
}

const ones =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  )
const tens = ' ten twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')

/** A whole number below 1,000 in English words. */
export function inWords(n: number): string {
  if (n < 20) return ones[n] ?? ''
  const rest = n % 10 === 0 ? '' : `-${ones[n % 10]}`
  if (n < 100) return `${tens[Math.floor(n / 10)]}${rest}`
  return `${ones[Math.floor(n / 100)]} hundred${n % 100 === 0 ? '' : ` and ${inWords(n % 100)}`}`
}

function numberWords(draw: Draw): Made {
  const n = draw.int(2, 990)
  const noun = draw.of('', ' apples', ' people')
  return either(
    draw,
    String(n),
    [inWords(n), `${inWords(n)}${noun}`, inWords(n).replace(/^./, (c) => c.toUpperCase())],
    [inWords(n + 1), `${inWords(n)} thousand`, `minus ${inWords(n)}`, inWords(n < 10 ? n + 10 : n - 1)],
  )
}

function powersOfTen(draw: Draw): Made {
  const [a, power] = [draw.int(11, 98), draw.int(4, 11)]
  const whole = `${a}${'0'.repeat(power - 1)}`
  const m = `${Math.floor(a / 10)}.${a % 10}`
  const up = Array.from(String(power), (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'.charAt(Number(digit))).join('')
  return either(
    draw,
    whole,
    [
      `${m}e${power}`,
      `${m}E+${power}`,
      `${m} × 10^${power}`,
      `${m}×10${up}`,
      `${m} \\cdot 10^{${power}}`,
      `${m} x 10^${power}`,
    ],
    [`${m}e${power - 1}`, `${m} × 10^${power + 1}`, `${m}×10^{-${power}}`, m, `${digitChanged(draw, m)}e${power}`],
  )
}

function slashes(draw: Draw): Made {
  const [n, d] = [draw.int(1, 30), draw.int(2, 30)]
  if (gcd(n, d) !== 1) return slashes(draw)
  return either(
    draw,
    `\\frac{${n}}{${d}}`,
    [
      `${n}/${d}`,
      `${n} / ${d}`,
      `\\frac${n > 9 || d > 9 ? `{${n}}{${d}}` : `${n}${d}`}`,
      `${n}⁄${d}`,
      `\\cfrac{${n}}{${d}}`,
    ],
    [`${d}/${n}`, `${n}${d}`, `${n}.${d}`, `${n}/${d + 1}`, `${n}:${d + 1}`].filter((text) => text !== `${n}/${n}`),
  )
}

export const formatFamilies: readonly Family[] = [
  { name: 'groups of digits', kind: 'number', make: groupedDigits },
  { name: 'groups of digits, by itself', kind: 'auto', make: groupedDigits },
  { name: 'lakh and crore', kind: 'number', wrapping: 'words', make: indianWords },
  { name: 'digits of other scripts', kind: 'auto', make: otherDigits },
  { name: 'repeating', kind: 'auto', make: repeating },
  { name: 'number in words', kind: 'number', wrapping: 'words', make: numberWords },
  { name: 'power of ten', kind: 'auto', make: powersOfTen },
  { name: 'slash', kind: 'auto', make: slashes },
]
