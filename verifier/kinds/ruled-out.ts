/** Finds what a pick of options rules out. */

const denied = String.raw`(?:is|are|was|were|do|does|can|could|will|would)(?: not|n't|not)?(?<=not|n't)|(?:is|are) (?:wrong|incorrect|false|out|too \w+|ruled out|eliminated)`
const letter = String.raw`(?:(?:option|choice|answer) )?\(?[A-J]\)?`
const others = new RegExp(
  String.raw`[,;(.]? ?(?:and |but )?(?:not|rather than|instead of|as opposed to|over) ${letter}(?:(?:, | or | and | nor )${letter})*\)?$` +
    String.raw`|,? ?而?(?:不是|非|不选) ?\(?[A-J]\)?$` +
    String.raw`|(?:[,;.] ?| \()(?:and |but |while )?${letter}(?:(?:, | or | and )${letter})* (?:${denied})\b.{0,80}$` +
    String.raw`|[,;.] ?(?:and |but )?(?:[Aa]ll )?(?:[Tt]he )?(?:[Oo]ther|[Rr]emaining|[Rr]est)s?(?: of)?(?: the)?(?: options| choices| answers| ones)? (?:are|is) (?:not|wrong|incorrect|false)\b.{0,80}$`,
)

/** "Not A but B", "It can't be A or C, so B": the pick comes after what is ruled out. */
const turnedPattern = new RegExp(
  String.raw`^(?:not ${letter},? but (?:rather )?|(?:it )?(?:can't|cannot|can not|isn't|is not) be ${letter}(?:(?:, | or | and )${letter})*[,;.]? (?:so|thus|hence|therefore|but)(?: (?:it(?:'s| is| must be)|the answer is))? )(?=\S)`,
  'i',
)

/**
 * "B, not C", "not A but B", "B. The other options are wrong": the pick without the denial, and the
 * letters that are denied.
 */
export function withoutOthers(text: string): { pick: string; ruledOut: readonly string[] } {
  const turned = turnedPattern.exec(text)?.[0] ?? ''
  const rest = text.slice(turned.length)
  const found = others.exec(rest)
  const pick = found === null ? rest : rest.slice(0, found.index).trim()
  if (pick === '') return { pick: rest, ruledOut: [] }
  return { pick, ruledOut: `${turned} ${found?.[0] ?? ''}`.match(/\b[A-J]\b/g) ?? [] }
}
