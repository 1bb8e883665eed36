import { parseUnit } from './answers/units.ts'
import type { Slot } from './verdict.ts'

export interface LastMath {
  slot: Slot
  to: number
  isWhole: boolean
}

/**
 * The marks of mathematics in prose. A lone dollar sign is money, so a pair of dollar signs must
 * hold no sentence and no digit may follow it.
 */
const mathPattern = /\$\$([^$]{1,2000})\$\$|\\\(([^$]{1,2000}?)\\\)|\\\[([^$]{1,2000}?)\\\]|\$([^$]{1,1000})\$(?!\d)/g
/** The text that may be between two pieces of mathematics of one answer. */
const joinPattern = /^\s*(?:,|;|and|or|,\s?and|,\s?or|、|和)\s*$/

/**
 * The last mathematics in prose. Pieces before it belong to it when only a comma or "and" is
 * between them.
 */
export function lastMath(text: string): LastMath | null {
  const from = Math.max(0, text.length - 4_000)
  const pieces: { from: number; to: number }[] = []
  for (const found of text.slice(from).matchAll(mathPattern)) {
    const inner = found[1] ?? found[2] ?? found[3] ?? found[4] ?? ''
    if (/(?:^|[^\\a-zA-Z{])[a-z]{3,} +[a-z]{2,}/.test(inner) && !inner.includes('\\')) continue
    pieces.push({ from: from + found.index, to: from + found.index + found[0].length })
  }
  const last = pieces.at(-1)
  if (last === undefined) return null
  let first = last
  for (const piece of pieces.slice(0, -1).toReversed()) {
    if (!joinPattern.test(text.slice(piece.to, first.from))) break
    first = piece
  }
  const isWhole = !/\p{L}/u.test(text.slice(0, first.from) + text.slice(last.to).replace(/\s*(?:%|percent|pct)/i, ''))
  const unit =
    /^\s?(?:%|percent|pct\b|[a-zA-Zµ°]{1,3}(?:\/[a-z]{1,2})?(?:\^?[23²³])?(?=[\s.,]|$))/.exec(
      text.slice(last.to),
    )?.[0] ?? ''
  const extracted = text.slice(first.from, last.to) + (isUnitAfter(unit) ? unit : '')
  return { slot: { extracted, rule: 'last-math' }, to: last.to, isWhole }
}

function isUnitAfter(text: string): boolean {
  return /%|percent|pct/i.test(text) || parseUnit(text) !== null
}
