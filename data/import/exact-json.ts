/**
 * The value of a JSON text, with whole numbers that JavaScript cannot hold as texts of their
 * digits: two ids above 2^53 would otherwise become one. Throws SyntaxError for text that is no
 * JSON.
 */
export function exactJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text)
  return JSON.parse(text.replaceAll(textOrNumber, (found) => (isTooLarge(found) ? `"${found}"` : found)))
}

// Texts are matched whole, so that digits inside them are passed over.
const textOrNumber = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

const isTooLarge = (found: string): boolean => /^-?\d{16,}$/.test(found) && !Number.isSafeInteger(Number(found))
