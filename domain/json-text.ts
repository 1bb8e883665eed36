/** The value of a JSON text; undefined when the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// Python's json writes these three, which no JSON parser reads.
const pythonNumber = /(?<=[:,[]\s*)-?(?:NaN|Infinity)(?=\s*[,}\]])/g

/**
 * The value of a JSON text by Python; undefined when the text is not JSON. NaN and the infinities
 * read as null.
 */
export const parsePythonJson = (text: string): unknown => parseJson(text.replace(pythonNumber, 'null'))
