/** Limits of length, and the cleaning of a text before any rule reads it. */

/**
 * Only this many characters at the end of a completion are read. The answer is there, and the work
 * stays bounded.
 */
export const textWindow = 20_000
/**
 * The longest answer that is analysed, in characters. A longer answer is correct only when it is
 * the same text as the gold.
 */
export const leafLimit = 4_000

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹'
const vulgarFractions: Record<string, string> = {
  '½': '1/2', '⅓': '1/3', '⅔': '2/3', '¼': '1/4', '¾': '3/4', '⅕': '1/5', '⅖': '2/5', '⅗': '3/5', '⅘': '4/5',
  '⅙': '1/6', '⅚': '5/6', '⅛': '1/8', '⅜': '3/8', '⅝': '5/8', '⅞': '7/8',
} // prettier-ignore

/** The zeros of Arabic, Persian, Devanagari, Bengali and Thai digits. */
const digitZeros = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50]

/**
 * Replaces look-alike characters: full-width forms become ASCII, minus signs become "-" (the em
 * dash of a sentence stays), superscripts become ^n, and vulgar fractions become a/b. NFKC was
 * rejected: it would turn 5² into 52 and 1½ into 11⁄2.
 */
export function unifyCharacters(text: string): string {
  return text
    .replace(/[\uff01-\uff5e]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))
    .replace(/[٠-٩۰-۹०-९০-৯๐-๙]/g, (c) =>
      String(
        c.charCodeAt(0) - (digitZeros.find((zero) => c.charCodeAt(0) - zero < 10 && c.charCodeAt(0) >= zero) ?? 0),
      ),
    )
    .replace(/(?<=\d)٫(?=\d)/g, '.')
    .replace(/(?<=\d)٬(?=\d)/g, ',')
    .replace(/[\u3000\u00a0\u202f\u2009\u2007]/g, ' ')
    .replace(/[\u2212\u2012\u2013\ufe63]/g, '-')
    .replace(
      /⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+/g,
      (run) => `^${Array.from(run, (c) => (c === '⁻' ? '-' : superscripts.indexOf(c))).join('')}`,
    )
    .replace(/[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]/g, (c) => ` ${vulgarFractions[c] ?? c} `)
    .replace(/[。｡]/g, '.')
    .replace(/、/g, ',')
    .replace(/[\u200b-\u200f\u2060\ufeff]/g, '')
}

/**
 * Takes the mark-up off a LaTeX answer as far as plain numbers and words need it. A real expression
 * keeps its commands.
 */
export function plainLatex(text: string): string {
  if (!/[\\$*_`{}]/.test(text)) return text.trim()
  const plain = text
    .replace(/\\\\(?=[a-zA-Z])/g, '\\')
    .replace(/\\\$/g, '﹩')
    .replace(/\\[()[\]]/g, ' ')
    .replace(/\\(?:left|right|displaystyle|bigl?|bigr?)(?![a-zA-Z])/g, '')
    .replace(/\\(?:text|mathrm|mathbf|textbf|mathit|operatorname|mbox|boxed|f(?:rame)?box)\s*\{([^{}]*)\}/g, '$1')
    .replace(/\{,\}/g, ',')
    .replace(/\\!/g, '')
    .replace(/\\[,;: ]|~/g, ' ')
    .replace(/\\q?quad(?![a-zA-Z])/g, ' ')
    .replace(/\\%/g, '%')
    .replace(/\^\s*\{?\s*\\circ\s*\}?/g, '°')
    .replace(/\\(?:times|cdot)(?![a-zA-Z])/g, '×')
    .replace(/\\approx(?![a-zA-Z])/g, '≈')
    .replace(/\\[dtc]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g, ' ($1)/($2)')
    .replace(/\\[dtc]?frac\s*(\d)\s*(\d)/g, ' ($1)/($2)')
    .replace(/\*\*|`/g, '')
    .trim()
  return unwrapDollars(plain).replaceAll('﹩', '$').trim()
}

/** "$12$" is mathematics and loses its signs. "$12" is money and keeps its sign. */
function unwrapDollars(text: string): string {
  if (text.length > 1 && text.startsWith('$') && text.endsWith('$'))
    return text.replace(/^\$\$?/, '').replace(/\$\$?$/, '')
  return text
}

const leadingMarks = new Set(' \t\r\n"\'“”‘’*_`:')
const trailingMarks = new Set(' \t\r\n"\'“”‘’*_`.,;:!?')

/**
 * Takes sentence marks and mark-up off both ends: "**12**." → "12". The "!" of a factorial stays.
 * Loops, because the pattern /x+$/ takes quadratic time on long runs.
 */
export function trimMarks(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && leadingMarks.has(text.charAt(from))) from++
  while (to > from && trailingMarks.has(text.charAt(to - 1))) {
    if (text.charAt(to - 1) === '!' && /[\d)}]/.test(text.charAt(to - 2))) break
    to--
  }
  return text.slice(from, to)
}

/**
 * Makes every run of white space one space, with no space at the ends. Done first, so that later
 * patterns can be simple.
 */
export function collapseSpace(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

/**
 * A short answer in words: look-alike characters replaced, mark-up and sentence marks taken off.
 */
export const plainWords = (raw: string): string => trimMarks(plainLatex(collapseSpace(unifyCharacters(raw))))
