import { isUtf8 } from 'node:buffer'
import { messageOf } from '../../domain/errors.ts'
import { parseJson } from '../../domain/json-text.ts'
import { exactJson } from './exact-json.ts'

/**
 * The value of a JSON text, or why it has none. NaN and the infinities, which Python's json writes,
 * are refused by the name of their field: a null in their place would be a value that nobody wrote.
 */
export function jsonValue(text: string): { value: unknown } | { problem: string } {
  try {
    return { value: exactJson(text) }
  } catch (error) {
    const number = pythonNumberIn(text)
    return { problem: number ?? `not JSON: ${messageOf(error)}` }
  }
}

/** The value of a JSON text whose bytes were read as Latin-1. */
export function jsonOfBytes(latin: string): { value: unknown } | { problem: string } {
  if (/^[^\u0080-\u00ff]*$/.test(latin)) return jsonValue(latin)
  const bytes = Buffer.from(latin, 'latin1')
  return isUtf8(bytes) ? jsonValue(bytes.toString('utf8')) : { problem: notUtf8 }
}

export const notUtf8 = 'the text is not UTF-8; save the file as UTF-8'

/** A longer text holds pictures, which the search for a number would walk through slowly. */
const longestLooked = 1024 * 1024
const textOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\b(?:NaN|Infinity)\b/gs

/** Names the first field with NaN or an infinity; null when the text has no such number. */
function pythonNumberIn(text: string): string | null {
  if (text.length > longestLooked || !/NaN|Infinity/.test(text)) return null
  const words: string[] = []
  // A private character that no text has by chance marks the place of each number.
  const marked = text.replaceAll(textOrNumber, (found) =>
    found.startsWith('"') ? found : `"\uE0F0${words.push(found) - 1}"`,
  )
  const [word] = words
  const value = word === undefined ? undefined : parseJson(marked)
  if (word === undefined || value === undefined) return null
  const place = pathOf(value, '\uE0F00') ?? ''
  return `the field "${place}" is ${word}, which is no JSON: write null (pandas' to_json does, json.dumps does not)`
}

function pathOf(value: unknown, wanted: string): string | null {
  if (value === wanted) return ''
  if (typeof value !== 'object' || value === null) return null
  for (const [key, inner] of Object.entries(value)) {
    const path = pathOf(inner, wanted)
    if (path !== null) return path === '' ? key : `${key}.${path}`
  }
  return null
}
