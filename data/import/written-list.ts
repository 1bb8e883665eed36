import { isMap } from './record.ts'

/**
 * Lists as JSON, as Python prints them (`['a', "it's"]`) or as NumPy prints them (`['a' 'b']`).
 * Items that are lists or maps are left out. Null when the text is no list.
 */
export function writtenList(text: string): string[] | null {
  if (!/^\[.*\]$|^\(.*\)$/s.test(text)) return null
  try {
    const json: unknown = JSON.parse(text)
    if (Array.isArray(json)) return json.map(itemText)
  } catch {
    // Perhaps it is Python's form.
  }
  const inner = text.slice(1, -1)
  // Python sets a comma between items, and NumPy only white space after a quoted item.
  const item =
    /\s*(?:'((?:[^'\\]|\\.)*)'(?=\s*,|\s*$|\s+['"])|"((?:[^"\\]|\\.)*)"(?=\s*,|\s*$|\s+['"])|(-?[\d.]+(?:e[+-]?\d+)?|True|False|None)(?=\s*,|\s*$))\s*(?:,|$|(?=['"]))/sy
  const items: string[] = []
  while (item.lastIndex < inner.length) {
    const rest = inner.slice(item.lastIndex)
    if (rest.trim() === '') break
    const found = item.exec(inner)
    if (!found) return null
    items.push(unescaped(found[1] ?? found[2] ?? found[3] ?? '').trim())
  }
  return items
}

const itemText = (item: unknown): string => {
  if (isMap(item)) return typeof item['text'] === 'string' ? item['text'].trim() : ''
  if (typeof item === 'string') return item.trim()
  return typeof item === 'number' || typeof item === 'boolean' ? String(item) : ''
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }
const unescaped = (text: string): string =>
  // Only the marks that Python itself escapes: it has doubled the backslash of a formula's \frac.
  text.replaceAll(/\\(n|t|r|\\|'|")/g, (_, mark: string) => escapes[mark] ?? mark)
