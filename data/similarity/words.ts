import { imageMark } from '../rows/image-marks.ts'

/** LaTeX that only spaces, sizes or aligns: the words around it mean the same without it. */
const latexLayout =
  /\\[,;:!> ]|\\(?:q?quad|hfill|displaystyle|textstyle|limits|left|right|bigl?|bigr?|Bigl?|Bigr?)(?![a-z])|\\[hv]space\*?\{[^}]*\}|\\[()[\]]|[$~{}]/gi

/**
 * Numbers, single characters of scripts without spaces, runs of other letters, and signs. A minus
 * is a word, a hyphen between letters is not.
 */
const word =
  /\d+(?:\.\d+)?|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{M}])+|[^\P{Sm}|]|[°%^*/]|-(?!\p{L})|(?<!\p{L})-/gu

/**
 * Words of a question for comparisons: NFKC, lower case, without LaTeX's spacing, punctuation and
 * `<image>` marks. Numbers stay (without commas between thousands). Each sign of arithmetic is a
 * word. Each character of Chinese and Japanese is a word, because these scripts use no spaces.
 */
export function wordsOf(text: string): string[] {
  const plain = text
    .normalize('NFKC')
    .replaceAll(imageMark, ' ')
    .replaceAll(latexLayout, ' ')
    .replaceAll(/(?<=\d),(?=\d{3}(?!\d))/g, '')
    .toLowerCase()
  return plain.match(word) ?? []
}

/** Whether `words` contains `part`, word by word. False for an empty part. */
export function hasRun(words: readonly string[], part: readonly string[]): boolean {
  const [first] = part
  if (first === undefined) return false
  for (let start = words.indexOf(first); start >= 0; start = words.indexOf(first, start + 1))
    if (part.every((one, index) => words[start + index] === one)) return true
  return false
}
