import { digitChanged, either } from './pair.ts'
import type { Draw } from './draw.ts'
import type { Family, Made } from './pair.ts'

/** Spellings of one unit; # is the number. The first is the gold's. */
const spellings: readonly (readonly [string, ...string[]])[] = [
  ['# years', '# years old', '# yrs', '# yr', '# year', '# years of age'],
  ['# °C', '# degrees Celsius', '#°C', '# deg C', '# \\,^\\circ\\text{C}', '# degrees', '# celsius'],
  ['# °F', '# degrees Fahrenheit', '#°F', '# deg F', '# fahrenheit'],
  ['# km/h', '# kph', '# km per hour', '# kilometers per hour', '# kmh', '# kilometres an hour', '# km/hr'],
  ['# m/s', '# meters per second', '# metres per second', '# m/sec', '# m s^{-1}', '# m·s⁻¹', '# meters/second'],
  ['# mph', '# miles per hour', '# mi/h', '# miles/hour'],
  ['# m²', '# square meters', '# square metres', '# sq m', '# m^2', '# sq. m', '# sqm', '# meters squared'],
  ['# cm³', '# cubic centimeters', '# cm^3', '# cc', '# cubic cm', '# cu cm', '# ml'],
  ['# hours', '# h', '# hrs', '# hr', '# hour'],
  ['# minutes', '# min', '# mins', '# min.', '# minute'],
  ['# seconds', '# s', '# sec', '# secs'],
  ['# kg', '# kilograms', '# kilos', '# kgs', '# kilogrammes', '# kilogram'],
  ['# pounds', '# lb', '# lbs', '# lbs.'],
  ['# feet', '# ft', '# ft.', '# foot'],
  ['# inches', '# in', '# in.', '# inch', '#"'],
  ['# miles', '# mi', '# mile'],
  ['# liters', '# litres', '# L', '# l', '# liter'],
  ['# kWh', '# kilowatt hours', '# kilowatt-hours', '# kW h'],
  ['# Ω', '# ohms', '# ohm', '# \\Omega'],
  ['# N', '# newtons', '# newton', '# Newtons'],
  ['# J', '# joules', '# joule', '# Joules'],
  ['# W', '# watts', '# watt'],
  ['# V', '# volts', '# volt'],
  ['# Hz', '# hertz', '# Hertz', '# s^{-1}'],
  ['# mol', '# moles', '# mole'],
  ['# g/cm³', '# g/cm^3', '# grams per cubic centimeter', '# g/mL', '# g cm^{-3}'],
  ['# percent', '#%', '# %', '# per cent', '#\\%'],
  ['# dollars', '$#', '# USD', '\\$#', '# US dollars'],
  ['# euros', '€#', '# EUR', '# €', '#€'],
  ['# μm', '# micrometers', '# µm', '# microns', '# um'],
  ['# days', '# day', '# d'],
  ['# meters', '# m', '# metres', '# meter'],
]

function unitSpellings(draw: Draw): Made {
  const at = draw.int(0, spellings.length - 1)
  const own = spellings[at] ?? ['#']
  // Another row of the table, whose unit never has the same value.
  const [other] = spellings[(at + draw.int(1, spellings.length - 1)) % spellings.length] ?? own
  const n = String(draw.int(2, 480))
  const put = (form: string, number: string): string => form.replace('#', () => number)
  const [first, ...others] = own
  const wrong = [
    put(draw.of(first, ...others), digitChanged(draw, n)),
    put(other, n),
    put(draw.of(first, ...others), `-${n}`),
  ]
  return either(
    draw,
    put(first, n),
    others.map((form) => put(form, n)),
    wrong,
  )
}

interface Parts {
  big: readonly [string, ...string[]]
  small: readonly [string, ...string[]]
  per: number
}
const compounds: readonly [Parts, ...Parts[]] = [
  { big: ['hours', 'h', 'hr'], small: ['minutes', 'min', 'mins'], per: 60 },
  { big: ['minutes', 'min'], small: ['seconds', 's', 'sec'], per: 60 },
  { big: ['feet', 'ft'], small: ['inches', 'in'], per: 12 },
  { big: ['pounds', 'lb'], small: ['ounces', 'oz'], per: 16 },
  { big: ['kg', 'kilograms'], small: ['g', 'grams'], per: 1000 },
  { big: ['m', 'meters'], small: ['cm', 'centimeters'], per: 100 },
  { big: ['km', 'kilometers'], small: ['m', 'meters'], per: 1000 },
  { big: ['days'], small: ['hours', 'h'], per: 24 },
  { big: ['weeks'], small: ['days'], per: 7 },
  { big: ['years'], small: ['months'], per: 12 },
  { big: ['dollars'], small: ['cents'], per: 100 },
  { big: ['L', 'liters'], small: ['mL', 'milliliters'], per: 1000 },
]

function compoundAmounts(draw: Draw): Made {
  const { big, small, per } = draw.of(...compounds)
  const [a, b] = [draw.int(2, 20), draw.int(1, per - 1)]
  const [bigs, smalls] = [draw.of(...big), draw.of(...small)]
  const all = a * per + b
  const gold = `${a} ${big[0]} ${b} ${small[0]}`
  const right = [`${all} ${smalls}`, `${a} ${bigs} ${b} ${smalls}`, `${a} ${bigs} and ${b} ${smalls}`]
  if ((4 * b) % per === 0) right.push(`${all / per} ${bigs}`)
  const wrong = [
    `${all + 1} ${smalls}`,
    `${a} ${bigs}`,
    `${b} ${smalls}`,
    `${a} ${bigs} ${b === 1 ? 2 : b - 1} ${smalls}`,
    `${a + 1} ${bigs} ${b} ${smalls}`,
    `${all} ${bigs}`,
    `${a}.${b} kelvin`,
  ]
  if (a !== b) wrong.push(`${b} ${bigs} ${a} ${smalls}`)
  return either(draw, gold, right, wrong)
}

function wordsAfter(draw: Draw): Made {
  const n = draw.int(3, 90)
  const noun = draw.of('apples', 'students', 'tickets', 'marbles', 'books', 'people', 'cookies', 'trees')
  const right = [
    `${n} ${noun}`,
    `${n} ${noun} in total`,
    `${n} ${noun} in all`,
    `${n} whole ${noun}`,
    `exactly ${n} ${noun}`,
  ]
  const scale = draw.of(
    'millions',
    'million',
    'thousand',
    'thousands',
    'hundred',
    'billion',
    'dozen',
    'lakh',
    'trillion',
  )
  const wrong = [
    `${n} ${scale}`,
    `${n} ${scale} ${noun}`,
    `${n} degrees below zero`,
    `${n} below zero`,
    `${n} squared`,
    `${n} and a half`,
    `${n} and a half ${noun}`,
    `minus ${n}`,
    `half of ${n}`,
    `${n} factorial`,
    `twice ${n}`,
  ]
  return either(draw, String(n), right, wrong)
}

function scaled(draw: Draw): Made {
  const [word, short, power] = draw.of<[string, string, number]>(
    ['thousand', 'K', 3],
    ['million', 'M', 6],
    ['billion', 'B', 9],
  )
  const tenths = draw.int(11, 989)
  const gold = String(tenths * 10 ** (power - 1))
  const n = String(tenths / 10)
  const wrong = [`${digitChanged(draw, n)} ${word}`, n, `${n} ${power === 6 ? 'billion' : 'million'}`, `${n} dozen`]
  if (power === 3) wrong.push(`${n}B`)
  return either(
    draw,
    gold,
    [`${n} ${word}`, `${n}${short}`, `${n} ${word} people`, `${n} \\times 10^{${power}}`],
    power === 6 ? wrong.filter((text) => !text.endsWith(' million') || !text.startsWith(`${n} `)) : wrong,
  )
}

function belowZero(draw: Draw): Made {
  const n = draw.int(2, 40)
  return either(
    draw,
    `-${n}`,
    [`${n} below zero`, `${n} degrees below zero`, `minus ${n}`, `negative ${n}`, `-${n} degrees`],
    [`${n} degrees above zero`, `${n} degrees`, String(n), `${n + 1} degrees below zero`, `minus ${n + 2}`],
  )
}

function money(draw: Draw): Made {
  const [n, cents] = [draw.int(2, 900), draw.int(11, 99)]
  const gold = `$${n}.${cents}`
  return either(
    draw,
    gold,
    [
      `${n}.${cents} dollars`,
      `\\$${n}.${cents}`,
      `${n} dollars and ${cents} cents`,
      `${n}.${cents} USD`,
      `${n}${cents} cents`,
    ],
    [`${n}.${cents} cents`, `€${n}.${cents}`, `$${n}`, `$${n + 1}.${cents}`, `${n}.${cents} euros`],
  )
}

function turns(draw: Draw): Made {
  const [degrees, radians, decimal] = draw.of<[number, string, string]>(
    [15, '\\frac{\\pi}{12}', '0.2618'],
    [36, '\\frac{\\pi}{5}', '0.6283'],
    [135, '\\frac{3\\pi}{4}', '2.3562'],
    [150, '\\frac{5\\pi}{6}', '2.6180'],
    [180, '\\pi', '3.1416'],
    [210, '\\frac{7\\pi}{6}', '3.6652'],
    [270, '\\frac{3\\pi}{2}', '4.7124'],
    [300, '\\frac{5\\pi}{3}', '5.2360'],
    [72, '\\frac{2\\pi}{5}', '1.2566'],
  )
  const isDegrees = draw.chance(0.5)
  const inDegrees = [`${degrees}^\\circ`, `${degrees}°`, `${degrees} \\text{ degrees}`, `${degrees}^{\\circ}`]
  const inRadians = [radians, `${radians} \\text{ rad}`, `${radians} \\text{ radians}`]
  return either(
    draw,
    isDegrees ? `${degrees}^\\circ` : `${radians} \\text{ rad}`,
    [...inDegrees, ...inRadians],
    [
      `${degrees} \\text{ rad}`,
      `${radians}^\\circ`,
      `${degrees + 15}^\\circ`,
      `2 \\cdot ${radians} \\text{ rad}`,
      `-${degrees}^\\circ`,
      `${decimal}^\\circ`,
    ],
  )
}

export const amountFamilies: readonly Family[] = [
  { name: 'unit spelling', kind: 'auto', wrapping: 'words', make: unitSpellings },
  { name: 'unit spelling of a number', kind: 'number', wrapping: 'words', make: unitSpellings },
  { name: 'compound amount', kind: 'auto', wrapping: 'words', make: compoundAmounts },
  { name: 'words after a number', kind: 'auto', wrapping: 'words', make: wordsAfter },
  { name: 'words after a number, as a number', kind: 'number', wrapping: 'words', make: wordsAfter },
  { name: 'scale word', kind: 'number', wrapping: 'words', make: scaled },
  { name: 'below zero', kind: 'number', wrapping: 'words', make: belowZero },
  { name: 'money', kind: 'auto', wrapping: 'words', make: money },
  { name: 'turn', kind: 'auto', make: turns },
]
