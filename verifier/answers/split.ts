import type { Effort } from '../effort.ts'
import { setClose, setOpen } from './math-text.ts'

/** A mark outside all brackets that divides an answer into parts. */
export interface Mark {
  kind: 'list' | 'semicolon' | 'or' | 'and' | 'arrow' | 'set' | 'relation' | 'colon' | 'bar'
  text: string
  from: number
  to: number
}

const opening = new Set(['(', '[', '{', setOpen, '⟨'])
const closing = new Set([')', ']', '}', setClose, '⟩'])
const markKinds: Readonly<Record<string, Mark['kind']>> = {
  ',': 'list', ';': 'semicolon', '⇒': 'arrow', '∪': 'set', '∩': 'set', '∖': 'set', '=': 'relation', '<': 'relation',
  '>': 'relation', '≤': 'relation', '≥': 'relation', '≠': 'relation', '≈': 'relation', '∈': 'relation', ':': 'colon', '|': 'bar',
} // prettier-ignore

/** The deepest brackets that are read. */
const maxDepth = 60

/**
 * The marks outside all brackets, in order. Null when the brackets do not close. Any bracket closes
 * any other bracket: [0, 1) is an interval.
 */
export function topLevelMarks(text: string, effort: Effort): Mark[] | null {
  effort.spend(1 + text.length / 20)
  const marks: Mark[] = []
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? ''
    if (c === '\\') {
      if (text.startsWith('\\begin{', i)) depth++
      else if (text.startsWith('\\end{', i)) depth--
      i++
    } else if (opening.has(c)) depth++
    else if (closing.has(c)) depth--
    else if (depth === 0) {
      const kind = markKinds[c]
      if (kind !== undefined) marks.push({ kind, text: c, from: i, to: i + 1 })
      else if (c === '和' || c === '或') marks.push({ kind: c === '和' ? 'and' : 'or', text: c, from: i, to: i + 1 })
      else if ((c === 'o' || c === 'a') && !/[a-zA-Z\\]/.test(text[i - 1] ?? ' ')) {
        const word =
          /^(?:or|and)(?![a-zA-Z_({]|\s*=)/.exec(text.slice(i, i + 5))?.[0] ??
          (/^or\s*\(/.exec(text.slice(i, i + 5)) && 'or')
        if (word) marks.push({ kind: word === 'or' ? 'or' : 'and', text: word, from: i, to: i + word.length })
      }
    }
    if (depth < 0 || depth > maxDepth) return null
  }
  return depth === 0 ? marks : null
}

/** The trimmed texts between the marks. */
export function between(text: string, marks: readonly Mark[]): string[] {
  const parts: string[] = []
  let from = 0
  for (const mark of marks) {
    parts.push(text.slice(from, mark.from).trim())
    from = mark.to
  }
  parts.push(text.slice(from).trim())
  return parts
}

/** Whether the bracket at the start of the text closes at its very end. */
export function isEnclosed(text: string): boolean {
  if (!opening.has(text[0] ?? '')) return false
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? ''
    if (c === '\\') i++
    else if (opening.has(c)) depth++
    else if (closing.has(c)) depth--
    if (depth === 0) return i === text.length - 1
  }
  return false
}
