import type { Slot } from './verdict.ts'

/** By these words and signs a sentence leaves its answer open: "maybe 3, maybe 4", "3? 4?". */
const openSentence =
  /\b(?:maybe|perhaps|possibly|either|or not)\b|[\d})]\s*[?;]\s*[\d\\($-]|[\d})]\s*\?\W*$|\d \/ [\d\\]|(?:^|\s)\(?[A-J]\)?\s*\?/i

/** The last sentence of a text when it leaves its answer open. Null for every other text. */
export function hedgedEnd(text: string): string | null {
  const sentence = lastSentence(text)
  return openSentence.test(sentence) ? sentence : null
}

function lastSentence(text: string): string {
  const tail = text.slice(-300)
  let from = 0
  for (const end of tail.matchAll(/[.!]\s+(?=\p{Lu}[\p{Ll}\s])|[。\n](?=[^])/gu)) {
    // "A. red" is an option and no end of a sentence.
    const isOption = /(?:^|[\s(])[A-J]$/.test(tail.slice(0, end.index))
    if (!isOption) from = end.index + end[0].length
  }
  return tail.slice(from).trim()
}

/** Another letter just before the last letter, as in a list: A, B, C · A. red B. blue · red; A. */
const listed = /(?:^|[\s(])[A-J][).:]?(?: \w+){0,3}\s*[,;/?]?\s*$|[;/?]\s*\(?$/

/** The last letter of an option in prose, with its text where the text ends with it. */
export function lastLetter(text: string): Slot | null {
  const tail = text.slice(-4_000)
  let last: RegExpMatchArray | null = null
  for (const found of tail.matchAll(/(?<![A-Za-z'’\d])\(?\b([A-J])\b\)?(?!['’])(?=[\s).,:;!?*]|$)/g)) {
    // "A" and "I" before a lower-case word are an article and a pronoun, not letters of options.
    const next = tail.slice((found.index ?? 0) + found[0].length, (found.index ?? 0) + found[0].length + 3)
    if (/^[AI]$/.test(found[0]) && /^ [a-z]/.test(next) && !/^ (?:is|or)/.test(next)) continue
    last = found
  }
  if (last === null) return null
  const at = last.index ?? 0
  const hedged = hedgedEnd(tail)
  if (hedged !== null || listed.test(tail.slice(Math.max(0, at - 60), at))) {
    return { extracted: hedged ?? lastSentence(tail), rule: 'last-letter' }
  }
  const bound = /(?:\b([A-J])\)?,? (?:or|and)|\b(?:not|isn't|neither|nor)(?: option)?)\s*$/i.exec(
    tail.slice(Math.max(0, at - 24), at),
  )
  // "C. red": the text of the option must not be another option's text.
  const withText = /^\(?[A-J][.):]\)? +[^.\n]{1,60}\.?$/.exec(tail.slice(at).trimEnd())?.[0]
  return { extracted: `${bound?.[0] ?? ''}${withText ?? last[0]}`, rule: 'last-letter' }
}

/** The last sentence that begins with yes or no. A question does not answer. */
export function lastYesNo(text: string): Slot | null {
  const sentences = text
    .slice(-4_000)
    .split(/(?<=[.!?\n。])/)
    .filter((s) => !/[?？]\s*$/.test(s))
    .map((s) => s.replace(/[.!\n。]+$/, '').trim())
  const opens = /^(?:(?:so|thus|therefore|hence),? )?(?:yes|no|true|false|是|否|对|错)\b/i
  const found = sentences.findLast((s) => opens.test(s) || /^[是否对错]/.test(s))
  return found === undefined ? null : { extracted: found, rule: 'last-yesno' }
}
