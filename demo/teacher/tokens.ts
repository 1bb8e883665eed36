/**
 * One token for each word or sign: a plain estimate, because a program of rules has no tokenizer.
 */
const tokenPattern = /\w+|[^\s\w]/g

/** How many tokens a text has by that estimate. */
export function countTokens(text: string): number {
  return text.match(tokenPattern)?.length ?? 0
}

/** The first `limit` tokens of a text, and whether anything was cut off. */
export function truncate(text: string, limit: number | undefined): { text: string; isCut: boolean } {
  if (limit === undefined) return { text, isCut: false }
  let seen = 0
  for (const match of text.matchAll(tokenPattern)) {
    if (seen === limit) return { text: text.slice(0, match.index).trimEnd(), isCut: true }
    seen += 1
  }
  return { text, isCut: false }
}
