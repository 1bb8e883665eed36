import { withFeetAndInches } from './compound.ts'
import { trimMarks, unifyCharacters } from '../plain-text.ts'

/** The braces of sets. Plain { } only group in LaTeX. */
export const setOpen = '⦃'
export const setClose = '⦄'
/** LaTeX's line break: the end of a matrix row. */
export const rowEnd = '⏎'

/**
 * Commands and ASCII spellings of the signs that give an answer its structure. Longer spellings
 * come first.
 */
const signPatterns: readonly (readonly [RegExp, string])[] = [
  [/\\(?:leqslant|leq|le)(?![a-zA-Z])|<=|=</g, '≤'],
  [/\\(?:geqslant|geq|ge)(?![a-zA-Z])|>=/g, '≥'],
  [/\\(?:neq|ne|not\s*=)(?![a-zA-Z])|!=|<>/g, '≠'],
  [/\\lt(?![a-zA-Z])/g, '<'],
  [/\\gt(?![a-zA-Z])/g, '>'],
  [/\\(?:approx|simeq|thickapprox)(?![a-zA-Z])|~=/g, '≈'],
  [/\\in(?![a-zA-Z])/g, '∈'],
  [/\\(?:big)?cup(?![a-zA-Z])/g, '∪'],
  [/\\(?:big)?cap(?![a-zA-Z])/g, '∩'],
  [/\\setminus(?![a-zA-Z])|\\backslash(?![a-zA-Z])/g, '∖'],
  [/\\pm(?![a-zA-Z])|\+\/-|\+-/g, '±'],
  [/\\mp(?![a-zA-Z])|-\+/g, '∓'],
  [/\b(?:positive|plus) infinity\b/gi, '∞'],
  [/\\infty(?![a-zA-Z])|\binfinity\b|\binf\b/g, '∞'],
  [/\\(?:emptyset|varnothing)(?![a-zA-Z])|\\\{\s*\\\}/g, '∅'],
  [/\\(?:mathbb|mathbf|Bbb)\s*\{?\s*R\s*\}?(?![a-zA-Z])|\\R(?![a-zA-Z])/g, 'ℝ'],
  [/\\(?:mathbb|mathbf|Bbb)\s*\{?\s*Z\s*\}?(?![a-zA-Z])|\\Z(?![a-zA-Z])/g, 'ℤ'],
  [/\\(?:mathbb|mathbf|Bbb)\s*\{?\s*N\s*\}?(?![a-zA-Z])|\\N(?![a-zA-Z])/g, 'ℕ'],
  [/\\(?:mathbb|mathbf|Bbb)\s*\{?\s*Q\s*\}?(?![a-zA-Z])|\\Q(?![a-zA-Z])/g, 'ℚ'],
  [/\\(?:mathbb|mathbf|Bbb)\s*\{?\s*C\s*\}?(?![a-zA-Z])/g, 'ℂ'],
  [/\\\{|\\lbrace(?![a-zA-Z])/g, setOpen],
  [/\\\}|\\rbrace(?![a-zA-Z])/g, setClose],
  [/\\l?angle(?=\s*[-\d\\(])(?![a-zA-Z])|\\langle(?![a-zA-Z])/g, '⟨'],
  [/\\rangle(?![a-zA-Z])/g, '⟩'],
  [/\\(?:mid|vert)(?![a-zA-Z])/g, '|'],
  [/\\colon(?![a-zA-Z])/g, ':'],
  [/\\(?:implies|Rightarrow|Longrightarrow|rightarrow|to|iff)(?![a-zA-Z])|=>|⇒|⟹/g, '⇒'],
  [/\\(?:ldots|cdots|dots)(?![a-zA-Z])/g, '…'],
  [/\\(?:lor|vee)(?![a-zA-Z])/g, ' or '],
  [/\\(?:land|wedge)(?![a-zA-Z])/g, ' and '],
  [/\^\s*\{?\s*\\circ\s*\}?|\\degree(?![a-zA-Z])|\\circ(?![a-zA-Z])/g, '°'],
  [/(\d)\s{0,3}([kMGmµ]?)\s{0,3}\\Omega(?![a-zA-Z])/g, '$1 $2Ω'],
  [/(?<=\d ?)\\mu ?(?=[msgFAVLWJ](?![a-zA-Z]))/g, 'µ'],
  [/\\%/g, '%'],
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
  if (text.includes('\\')) text = withoutLatexMarks(text)
  for (const [pattern, sign] of signPatterns) text = text.replace(pattern, sign)
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
