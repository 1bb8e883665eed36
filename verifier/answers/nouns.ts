import { numberFromWords } from './number-words.ts'
import type { Unit } from './units.ts'

/**
 * Words that make "3 …" another amount, a bound or an operation. They may never be dropped like a
 * noun.
 */
const notNouns = new Set(
  'or and to not than less more fewer times over out of plus minus grand gross score ish unknown unless half halves third thirds quarter quarters dozen hundred thousand million billion trillion squared cubed percent pi point divided multiplied mod by if but between through factorial factorials root is are was were equals at no wrong incorrect too maybe perhaps base mod in on there here visible shown present altogether total sqrt sin cos tan log ln exp below above under beneath beyond behind within without before after since until during against about around near from off away ago up down short shy extra additional many much another other percentage points hundreds thousands millions billions trillions dozens lakh lakhs lac crore crores bn mn positive negative double twice triple inverse reciprocal square cubic root roots'.split(
    ' ',
  ),
)

const partOfOne =
  /^(?:fourth|fifth|sixth|seventh|eighth|ninth|tenth|[a-z]+teenth|[a-z]+tieth|hundredth|thousandth|millionth)s?$/

/** Whether a plain word can be counted. Bounds, operations and parts of one ("fifths") cannot. */
export function isNoun(word: string): boolean {
  const lower = word.toLowerCase()
  return (
    /^[a-z]{2,30}$/.test(lower) && !notNouns.has(lower) && !partOfOne.test(lower) && numberFromWords(lower) === null
  )
}

/** Plurals that do not end in "s". */
const otherPlurals = new Set(
  'people men women children kids teeth feet mice geese sheep fish deer oxen dice cattle aircraft spacecraft species series fungi cacti data bacteria vertices indices axes radii foci matrices police fruit salmon trout shrimp bison moose swine policemen firemen fishermen snowmen gentlemen wolves knives loaves shelves leaves pence yen won yuan'.split(
    ' ',
  ),
)
/** Words that end in "s" and are no plurals, or are plurals that multiply the number. */
const notPlurals =
  /(?:ss|us)$|^(?:has|does|hers|this|always|sometimes|perhaps|besides|whereas|towards|upwards|downwards|backwards|forwards|afterwards|equals|exceeds|remains|gives|makes|means|pairs|couples|scores|lots|various|others|ones|tens|grands|odds)$/

/** Two names of one thing. */
const sameNouns = new Map([
  ['person', 'people'], ['persons', 'people'], ['kid', 'children'], ['kids', 'children'], ['child', 'children'],
  ['pgs', 'pages'], ['pts', 'points'], ['pcs', 'pieces'],
]) // prettier-ignore

/** Whether the last word of "3 red cubes" is certainly a counted noun. One thing has a singular. */
function isSureNoun(word: string, isOne: boolean): boolean {
  const lower = word.toLowerCase()
  if (isOne || otherPlurals.has(lower)) return true
  return lower.length > 3 && lower.endsWith('s') && !notPlurals.test(lower)
}

const size = { n: 1n, d: 1n }

/** One to three words after a number: "red cubes". They compare as words. */
export function nounUnit(words: readonly string[], isOne = false): Unit {
  const unit = {
    name: words
      .map((word) => singular(sameNouns.get(word.toLowerCase()) ?? word))
      .join(' ')
      .toLowerCase(),
    dimensions: null,
    size,
  }
  return isSureNoun(words.at(-1) ?? '', isOne) ? unit : { ...unit, isDoubtful: true }
}

function singular(noun: string): string {
  return noun.length > 3 && noun.endsWith('s') && !noun.endsWith('ss') ? noun.slice(0, -1) : noun
}
