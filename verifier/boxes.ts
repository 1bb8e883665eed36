import { parseUnit } from './answers/units.ts'
import type { FoundSlot } from './verdict.ts'

/** The most boxes that can make one answer together: "\\boxed{1} and \\boxed{2}". */
const mostBoxes = 16
const boxMark = /\\(?:boxed|fbox)(?![a-zA-Z])/g

/**
 * The last box, with the unit, percent sign, scale word or sign that touches it. Boxes before it
 * belong to it when only a comma or "and" is between them. A box around boxes counts as one box.
 */
export function boxed(text: string): FoundSlot | null {
  const boxes = outerBoxes(text)
  const groups: Box[] = []
  const unclosed = boxes.at(-1)?.closed === false
  for (const box of boxes.toReversed()) {
    const [next] = groups
    if (next !== undefined && !(box.closed && standTogether(text.slice(box.to, next.from)))) break
    groups.unshift(box)
    if (unclosed || groups.length >= mostBoxes) break
  }
  const [first] = groups
  const last = groups.at(-1)
  if (first === undefined || last === undefined) return null
  const extracted =
    groups.length === 1 && !unclosed
      ? withNeighbours(text, first.from, first.to, first.inner)
      : groups.map(({ inner }) => inner).join(', ')
  return { extracted, rule: unclosed ? 'boxed-unclosed' : 'boxed', from: first.from, to: last.to }
}

interface Box {
  from: number
  to: number
  inner: string
  closed: boolean
}

/** The boxes that are in no other box, in order. Of boxes without an end only the last counts. */
function outerBoxes(text: string): Box[] {
  const boxes: Box[] = []
  for (const { 0: mark, index: from } of Array.from(text.matchAll(boxMark)).slice(-4 * mostBoxes)) {
    const last = boxes.at(-1)
    if (last?.closed === true && from < last.to) continue
    const found = readBox(text, from + mark.length)
    if (found === null) continue
    if (last?.closed === false) boxes.pop()
    boxes.push({ from, to: found.to, inner: withoutBoxes(found.inner), closed: found.closed })
  }
  return boxes
}

/** Takes the boxes within a box off: \boxed{\boxed{12}} holds 12. */
function withoutBoxes(inner: string): string {
  let text = inner
  for (let depth = 0; depth < 6 && /\\f?box/.test(text); depth++) {
    text = text.replace(/\$?\\(?:boxed|fbox)\s?\{([^{}]*)\}\$?/g, '$1')
  }
  return text.replace(/\\(?:boxed|fbox)(?![a-zA-Z])/g, '')
}

/**
 * Whether a comma or "and" joins two boxes: "\boxed{1}, \boxed{2}", or "\boxed{3} apples and y =
 * \boxed{4}".
 */
function standTogether(gap: string): boolean {
  if (gap.length > 80) return false
  const plain = gap
    .replace(/\\text\s*\{([^{}]*)\}/g, '$1')
    .replace(/\\q?quad|\\[,;:! ()[\]]|[$\\]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return /^(?:[\w()]{1,12} ?){0,3}(?:[,;、]|, and|and|or|和|&)(?: ?[a-zA-Z]_?\{?\w?\}? ?=)?$|^$/i.test(plain)
}

/**
 * The content of a box. Its brace is at `at` or just after it. A box that is not closed ends with
 * its line.
 */
function readBox(text: string, at: number): { inner: string; closed: boolean; to: number } | null {
  const open = /^\s?\{/.exec(text.slice(at, at + 2))
  if (open === null) {
    const bare = /^ ([^\s{}$\\]{1,40})/.exec(text.slice(at, at + 42))
    return bare === null ? null : { inner: bare[1] ?? '', closed: true, to: at + bare[0].length }
  }
  const from = at + open[0].length
  let depth = 1
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 92) i++
    else if (c === 123) depth++
    else if (c === 125) depth--
    if (depth === 0) return { inner: text.slice(from, i), closed: true, to: i + 1 }
  }
  return { inner: (text.slice(from).split('\n', 1)[0] ?? '').replace(/\$+\.?$/, ''), closed: false, to: text.length }
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

/** The content of a number's box with the sign, unit or scale that is written beside the box. */
function withNeighbours(text: string, from: number, to: number, inner: string): string {
  if (!/[\dπ})!]\s*\$?\s*$|\\pi\s*$/.test(inner) || /[=<>,]/.test(inner)) return inner
  const before = text.slice(Math.max(0, from - 12), from)
  const after = text.slice(to, to + 120)
  const sign = /(?:^|[$=(:[\s{])([-−])$/.exec(before) !== null && !/^\s*[-−+\\]/.test(inner) ? '-' : ''
  const money = /\\\$\s*$/.test(before) ? '\\$' : ''
  return `${sign}${money}${inner}${neighbour(after)}`
}

function neighbour(after: string): string {
  const sign = afterSign.exec(after)
  if (sign !== null) {
    const [, percent, degrees, scale, power] = sign
    if (percent !== undefined) return '%'
    return power === undefined ? `${degrees === undefined ? '' : '°'}${scale ?? ''}` : ` ${power}`
  }
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
