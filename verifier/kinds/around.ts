/** Reads the words around the one date or time of a sentence: could they change its meaning? */

/** The character that replaces the date or time. */
export const foundMark = '⌖'

/**
 * - `plain`: the words do not change the value.
 * - `hedged`: a denial or a second choice. Such an answer is wrong for every value.
 * - `moved`: a bound, an offset or a further number ("two days after", "before", "room 12"). The
 *   value may be another value.
 */
export type Around = 'plain' | 'hedged' | 'moved'

const hedges =
  /\b(?:not|never|neither|nor|either|or|maybe|perhaps|possibly|probably|except|unless|wrong|incorrect|false|cannot|no)\b|n't\b|[/?]|不|并非|或|可能/i
const moves =
  /\b(?:before|after|until|till|since|between|by|past|later|earlier|ago|within|prior|following|previous|next|last|half|quarter|bc|bce|ah|early|late|mid|start|beginning|end|spring|summer|autumn|fall|winter|eve|every|each)\b|[<>≤≥≠+±]|前|后/i
const offsets =
  /\b(?:one|two|three|four|five|six|seven|eight|nine|ten|days?|weeks?|months?|years?|hours?|minutes?|seconds?)\b/i

/** `text` holds `foundMark` in place of every mention of the value. */
export function readAround(text: string): Around {
  if (hedges.test(text)) return 'hedged'
  if (moves.test(text) || offsets.test(text) || /\d/.test(text)) return 'moved'
  return /\b(?:to|from)\s*⌖|⌖\s*(?:to|-)\s|-⌖|⌖-/.test(text) ? 'moved' : 'plain'
}
