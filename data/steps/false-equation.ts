/** How many equations of one text are checked. */
const mostEquations = 200

const number = String.raw`\d{1,12}(?:,\d{3}){0,3}(?:\.\d{1,10})?`
const operator = String.raw`(?: [-+*/×÷−] |[-+*/×÷])`
/** An equation with no character next to it that could make it part of a larger expression. */
const equation = new RegExp(
  String.raw`(?<![\d.,:;^√∠°²³%)(\]}{\\/*×÷+=−<>≈_-] ?|[\p{L}\d.,:^√_\\]|(?<!\p{L})\p{L} )(${number}(?:${operator}${number}){1,6}) ?= ?(-?${number})(?![\p{L}\d^°²³%/*×÷√!]|[.,:]\d| ?[-+*/×÷−=^(≈]| ?(?:mod|o['’]clock|am|pm|%|percent|remainder|r)\b)`,
  'giu',
)
/** Words of texts in which `2 + 3` may mean something else. */
const otherArithmetic =
  /\b(?:mod|modulo|modular|binary|hexadecimal|octal|base[- ]\d+|clock|puzzle|redefin\w*|operation|matchsticks?|pattern)\b/i
/** Words of a text that supposes an equation, doubts it or takes it back. */
const notClaimed =
  /\b(?:if|not|no|wrong|mistake|incorrect|error|instead|suppose|would|should|claims?|says|false|wait|but|however|hmm+|actually|let me|recheck|check|approximately|about|roughly)\b|n['’]t\b|\?|≠/i
/** Words that make the next number a name or a factor. */
const boundBefore =
  /(?:angles?|sides?|figures?|rows?|columns?|steps?|items?|pages?|times|plus|minus|over|by|squared|cubed|root|of|and|no\.|equation|line)\s?$/i

/**
 * Whether a text claims a false equation of plain numbers. Rounded and cut results count as true:
 * with a division or decimals the written result may differ by less than one in its last place. A
 * division by zero proves nothing.
 */
export function falseEquation(text: string): boolean {
  if (otherArithmetic.test(text)) return false
  // A punctuation mark before a number ends the text before it. Two blanks after the mark tell
  // `equation` that the number is not inside a larger expression.
  const plain = text.replaceAll(/[^\S\n]+/g, ' ').replaceAll(/([:;.,]) (?=\d)/g, '$1  ')
  let looked = 0
  for (const found of plain.matchAll(equation)) {
    looked += 1
    if (looked > mostEquations) return false
    const [whole, left, right] = found
    if (left === undefined || right === undefined || !isFalse(left, right)) continue
    const lead = plain.slice(Math.max(0, found.index - 160), found.index)
    const before = lead.slice(lead.search(/(?:(?![.!?] )[^\n])*$/))
    const after = plain.slice(found.index + whole.length, found.index + whole.length + 160)
    if (!boundBefore.test(before) && !notClaimed.test(before) && !notClaimed.test(after)) return true
  }
  return false
}

function isFalse(left: string, right: string): boolean {
  const value = evaluate(left)
  if (value === null) return false
  const stated = toNumber(right)
  const decimals = /\.(\d+)/.exec(right)?.[1]?.length ?? 0
  const rounds = decimals > 0 || /[/÷.]/.test(left)
  const slack = (rounds ? 10 ** -decimals : 0) + 1e-9 * Math.max(1, Math.abs(value))
  return Math.abs(value - stated) >= slack
}

const toNumber = (written: string): number => Number(written.replaceAll(',', ''))

/**
 * The value of the expression: × and ÷ before + and −, each from the left. Null when the value is
 * not finite.
 */
function evaluate(expression: string): number | null {
  let sum = 0
  let product = 0
  let sign = 1
  for (const found of expression.matchAll(new RegExp(String.raw`([-+*/×÷−])? ?(${number})`, 'gu'))) {
    const operand = toNumber(found[2] ?? '')
    const operator = found[1] ?? '+'
    if (operator === '*' || operator === '×') product *= operand
    else if (operator === '/' || operator === '÷') product /= operand
    else {
      sum += sign * product
      sign = operator === '+' ? 1 : -1
      product = operand
    }
  }
  const value = sum + sign * product
  return Number.isFinite(value) ? value : null
}
