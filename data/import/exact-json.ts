/**
 * The value of a JSON text, with whole numbers that JavaScript cannot hold as texts of their
 * digits: two ids above 2^53 would otherwise become one. Throws SyntaxError for text that is no
 * JSON.
 */
export function exactJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text)
  // Digits inside a text are passed over: a text is matched whole.
  const quoted = text.replaceAll(/"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g, (found) =>
    found.startsWith('"') || Number.isSafeInteger(Number(found)) ? found : `"${found}"`,
  )
  return JSON.parse(quoted)
}
