import { parseJson } from '../../../domain/json-text.ts'
/**
 * The last JSON object in a text with anything around it: prose, a code fence, brackets. Undefined
 * without an object. An object inside another object is not taken. The work is bounded. Never
 * throws.
 */
export function lastObject(text: string): unknown {
  let found: unknown
  // Characters to read. Without a limit a text of opening braces would be read once for each brace.
  // No useful reply comes near this number.
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

/**
 * Position of the brace that closes the brace at `start`, or null. Braces inside JSON strings do
 * not count.
 */
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
