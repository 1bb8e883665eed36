import { parseJson, parsePythonJson } from '../../domain/json-text.ts'
import { assemble, doneMark } from './assembly.ts'
import { EventLines } from './event-lines.ts'
import { fieldsOf } from './foreign.ts'

/**
 * The value of a body: JSON, also after a byte order mark, comments (`: OPENROUTER PROCESSING`) and
 * white space, in a list of one entry, or as a JSON text of its own; events of a stream; or JSON
 * line by line. Undefined for any other text.
 */
export function bodyValue(text: string): unknown {
  const plain = parseJson(text)
  const value = plain === undefined ? lenientValue(text) : plain
  if (typeof value === 'string') return parseJson(value)
  if (!Array.isArray(value)) return value
  // Gemini sends an error as a list of one, and a stream as a list of chunks.
  return value.length === 1 ? value[0] : assemble(value)
}

function lenientValue(text: string): unknown {
  const body = text.replace(/^(?:[\s\uFEFF]|:[^\n]*(?:\n|$))+/, '')
  if (/^(?:data|event|id|retry)\s*:/.test(body)) return eventsValue(body)
  const value = parsePythonJson(body)
  if (value !== undefined) return value
  const lines = body.split('\n').filter((line) => line.trim() !== '')
  const values = lines.length > 1 ? lines.map(parseJson) : []
  return values.length > 0 && values.every((line) => Object.keys(fieldsOf(line)).length > 0)
    ? assemble(values)
    : undefined
}

/** One chat completion of the text of a stream. A chunk that is no JSON cuts the stream. */
function eventsValue(text: string): unknown {
  const events = new EventLines()
  return assemble([...events.push(text), ...events.end()].map(chunkOf))
}

const chunkOf = (data: string): unknown => (data.trim() === doneMark ? doneMark : parseJson(data))
