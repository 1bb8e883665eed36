import { unifyCharacters } from '../plain-text.ts'
import { parseUnit } from './units.ts'
import type { Unit } from './units.ts'

/**
 * An answer of digits and letters that is not computed: a range, a score, a season, a phone number,
 * a version, a size, a blood pressure, a code or a chemical formula.
 */
export interface Coded {
  sort: 'range' | 'digits' | 'size' | 'pressure' | 'code' | 'formula'
  /** Two answers of one sort are equal when their keys are equal. */
  key: string
  unit: Unit | null
}

const num = String.raw`\d{1,15}(?:,\d{3})*(?:\.\d{1,10})?`
const money = '[$€£¥₹]'
/** A percent sign, a unit, or nouns after a space. */
const tail = String.raw`(?: ?%| ?°[CF]?| ?[a-zA-Z]{2,15}(?: [a-zA-Z]{2,15}){0,2})?`
const rangePattern = new RegExp(
  String.raw`^(${money}?)(${num})(${tail}) ?(?:(-{1,2}|~|—)|(?:to|through|until|till|bis|à|a|至|到)(?![a-z])) ?(${money}?)(${num})(${tail})$`,
  'i',
)
const betweenPattern = new RegExp(
  String.raw`^(?:between|from) (${money}?)(${num})(${tail}) (?:and|to) (${money}?)(${num})(${tail})$`,
  'i',
)
const sizePattern = new RegExp(String.raw`^(${num})(${tail})((?: ?(?:x|×|X) ?| by )(${num})(${tail})){1,3}$`)
const pressurePattern = /^(\d{2,3}) ?\/ ?(\d{2,3})( ?mm ?hg)?$/i

/** Reads an answer that is not computed. Null for every other text. */
export function readCoded(raw: string): Coded | null {
  if (raw.length > 120) return null
  const text = bare(raw)
  if (text === '') return null
  return (
    readPressure(text) ?? readDigits(text) ?? readRange(text) ?? readSize(text) ?? readFormula(text) ?? readCode(text)
  )
}

/** The text without LaTeX's marks, with one spelling of dashes and signs of multiplication. */
function bare(raw: string): string {
  return unifyCharacters(raw)
    .replace(/[₀-₉]/g, (c) => String('₀₁₂₃₄₅₆₇₈₉'.indexOf(c)))
    .replace(/\\(?:text|mathrm|mathbf|textbf|ce|rm|operatorname|boxed)\s*\{([^{}]*)\}/g, '$1')
    .replace(/\\times(?![a-zA-Z])/g, '×')
    .replace(/\\([%$])/g, '$1')
    .replace(/\\[,;:! ()[\]]|\*\*|`/g, ' ')
    .replace(/^\s*\$\$?(.*[^$\s])\s*\$\$?[.\s]*$/, '$1')
    .replace(/\s+/g, ' ')
    .replace(/^[\s"'“”‘’:]+|[\s"'“”‘’.,;:!?]+$/g, '')
}

/** The unit of a range or a size. Undefined when the words are not a unit. */
function unitOf(words: string): Unit | null | undefined {
  const text = words.trim()
  if (text === '') return null
  if (text === '%') return { name: '%', dimensions: null, size: { n: 1n, d: 1n } }
  const unit = parseUnit(text)
  if (unit !== null) return unit
  return words.startsWith(' ') && !/\b(?:or|and|not|to|by|of)\b/i.test(text)
    ? { name: text.toLowerCase().replace(/s\b/g, ''), dimensions: null, size: { n: 1n, d: 1n } }
    : undefined
}

const plainNumber = (text: string): string => {
  const digits = text.replaceAll(',', '')
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits
}

function readRange(text: string): Coded | null {
  const season = /^((?:19|20)\d{2}) ?[-/] ?(\d{2}|(?:19|20)\d{2})$/.exec(text)
  if (season !== null) {
    const [from = '', to = ''] = [season[1], season[2]]
    const whole = to.length === 4 ? to : from.slice(0, 2) + to
    if (text.includes('-') || Number(whole) === Number(from) + 1)
      return { sort: 'range', key: `${from}|${whole}`, unit: null }
    return null
  }
  const found = rangePattern.exec(text)
  const worded = found === null ? betweenPattern.exec(text) : null
  if (found === null && worded === null) return null
  const parts = found ?? [
    worded?.[0] ?? '',
    worded?.[1],
    worded?.[2],
    worded?.[3],
    '-',
    worded?.[4],
    worded?.[5],
    worded?.[6],
  ]
  const [, before = '', from = '', between = '', , money = '', to = '', after = ''] = parts
  const [first, second] = [unitOf(between), unitOf(after)]
  if (first === undefined || second === undefined) return null
  const currency = before === '' && money === '' ? null : parseUnit(before || money)
  if (first !== null && second !== null && first.name !== second.name) return null
  return { sort: 'range', key: `${plainNumber(from)}|${plainNumber(to)}`, unit: currency ?? second ?? first }
}

/** Groups of digits: 1-800-555-0199, (555) 123-4567, 192.168.0.1, 3-4-5. 1.250.000 is a number. */
function readDigits(text: string): Coded | null {
  if (!/^\+?\(?\d{1,5}\)?(?:[-. ]\(?\d{1,5}\)?){1,6}$/.test(text)) return null
  const groups = text.match(/\d+/g) ?? []
  const marks = new Set(text.replace(/[\d()+]/g, ''))
  const isBracketed = text.includes('(')
  if (marks.size === 1 && (marks.has('.') || marks.has(' '))) {
    if (groups.length < 3 || groups.slice(1).every((group) => group.length === 3)) return null
    if (marks.has(' ')) return null
    return { sort: 'digits', key: groups.join('.'), unit: null }
  }
  if (groups.length < 3 && !isBracketed) return null
  const digits = groups.join('')
  return { sort: 'digits', key: digits.length >= 7 ? digits : groups.join('-'), unit: null }
}

function readSize(text: string): Coded | null {
  if (!sizePattern.test(text) || /[x×X] ?10 ?$/.test(text)) return null
  const parts = text.split(/ ?(?:x|×|X) ?(?=\d)| by /)
  const read = parts.map((part) => /^([\d.,]+)(.*)$/.exec(part))
  const numbers = read.map((part) => plainNumber(part?.[1] ?? ''))
  if (numbers.length > 2 && numbers.every((n) => /^(?:2|3|5|7|11|13|17|19|23)$/.test(n))) return null
  const units = read.map((part) => unitOf(part?.[2] ?? ''))
  if (units.includes(undefined)) return null
  const named = units.filter((unit) => unit !== null && unit !== undefined)
  if (new Set(named.map((unit) => unit.name)).size > 1) return null
  return { sort: 'size', key: numbers.join('×'), unit: named[0] ?? null }
}

/** 120/80: two whole numbers of the usual size that no one would write as a fraction. */
function readPressure(text: string): Coded | null {
  const found = pressurePattern.exec(text)
  if (found === null) return null
  const [high, low] = [Number(found[1]), Number(found[2])]
  const isUsual = high > low && high >= 70 && high <= 250 && low >= 40 && low <= 150
  if (found[3] === undefined && !(isUsual && high % 5 === 0 && low % 5 === 0)) return null
  return { sort: 'pressure', key: `${high}/${low}`, unit: null }
}

const elements = new Set(
  'H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu'.split(
    ' ',
  ),
)

/** H2O, H_2O, C_6H_{12}O_6, SO4^2-. At least two elements, and a number or a small letter. */
function readFormula(raw: string): Coded | null {
  const text = raw.replace(/[_{}\s]/g, '').replace(/\^/g, '^')
  if (!/^(?:[A-Z][a-z]?\d{0,3}|\((?:[A-Z][a-z]?\d{0,3}){1,6}\)\d{0,3}){1,12}(?:\^?\d?[+-])?$/.test(text)) return null
  const names = text.match(/[A-Z][a-z]?/g) ?? []
  if (names.length < 2 || !names.every((name) => elements.has(name)) || !/[\da-z]/.test(text)) return null
  return { sort: 'formula', key: text.replace('^', ''), unit: null }
}

/** ABC-123, KA-01-AB-1234, GTX 1080, A1B2C3, X7-92, AC-DC. */
function readCode(raw: string): Coded | null {
  const text = raw.replace(/_\{?(\d+)\}?/g, '$1')
  // 16 GB and 5 USD are amounts.
  if (/^\d+ ?[A-Za-z]+$/.test(text) && (/ /.test(text) || parseUnit(text.replace(/^\d+/, '')) !== null)) return null
  if (text.length > 40 || !/^[A-Za-z0-9]+(?:[ /.-][A-Za-z0-9]+)*$/.test(text)) return null
  const turns = text.match(/(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])/g)?.length ?? 0
  const isCode =
    (/[A-Z]{2}/.test(text) && /\d|-/.test(text)) ||
    (turns >= 3 && !/^\d/.test(text) && !/[a-z]{2}/.test(text)) ||
    /^[A-Z]\d+-(?:[A-Z])?\d+$/.test(text) ||
    /^[A-Z]\d+[A-Z]\d+$/.test(text) ||
    /^[a-z]{2,6}-\d{2,}$/.test(text)
  if (!isCode || (/[a-z]/.test(text) && / /.test(text))) return null
  return { sort: 'code', key: codeKey(text), unit: null }
}

/** A mark between a letter and a digit may be left out; between digits or letters it counts. */
export function codeKey(text: string): string {
  return text
    .toLowerCase()
    .replace(/(?<=[a-z])[ ./-](?=\d)|(?<=\d)[ ./-](?=[a-z])/g, '')
    .replace(/[ ./]/g, '-')
}
