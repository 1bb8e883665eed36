import { numberFromWords } from '../answers/number-words.ts'
import { compareNumbers, parseNumber } from '../answers/number.ts'
import { sameText } from './short-text.ts'

/** The options without the labels that data sets write into their texts. */
export interface Options {
  texts: readonly string[]
  /**
   * The names that the texts give the options: "i", "ii" or "1", "2". Empty when the options are A,
   * B, C.
   */
  names: readonly string[]
}

const romanNumerals = 'i ii iii iv v vi vii viii ix x'.split(' ')
const labelPattern = /^\s*(?:\(([a-z]{1,4}|\d{1,2})\)|([a-z]{1,4}|\d{1,2})[.):])\s+(?=\S)/i

/**
 * Takes labels off the options' texts: "A. red", "(ii) blue", "1) green". Only when every option
 * has the label of its own place. Otherwise the labels belong to the texts.
 */
export function readOptions(choices: readonly string[]): Options {
  const labels = choices.map((choice) => labelPattern.exec(choice))
  const named = labels.map((label) => (label?.[1] ?? label?.[2] ?? '').toLowerCase())
  const fits = (name: (index: number) => string | undefined): boolean =>
    choices.length > 0 && named.every((given, index) => given !== '' && given === name(index))
  const letters = fits((index) => String.fromCharCode(97 + index))
  const roman = !letters && fits((index) => romanNumerals[index])
  const digits = !letters && !roman && fits((index) => String(index + 1))
  if (!letters && !roman && !digits) return { texts: choices, names: [] }
  const texts = choices.map((choice, index) => choice.slice(labels[index]?.[0].length ?? 0))
  return { texts, names: letters ? [] : named }
}

/**
 * The index of the only option with this text. It is compared as text, then as number, then as
 * number without its unit. Null when no option or several options have it.
 */
export function optionByText(text: string, { texts }: Options): number | null {
  const byText = texts.flatMap((option, index) => (sameText(option, text) ? [index] : []))
  if (byText.length > 0) return byText.length === 1 ? (byText[0] ?? null) : null
  const number = /\d/.test(text) || numberFromWords(text) !== null ? parseNumber(text) : null
  if (number === null) return null
  const rulings = texts.map((option) => {
    const parsed = parseNumber(option)
    return parsed === null ? null : compareNumbers(parsed, number)
  })
  for (const reasons of [['same-number'], ['unit-missing', 'unit-converted']]) {
    const found = rulings.flatMap((one, index) =>
      one !== null && one.verdict === 'correct' && reasons.includes(one.reason) ? [index] : [],
    )
    if (found.length > 0) return found.length === 1 ? (found[0] ?? null) : null
  }
  return null
}
