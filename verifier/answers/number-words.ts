/** Numbers written as words, English and Chinese. An ordinal alone ("third") is not a number. */
import type { Rational } from '../math/rational.ts'

const smallNumbers = new Map(
  (
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen ' +
    'eighteen nineteen'
  )
    .split(' ')
    .map((word, value) => [word, value]),
)
const tens = new Map(
  'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ').map((word, i) => [word, 10 * i + 20]),
)
const scales = new Map<string, bigint>([
  ['thousand', 1_000n],
  ['million', 1_000_000n],
  ['billion', 1_000_000_000n],
  ['trillion', 1_000_000_000_000n],
])
/**
 * The longest number in words that is read, in characters: "nine hundred ninety-nine billion … and
 * ninety-nine".
 */
const longestText = 200

/**
 * Reads "seven", "twenty-one", "a hundred", "three hundred and five", "two million", "a dozen",
 * "half a dozen", 二十五, 3万 or 负五 as an integer. Null for other words.
 */
export function numberFromWords(text: string): bigint | null {
  if (text.length > longestText || text === '') return null
  if (/[\u3400-\u9fff〇]/.test(text)) return chineseNumber(text)
  if (!/^[a-z][a-z -]*$/i.test(text)) return null
  const words = text.toLowerCase().split(/[ -]+/)
  if (words.join(' ') === 'half a dozen') return 6n
  if (/^dozens?$/.test(words.at(-1) ?? '')) {
    const count =
      words.length === 1 || (words.length === 2 && words[0] === 'a') ? 1n : englishNumber(words.slice(0, -1))
    return count === null ? null : count * 12n
  }
  return englishNumber(words)
}

/**
 * Groups of up to 999 (or "fifteen hundred"). Each group has a smaller scale than the group before
 * it.
 */
function englishNumber(words: readonly string[]): bigint | null {
  let total = 0n
  let lastScale: bigint | null = null
  let from = 0
  for (let at = 0; at <= words.length; at++) {
    const scale = at === words.length ? 1n : scales.get(words[at] ?? '')
    if (scale === undefined) continue
    const group = words.slice(from, at)
    from = at + 1
    // "two million" ends with its scale. "a thousand and five" has a group after the scale.
    if (scale === 1n && group.length === 0) return lastScale === null ? null : total
    const value = groupValue(group, scale > 1n, words.length === 1 ? 'alone' : lastScale === null ? 'first' : 'later')
    if (value === null || (lastScale !== null && (scale >= lastScale || value >= 1000))) return null
    total += BigInt(value) * scale
    lastScale = scale
  }
  return total
}

function groupValue(group: readonly string[], scaled: boolean, place: 'alone' | 'first' | 'later'): number | null {
  const follows = place === 'later'
  if (group.length === 0) return scaled && place === 'alone' ? 1 : null
  if (group.length === 1 && group[0] === 'a') return scaled ? 1 : null
  const hundred = group.indexOf('hundred')
  const rest = hundred < 0 ? group : group.slice(hundred + 1)
  const tail = rest[0] === 'and' && (hundred >= 0 || follows) ? rest.slice(1) : rest
  if (rest.length > 0 && tail.length === 0) return null
  const low = tail.length === 0 ? 0 : belowHundred(tail)
  if (low === null) return null
  if (hundred < 0) return low
  const head = group.slice(0, hundred)
  const bare = head.length === 0 || (head.length === 1 && head[0] === 'a')
  const high = bare ? 1 : belowHundred(head)
  if (high === null || high === 0 || (high > 9 && high % 10 === 0)) return null
  return high * 100 + low
}

function belowHundred(words: readonly string[]): number | null {
  const [first = '', second, ...others] = words
  if (others.length > 0) return null
  if (second === undefined) return smallNumbers.get(first) ?? tens.get(first) ?? null
  const ten = tens.get(first)
  const one = smallNumbers.get(second)
  return ten !== undefined && one !== undefined && one >= 1 && one <= 9 ? ten + one : null
}

const chineseDigits = new Map(
  [
    '零〇', '一壹', '二贰两', '三叁', '四肆', '五伍', '六陆', '七柒', '八捌', '九玖',
  ].flatMap((forms, value) => Array.from(forms, (form): [string, number] => [form, value])),
) // prettier-ignore
const chineseUnits = new Map([
  ['十', 10],
  ['拾', 10],
  ['百', 100],
  ['佰', 100],
  ['千', 1000],
  ['仟', 1000],
])
const chineseScales: Record<string, bigint> = {
  十: 10n, 百: 100n, 千: 1000n, 万: 10_000n, 十万: 100_000n, 百万: 1_000_000n, 千万: 10_000_000n, 亿: 100_000_000n,
  万亿: 1_000_000_000_000n,
} // prettier-ignore

function chineseNumber(text: string): bigint | null {
  const negative = text.startsWith('负')
  const size = chineseSize(negative ? text.slice(1) : text)
  return size === null || !negative ? size : -size
}

function chineseSize(text: string): bigint | null {
  const mixed = /^(\d{1,15})(?:\.(\d{1,8}))? ?(十|百|千|万|十万|百万|千万|亿|万亿)$/.exec(text)
  if (mixed !== null) {
    const [, whole = '0', tail = '', unit = ''] = mixed
    const scaled = BigInt(whole + tail) * (chineseScales[unit] ?? 1n)
    const power = 10n ** BigInt(tail.length)
    return scaled % power === 0n ? scaled / power : null
  }
  // 二〇二四 names digits. 三四 means "three or four", so a short run without a zero is not a number.
  if (/^[零〇一二三四五六七八九]{2,20}$/.test(text) && (text.length >= 4 || /[零〇]/.test(text))) {
    return /^[零〇]+$/.test(text) ? null : BigInt(Array.from(text, (c) => chineseDigits.get(c) ?? 0).join(''))
  }
  let total = 0n
  let rest = text
  for (const [mark, scale] of [
    ['亿', 100_000_000n],
    ['万', 10_000n],
  ] as const) {
    const at = rest.indexOf(mark)
    if (at < 0) continue
    const section = chineseSection(rest.slice(0, at), total > 0n)
    rest = rest.slice(at + 1)
    // Speakers say 三万五 for 35,000, and 30,005 is 三万零五. One digit right after a scale is not read.
    if (section === null || section === 0 || /^[^零〇十百千拾佰仟]$/.test(rest)) return null
    total += BigInt(section) * scale
  }
  if (rest === '') return total > 0n ? total : null
  const last = chineseSection(rest, total > 0n)
  return last === null ? null : total + BigInt(last)
}

/**
 * 0–9999. The units fall (千 百 十). A last digit right after 百 or 千 is not read: speakers say 一百五 for
 * 150.
 */
function chineseSection(text: string, follows: boolean): number | null {
  if (text === '') return null
  if (text === '零' || text === '〇') return follows ? null : 0
  let total = 0
  let digit: number | null = null
  let unit = 10_000
  let zero = false
  for (const [at, c] of Array.from(text).entries()) {
    const weight = chineseUnits.get(c)
    const value = chineseDigits.get(c)
    if (weight !== undefined) {
      if (weight >= unit || (digit === null && !(weight === 10 && at === 0))) return null
      total += (digit ?? 1) * weight
      ;[digit, unit, zero] = [null, weight, false]
    } else if (value === 0) {
      if (zero || digit !== null || (at === 0 && !follows)) return null
      zero = true
    } else if (value === undefined || digit !== null) {
      return null
    } else {
      digit = value
    }
  }
  if (digit === null) return zero ? null : total
  return unit > 10 && unit < 10_000 && !zero ? null : total + digit
}

const partNames: readonly (readonly [one: string, size: bigint])[] = [
  ['half', 2n], ['third', 3n], ['quarter', 4n], ['fourth', 4n], ['fifth', 5n], ['sixth', 6n], ['seventh', 7n],
  ['eighth', 8n], ['ninth', 9n], ['tenth', 10n], ['eleventh', 11n], ['twelfth', 12n], ['sixteenth', 16n],
  ['twentieth', 20n], ['hundredth', 100n], ['thousandth', 1000n], ['millionth', 1_000_000n],
] // prettier-ignore
const singleParts = new Map(partNames)
const pluralParts = new Map(partNames.map(([one, size]) => [one === 'half' ? 'halves' : `${one}s`, size]))

/**
 * Reads "half", "one half", "three quarters", "two-thirds", "two and a half", "three point one
 * four", 三分之一, 一半 or 三点五 as an exact fraction. Null for anything else. "ten thousandths" has two
 * readings (10/1000 and 1/10000) and is not read.
 */
export function fractionFromWords(text: string): Rational | null {
  if (text.length > longestText || text === '') return null
  if (/[\u3400-\u9fff]/.test(text)) return chineseFraction(text)
  if (!/^[a-z][a-z -]*$/i.test(text)) return null
  const words = text.toLowerCase().split(/[ -]+/)
  const point = words.indexOf('point')
  if (point >= 0) return pointNumber(words.slice(0, point), words.slice(point + 1))
  const and = words.lastIndexOf('and')
  const part = simplePart(words)
  if (part !== null || and < 1) return part
  const whole = englishNumber(words.slice(0, and))
  const rest = simplePart(words.slice(and + 1))
  if (whole === null || rest === null || rest.n >= rest.d) return null
  return { n: whole * rest.d + rest.n, d: rest.d }
}

function simplePart(words: readonly string[]): Rational | null {
  const last = words.at(-1) ?? ''
  const head = words.slice(0, -1)
  const single = singleParts.get(last)
  if (single !== undefined) {
    const one = head.length === 1 && (head[0] === 'a' || head[0] === 'one')
    return one || (last === 'half' && head.length === 0) ? { n: 1n, d: single } : null
  }
  const size = pluralParts.get(last)
  if (size === undefined || (size >= 100n && /^(?:ten|hundred|thousand|million)$/.test(head.at(-1) ?? ''))) return null
  const count = englishNumber(head)
  return count === null || count === 1n ? null : { n: count, d: size }
}

function pointNumber(head: readonly string[], tail: readonly string[]): Rational | null {
  const whole = head.length === 0 ? 0n : englishNumber(head)
  const digits = tail.map((word) => (word === 'oh' ? 0 : (smallNumbers.get(word) ?? 10)))
  if (whole === null || digits.length === 0 || digits.some((d) => d > 9)) return null
  const scale = 10n ** BigInt(digits.length)
  return { n: whole * scale + BigInt(digits.join('')), d: scale }
}

function chineseFraction(raw: string): Rational | null {
  const negative = raw.startsWith('负')
  const text = negative ? raw.slice(1) : raw
  const size = chineseFractionSize(text)
  return size === null || !negative ? size : { n: -size.n, d: size.d }
}

function chineseFractionSize(text: string): Rational | null {
  if (text === '一半') return { n: 1n, d: 2n }
  const parts = text.split('分之')
  if (parts.length === 2) {
    const [d, n] = parts.map((part) => {
      if (/^\d{1,15}$/.test(part)) return BigInt(part)
      return /^[百千万]$/.test(part) ? (chineseScales[part] ?? null) : chineseSize(part)
    })
    return n === null || n === undefined || d === null || d === undefined || d === 0n ? null : { n, d }
  }
  const [whole = '', tail = '', ...others] = text.split('点')
  if (others.length > 0 || !/^[零〇一二三四五六七八九]{1,20}$/.test(tail)) return null
  const head = chineseSize(whole)
  const scale = 10n ** BigInt(tail.length)
  if (head === null) return null
  return { n: head * scale + BigInt(Array.from(tail, (c) => chineseDigits.get(c) ?? 0).join('')), d: scale }
}
