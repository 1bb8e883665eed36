/** Units as words only: they are recognised, compared and stripped. Nothing is converted here. */

/** Every spelling → [canonical name, dimension]. Case counts: m is not M. */
const SPELLINGS = new Map<string, { name: string; dimension: string }>()
const TABLE: Record<string, readonly string[]> = {
  length: ['mm millimeter millimetre', 'cm centimeter centimetre', 'm meter metre', 'km kilometer kilometre',
    'in inch inches', 'ft foot feet', 'yd yard', 'mi mile', '米'],
  area: ['mm^2 mm2', 'cm^2 cm2', 'm^2 m2', 'km^2 km2', 'in^2', 'ft^2'],
  volume: ['ml mL milliliter millilitre', 'l L liter litre', 'cm^3 cm3', 'm^3 m3'],
  mass: ['mg milligram', 'g gram', 'kg kilogram', 'lb lbs pound', 'oz ounce', 't ton tonne'],
  time: ['ms millisecond', 's sec second', 'min minute', 'h hr hrs hour', 'day', 'week', 'month', 'year yr yrs'],
  angle: ['° degree deg', 'rad radian'],
  temperature: ['°C', '°F', 'K kelvin'],
  speed: ['m/s', 'km/h', 'mph'],
  electric: ['V volt', 'A amp ampere', 'W watt', 'Ω ohm', 'kW', 'mA'],
  other: ['N newton', 'J joule', 'Pa pascal', 'Hz hertz', 'mol', 'kJ'],
  money: ['$ usd USD US$ dollar', '€ EUR euro', '£ GBP', '¥ JPY yen', '₹ INR rupee', '元 CNY yuan', 'cent'],
  count: ['个'],
} // prettier-ignore
for (const [dimension, units] of Object.entries(TABLE)) {
  for (const unit of units) {
    const [name = '', ...others] = unit.split(' ')
    for (const spelling of [name, ...others]) {
      SPELLINGS.set(spelling, { name, dimension })
      if (/^[a-z]{3,}$/.test(spelling)) SPELLINGS.set(`${spelling}s`, { name, dimension })
    }
  }
}

/** Words that make "3 …" another amount, a bound or an operation, so that they can never be stripped like a noun. */
const NOT_NOUNS = new Set(
  'or and to not than less more fewer times over out of plus minus half halves third thirds quarter quarters dozen hundred thousand million billion trillion squared cubed percent pi point divided multiplied mod by if but between through factorial factorials root is are was were equals at no wrong incorrect too maybe perhaps base mod in on there here visible shown present altogether total'.split(
    ' ',
  ),
)

const PART_OF_ONE =
  /^(?:fourth|fifth|sixth|seventh|eighth|ninth|tenth|[a-z]+teenth|[a-z]+tieth|hundredth|thousandth|millionth)s?$/

/** A plain word that can be counted: no bound, no operation, no part of one. */
export function isNoun(word: string): boolean {
  const lower = word.toLowerCase()
  return /^[a-z]{2,30}$/.test(lower) && !NOT_NOUNS.has(lower) && !PART_OF_ONE.test(lower)
}

/** "$5", "US$ 5", "5 €" → the amount and the currency; unit null when there is none. */
export function splitCurrency(text: string): { rest: string; unit: string | null } {
  const before = /^(?:US ?)?([$€£¥₹]) ?/.exec(text) ?? /^(USD|EUR|GBP|JPY|INR|CNY) /.exec(text)
  const sign = before?.[1]
  if (before !== null && sign !== undefined) return { rest: text.slice(before[0].length), unit: canonical(sign) }
  const after = /[$€£¥₹]$/.exec(text)
  if (after !== null) return { rest: text.slice(0, -1).trim(), unit: canonical(after[0]) }
  return { rest: text, unit: null }
}

function canonical(spelling: string): string {
  return SPELLINGS.get(spelling)?.name ?? spelling
}

/** "5 cm", "5cm", "3 red cubes" → amount and unit. Null when what follows the amount is not a plain unit or up to three nouns. */
export function splitUnit(text: string): { amount: string; unit: string } | null {
  if (text.length > 200) return null
  const glued = /^([\d.,/e^×() -]*[\d)])\s*([a-zA-Z°Ω元米个][a-zA-Z°/^23]*)$/.exec(text)
  const known = glued === null ? undefined : SPELLINGS.get(glued[2] ?? '')
  if (glued !== null && known !== undefined) return { amount: (glued[1] ?? '').trim(), unit: known.name }
  const words = text.split(' ')
  const digits = words.findIndex((w) => !/[\d/]/.test(w))
  const split = /^\d/.test(text) ? digits : wordAmountLength(words)
  if (split < 1) return null
  const nouns = words.slice(split)
  if (nouns.length > 3 || nouns.length === 0) return null
  if (nouns.length === 1 && SPELLINGS.has(nouns[0] ?? '')) {
    return { amount: words.slice(0, split).join(' '), unit: canonical(nouns[0] ?? '') }
  }
  if (!nouns.every(isNoun)) return null
  return { amount: words.slice(0, split).join(' '), unit: nouns.join(' ').toLowerCase() }
}

function wordAmountLength(words: readonly string[]): number {
  return /^[a-zA-Z-]+$/.test(words[0] ?? '') ? 1 : -1
}

/**
 * `same`, also when the gold has none or both have none; `missing` when only the gold names one; `convertible` for two units of
 * one dimension; `different` otherwise. A gold with several nouns ("10 Downing Street") is no unit, so nothing may be missing there.
 */
export function compareUnits(
  gold: string | null,
  answer: string | null,
): 'same' | 'missing' | 'convertible' | 'different' {
  if (gold === null || gold === answer) return 'same'
  if (answer === null) return SPELLINGS.has(gold) || !gold.includes(' ') ? 'missing' : 'different'
  const a = SPELLINGS.get(gold)
  const b = SPELLINGS.get(answer)
  if (a !== undefined && b !== undefined)
    return a.dimension === b.dimension && a.dimension !== 'money' ? 'convertible' : 'different'
  return singular(gold) === singular(answer) ? 'same' : 'different'
}

function singular(noun: string): string {
  return noun.length > 3 && noun.endsWith('s') ? noun.slice(0, -1) : noun
}
