/** The nouns for a text about the picture, with the words that often precede them. */
const noun =
  '(?:(?:text|textual|written|image|picture|visual|scene|provided|given|detailed|above) ){0,3}(?:description|caption)(?: (?:description|caption)\\b)*'
/** `of the image`, `of the description`, any number of times. */
const ofIt = '(?: of (?:the|this) (?:image|picture|photo|scene|figure|diagram|description|caption)\\b)*'
// A match starts only at the start of a chain, so the time grows with the length of the chain and
// no faster.
const source = `(?<!(?:description|caption) of )(?:the|this|that|your) ${noun}\\b(?: (?:provided|given|above|below)(?=[,.;:)]|$))?${ofIt}`
const say = '(?:say|state|mention|describe|note|indicate|specify|list|report)'
const says = '(?:says|states|mentions|describes|notes|indicates|specifies|lists|reports|gives)'
const said = '(?:said|stated|mentioned|described|noted|indicated|specified|listed|reported|given)'
const adverb = '(also|only|clearly|explicitly|just|simply|then|further|specifically)'
/**
 * Not before words that make a caption part of the picture: `the caption below the photo`, `the
 * caption reads`.
 */
const ownText = '(?! (?:of|under|below|above|beneath|at|on|reads?|font|box)\\b)'
/** Not before a quotation: `says "STOP"` is about letters in a picture. */
const noQuote = '(?!:? ?["“‘\'])'

/**
 * Patterns in order of use, and their replacements. Each replacement removes a description and adds
 * no description.
 */
const rewrites: readonly (readonly [RegExp, string])[] = [
  [`(?:according to|going by|as per|per) ${source}`, 'in the image'],
  [`as ${said} (?:in|by) ${source}`, 'as shown in the image'],
  [`(is|are|was|were|be|been) ${said} (?:in|by) ${source}`, '$1 shown in the image'],
  [`${said} (?:in|by) ${source}`, 'shown in the image'],
  [`(?:re-?read|read) (?:through )?${source}`, 'look at the image'],
  [`(?:re-?reading|reading) (?:through )?${source}`, 'looking at the image'],
  [`${source} (?:does not|doesn['’]t) ${adverb} ${say}\\b`, 'the image does not $1 show'],
  [`${source} (?:does not|doesn['’]t) ${say}\\b`, 'the image does not show'],
  [`${source} (?:did not|didn['’]t) ${say}\\b`, 'the image did not show'],
  [`${source} (may|might|must|would|should|could|can|will) ${say}\\b`, 'the image $1 show'],
  [`${source} ${adverb} (?:tells (?:us|me)(?: about)?|${says})\\b${noQuote}`, 'the image $1 shows'],
  [`${source} (?:tells (?:us|me)(?: about)?|${says})\\b${noQuote}`, 'the image shows'],
  [`${source} ${said}\\b${noQuote}`, 'the image showed'],
  [`${source} (?:says|states)(?=:? ?["“‘'])`, 'the image shows'],
  // "The text" may be part of the picture. Without a quotation after it, it is the description.
  [`(?:according to|as per) the text\\b(?! (?:on|in|of|at|above|below|under|beside|next)\\b)`, 'in the image'],
  [`the text (?:mentions|describes|states)\\b${noQuote}`, 'the image shows'],
  [`the text says\\b(?= (?:that|there)\\b)`, 'the image shows'],
  [`${source}${ownText}`, 'the image'],
].map(([pattern, to]) => [new RegExp(`(?<![\\p{L}\\p{N}])${pattern}`, 'giu'), to ?? ''] as const)

/** The text of an answer stays letter by letter, also without a closing tag. */
const answers = /(<answer>[\s\S]*?(?:<\/answer>|$(?![\s\S]))|\\boxed\s{0,3}\{(?:[^{}]|\{[^{}]{0,80}\}){0,200}\})/i

/**
 * Rewrites a text that came from a description, so that it speaks of the picture: "according to the
 * description" becomes "in the image", "the description mentions" becomes "the image shows".
 * Vision-R1 replaces words for this purpose and does not say which words; the list is Hone's. Text
 * inside `<answer>` and `\boxed{}` stays. A second call changes nothing.
 */
export function speakOfImage(text: string): string {
  return text
    .split(answers)
    .map((part, index) => (index % 2 === 1 ? part : untilStable(part)))
    .join('')
}

/**
 * New words may complete another pattern. The loop ends, because every pass removes at least one
 * description.
 */
function untilStable(text: string): string {
  let [before, after] = ['', text]
  while (after !== before) [before, after] = [after, rewriteOnce(after)]
  return after
}

function rewriteOnce(text: string): string {
  let result = text
  for (const [pattern, to] of rewrites) {
    result = result.replace(pattern, (...found: unknown[]) => {
      const [whole, word] = found
      const written = to.replace('$1', typeof word === 'string' ? word : '')
      return typeof whole === 'string' && /^\p{Lu}/u.test(whole)
        ? written.charAt(0).toUpperCase() + written.slice(1)
        : written
    })
  }
  return result
}
