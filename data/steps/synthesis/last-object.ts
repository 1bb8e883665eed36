import { parseJson } from '../../../domain/json-text.ts'
/**
 * The last JSON object that stands in a text, whatever is around it: prose, a code fence, brackets. Undefined when
 * there is none. Objects inside another do not count for themselves. Bounded work, never throws.
 */
export function lastObject(text: string): unknown {
  let found: unknown
  // A text of opening braces alone would be read once for each; no reply of use comes near this many characters.
  let budget = 2_000_000
  let start = text.indexOf('{')
  while (start >= 0 && budget > 0) {
    const end = closingBrace(text, start)
    budget -= (end ?? text.length) - start
    const value = end === null ? undefined : parseJson(text.slice(start, end + 1))
    if (value === undefined) start = text.indexOf('{', start + 1)
    else {
      found = value
      start = text.indexOf('{', end ?? start + 1)
    }
  }
  return found
}

/** Where the brace at `start` is closed, braces inside JSON strings not counted; null when it never is. */
function closingBrace(text: string, start: number): number | null {
  let depth = 0
  let quoted = false
  for (let at = start; at < text.length; at++) {
    const character = text[at]
    if (quoted) {
      if (character === '\\') at++
      else if (character === '"') quoted = false
    } else if (character === '"') quoted = true
    else if (character === '{') depth++
    else if (character === '}' && --depth === 0) return at
  }
  return null
}
