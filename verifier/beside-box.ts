import { parseUnit } from './answers/units.ts'

/** A box with its place in the text and its content. */
export interface PlacedBox {
  from: number
  to: number
  inner: string
}

const space = String.raw`(?:[ \t$~]|\\[,;:! )]|\\q?quad(?![a-zA-Z]))*`
const afterSign = new RegExp(
  String.raw`^${space}(?:(\\?%|％|per ?cent(?![a-z]))|(\^\s*\{?\s*\\circ\s*\}?|°)\s*(?:\\?(?:text|mathrm)?\{?\s*([CF])\}?(?![a-zA-Z]))?|((?:\\times|\\cdot|[×x*])\s*10\s*\^\s*(?:\{\s*-?\d{1,4}\s*\}|-?\d{1,4})))`,
)
const afterBox = new RegExp(
  String.raw`^${space}\\(?:text|mathrm|rm|textrm|mbox|operatorname)\s*\{([^{}]{1,40})\}(\s*\^\s*\{?-?\d\}?)?`,
)
const afterWords = new RegExp(
  String.raw`^${space}([a-zA-Zµ°Ω²³/^0-9·]{1,20}(?: (?:per |squared|cubed)?[a-zA-Zµ°Ω²³/^0-9]{0,20}){0,3})`,
)
const scaleWords =
  /^(?:hundred|thousand|million|billion|trillion|lakh|crore|percent|dozen)s?(?: [a-z]+)?$|^percentage points?$/i
/** Units that are also words of a sentence: "\boxed{5} in the picture". */
const wordsToo = new Set(['in', 'us', 'a', 'A', 'd', 't', 'T', 'C', 'F', 'K', 'B', 'as', 'at', 'second', 'seconds'])

const fracUnit =
  /^[\s\\,;~!]*\\[dt]?frac\s*\{\s*(?:\\(?:text|mathrm|rm)\s*\{\s*)?([a-zA-Zµ°·^\d ]{1,15})\}?\s*\}\s*\{\s*(?:\\(?:text|mathrm|rm)\s*\{\s*)?([a-zA-Zµ°·^\d ]{1,15})\}?\s*\}/
/** Words just before a box that deny its value, or make it a bound. */
const denial =
  /(?:\b(?:not|isn['’]t|cannot be|can['’]t be|never|nicht|pas|(?:more|less|fewer|greater|smaller) than)|不(?:是|为|等于)|\\(?:ne|neq)|≠)\s*(?:\$+|\\\(|\\\[)?\s*$/i
const moneyBefore = /(\\\$|[€£¥₹]|\\(?:text|mathrm)\s*\{\s*[€£¥₹]\s*\})\s*$/
const powerAfter = /^\s*(?:\^\s*(?:\{\s*-?\d{1,3}\s*\}|-?\d{1,3}|\{?[a-z]\}?(?![a-z]))|[²³])/
const factorAfter = /^\s*(?:\\pi(?![a-zA-Z])|π|\\sqrt\s*\{[^{}]{1,20}\}|!(?=\s*(?:\$|\\\)|\\\])))/
const operationAfter = /^\s*(?:[+*/×÷-]|\\(?:times|cdot|div)(?![a-zA-Z]))\s*\d{1,9}(?:\.\d{1,9})?(?![\d\w])/
const factorBefore = /(?:^|[$=(\s])(\d{1,9}(?:\.\d{1,9})?)$/
const operationBefore = /(?:^|[$(\s])(\d{1,9}(?:\.\d{1,9})?\s*(?:[+*/×÷-]|\\(?:times|cdot|div))\s*)$/
const rootBefore = /\\sqrt\s*\{\s*$/

/**
 * The content of a box with what touches the box: a denial, and beside a number a sign, a unit, a
 * scale or mathematics, as in 2\boxed{4} and \boxed{4}\pi.
 */
export function withNeighbours(text: string, { from, to, inner }: PlacedBox): string {
  const before = text.slice(Math.max(0, from - 40), from)
  if (denial.test(before)) return `not ${inner}`
  if (!/[\dπ})!]\s*\$?\s*$|\\pi\s*$/.test(inner) || /[=<>,]/.test(inner)) return inner
  const after = text.slice(to, to + 120)
  const sum = withMathBeside(before, after, inner)
  if (sum !== null) return sum
  const sign = /(?:^|[$=(:[\s{])([-−])$/.exec(before) !== null && !/^\s*[-−+\\]/.test(inner) ? '-' : ''
  const money = moneyBefore.exec(before)?.[1] ?? ''
  return `${sign}${money}${inner}${neighbour(after)}`
}

/** The value of a box that is only a part of a value. Null when nothing of the sort touches it. */
function withMathBeside(before: string, after: string, inner: string): string | null {
  if (rootBefore.test(before) && /^\s*\}/.test(after)) return `\\sqrt{${inner}}`
  const part = `(${inner})`
  const power = powerAfter.exec(after)?.[0] ?? factorAfter.exec(after)?.[0]
  if (power !== undefined && !afterSign.test(after)) return `${part}${power}`
  const factor = factorBefore.exec(before)?.[1]
  if (factor !== undefined) return `${factor} \\cdot ${part}`
  // In 3 + \boxed{4} = 7 the box fills a gap.
  if (/[=≈<>?]/.test(`${before} ${after.split('\n', 1)[0] ?? ''}`) || afterSign.test(after)) return null
  const operation = operationAfter.exec(after)?.[0]
  if (operation !== undefined) return `${part}${operation}`
  const first = operationBefore.exec(before)?.[1]
  return first === undefined ? null : `${first}${part}`
}

function neighbour(after: string): string {
  const sign = afterSign.exec(after)
  if (sign !== null) {
    const [, percent, degrees, scale, power] = sign
    if (percent !== undefined) return '%'
    return power === undefined ? `${degrees === undefined ? '' : '°'}${scale ?? ''}` : ` ${power}`
  }
  const frac = fracUnit.exec(after)
  if (frac !== null) return ` ${frac[1] ?? ''}/${frac[2] ?? ''}`
  const box = afterBox.exec(after)
  if (box !== null) {
    const words = (box[1] ?? '').trim().replace(/\.$/, '')
    const power = (box[2] ?? '').trim()
    return parseUnit(words + power) !== null || scaleWords.test(words) ? ` ${words}${power}` : ''
  }
  const words = (afterWords.exec(after)?.[1] ?? '').split(' ').filter((word) => word !== '')
  for (let length = words.length; length > 0; length--) {
    const some = words.slice(0, length).join(' ')
    if (length === 1 && wordsToo.has(some) && words.length > 1) continue
    if (parseUnit(some) !== null || (scaleWords.test(some) && length === 1)) return ` ${some}`
  }
  return ''
}
