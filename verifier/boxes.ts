import { withNeighbours } from './beside-box.ts'
import type { PlacedBox } from './beside-box.ts'
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
    groups.length === 1 && !unclosed ? withNeighbours(text, first) : groups.map(({ inner }) => inner).join(', ')
  return { extracted, rule: unclosed ? 'boxed-unclosed' : 'boxed', from: first.from, to: last.to }
}

interface Box extends PlacedBox {
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
  for (let depth = 0; depth < mostBoxes; depth++) {
    const found = /\$?\\(?:boxed|fbox)(?![a-zA-Z])/.exec(text)
    if (found === null) break
    const box = readBox(text, found.index + found[0].length)
    const rest = box === null ? text.slice(found.index + found[0].length) : text.slice(box.to).replace(/^\$/, '')
    text = `${text.slice(0, found.index)}${box?.inner ?? ''}${rest}`
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
