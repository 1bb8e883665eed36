import { withFeetAndInches } from './compound.ts'
import { trimMarks, unifyCharacters } from '../plain-text.ts'

/** The braces of sets. Plain { } only group in LaTeX. */
export const setOpen = '⦃'
export const setClose = '⦄'
/** LaTeX's line break: the end of a matrix row. */
export const rowEnd = '⏎'

/** Commands of LaTeX that are one sign. */
const signCommands: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '≤': 'leqslant leq le', '≥': 'geqslant geq ge', '≠': 'neq ne', '<': 'lt', '>': 'gt', '≈': 'approx simeq thickapprox',
    '∈': 'in', '∪': 'cup bigcup', '∩': 'cap bigcap', '∖': 'setminus backslash', '±': 'pm', '∓': 'mp', '∞': 'infty',
    '∅': 'emptyset varnothing', ℝ: 'R', ℤ: 'Z', ℕ: 'N', ℚ: 'Q', [setOpen]: 'lbrace', [setClose]: 'rbrace', '⟨': 'langle',
    '⟩': 'rangle', '|': 'mid vert', ':': 'colon', '⇒': 'implies Rightarrow Longrightarrow rightarrow to iff',
    '…': 'ldots cdots dots', ' or ': 'lor vee', ' and ': 'land wedge', '°': 'degree',
  }).flatMap(([sign, names]) => names.split(' ').map((name) => [name, sign] as const)),
) // prettier-ignore

/** Other spellings in LaTeX. They come before the commands, because they are longer. */
const latexPatterns: readonly (readonly [RegExp, string])[] = [
  [/\\not\s*=/g, '≠'],
  [/\\\{\s*\\\}/g, '∅'],
  [/\\(?:mathbb|mathbf|Bbb)\s*\{?\s*R\s*\}?(?![a-zA-Z])/g, 'ℝ'],
  [/\\(?:mathbb|mathbf|Bbb)\s*\{?\s*Z\s*\}?(?![a-zA-Z])/g, 'ℤ'],
  [/\\(?:mathbb|mathbf|Bbb)\s*\{?\s*N\s*\}?(?![a-zA-Z])/g, 'ℕ'],
  [/\\(?:mathbb|mathbf|Bbb)\s*\{?\s*Q\s*\}?(?![a-zA-Z])/g, 'ℚ'],
  [/\\(?:mathbb|mathbf|Bbb)\s*\{?\s*C\s*\}?(?![a-zA-Z])/g, 'ℂ'],
  [/\\\{/g, setOpen],
  [/\\\}/g, setClose],
  [/\\l?angle(?=\s*[-\d\\(])(?![a-zA-Z])/g, '⟨'],
  [/\^\s*\{?\s*\\circ\s*\}?|\^\s*\{?\s*\\degree\s*\}?|\\circ(?![a-zA-Z])/g, '°'],
  [/(\d)\s{0,3}([kMGmµ]?)\s{0,3}\\Omega(?![a-zA-Z])/g, '$1 $2Ω'],
  [/(?<=\d ?)\\mu ?(?=[msgFAVLWJ](?![a-zA-Z]))/g, 'µ'],
  [/\\%/g, '%'],
]

/** ASCII spellings of the signs that give an answer its structure. */
const asciiPatterns: readonly (readonly [RegExp, string])[] = [
  [/<=|=</g, '≤'],
  [/>=/g, '≥'],
  [/!=|<>/g, '≠'],
  [/~=/g, '≈'],
  [/\+\/-|\+-/g, '±'],
  [/-\+/g, '∓'],
  [/\b(?:positive|plus) infinity\b/gi, '∞'],
  [/\binfinity\b|\binf\b/g, '∞'],
  [/=>|⟹/g, '⇒'],
  [
    /(?<![\d.])(\d{1,20}(?:\.\d{1,20})?) ?(°[CF]?|degrees?(?: (?:celsius|fahrenheit|C|F))?)? ?below (?:zero|0)\b/gi,
    '-$1 $2',
  ],
]

/**
 * Gives an answer's text the one spelling that the readers of structures know: without LaTeX's
 * marks, spacing and text boxes, with signs as single characters, and with the braces of sets
 * different from the braces of groups. Commands of expressions (\frac, \sqrt, \sin …) stay. Takes
 * linear time.
 */
export function mathText(raw: string): string {
  let text = withFeetAndInches(unifyCharacters(raw).trim())
    .replace(/(?<=\d)\.{3,}/g, '…')
    .replace(/(?<![\d_])\d{1,3}(?:_\d{3})+(?![\d_])/g, (run) => run.replaceAll('_', ''))
    .replace(/(\d)\s*(?:\{\s*,\s*\}|\\!,\\!|,\\!|\\,|\\ |\\;)\s*(?=\d{3}(?!\d))/g, '$1,')
    .replace(/\{\s*,\s*\}/g, ',')
  if (text.includes('\\')) {
    text = withoutLatexMarks(text)
    for (const [pattern, sign] of latexPatterns) text = text.replace(pattern, sign)
    text = text.replace(/\\([a-zA-Z]+)/g, (command, name: string) => signCommands.get(name) ?? command)
  }
  for (const [pattern, sign] of asciiPatterns) text = text.replace(pattern, sign)
  text = text
    .replace(/\*\*(?=\s|$)|(?<=^|\s)\*\*(?=[^\s\d(])/g, '')
    .replace(/`/g, '')
    .replace(/\s+/g, ' ')
  return trimMarks(withoutDollars(text)).replace(/﹩/g, '$')
}

/** Data files often hold LaTeX that was escaped twice. Inside a matrix \\ ends a row and stays. */
function unescapeTwice(text: string): string {
  const runs = text.match(/\\+/g) ?? []
  if (runs.every((run) => run.length % 2 === 0)) return text.replace(/\\\\/g, '\\')
  return text.includes('\\begin') ? text : text.replace(/\\\\(?=[a-zA-Z()[\]{}%$])/g, '\\')
}

const textBox =
  /\\(?:d?text(?:bf|it|rm|normal|sf)?|mathrm|mathbf|mathit|mathsf|mathcal|boldsymbol|mbox|hbox|boxed|f(?:rame)?box|ensuremath)\s*\{([^{}]*)\}/g

function withoutLatexMarks(raw: string): string {
  return unescapeTwice(raw)
    .replace(/\\\\/g, rowEnd)
    .replace(/\\\$/g, '﹩')
    .replace(/\\[()[\]]/g, ' ')
    .replace(/\\(?:left|right|displaystyle|textstyle|limits|nolimits|middle|[bB]igg?[lrm]?)(?![a-zA-Z])\.?/g, '')
    .replace(textBox, ' $1 ')
    .replace(/\\(?:text|mathrm|mbox)\s*\{/g, '{')
    .replace(/\\(?:measured)?(?:angle|triangle)(?![a-zA-Z])/g, '')
    .replace(/\\!/g, '')
    .replace(/\\[,;:> ]|~/g, ' ')
    .replace(/\\q?quad|\\(?:hspace\s*\{[^{}]*\}|space|nobreak|newline)(?![a-zA-Z])/g, ' ')
}

/** "$12$" is mathematics and loses its signs. In "$12" and "12 $" the sign is money and stays. */
function withoutDollars(text: string): string {
  const count = text.split('$').length - 1
  if (count === 0) return text
  if (count % 2 === 0) return text.replace(/\$/g, ' ')
  return text.replace(/\$\$/g, ' ')
}
