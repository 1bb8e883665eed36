/** The trace format: <think>…</think>, an explanation, <answer>…</answer>. */
export interface TraceFormat {
  /**
   * True when the text is one non-empty think block, then text without tags, then one non-empty
   * answer block. False for nested, repeated, reversed or unclosed tags, for text before or after
   * the blocks, and for a block that shows nothing.
   */
  held: boolean
  /** True when the format holds and there are words between reasoning and answer. */
  explanation: boolean
}

const endTokens =
  /<\|(?:im_end|im_start|endoftext|eot_id|end|end_of_text|eom_id)\|>|<end_of_turn>|<eos>|<\/s>|<｜end▁of▁sentence｜>/
const startTokens = /^\s*<\|im_start\|>\s*assistant\s*/

/** Cuts the tokens of a chat template. Text after the end of the turn is not the model's answer. */
export function cutChatTokens(text: string): string {
  const from = startTokens.exec(text)?.[0].length ?? 0
  const end = endTokens.exec(text.slice(from))
  return end === null ? text.slice(from) : text.slice(from, from + end.index)
}

const tags = ['<think>', '</think>', '<answer>', '</answer>'] as const
/**
 * Characters that do not show: zero-width spaces and joiners, direction marks, and control
 * characters that are not white space.
 */
const unseenCharacters = /\p{DI}|(?!\s)\p{Cc}/gu
const nothingSeen = /^[\s\p{DI}\p{Cc}\p{Cf}\u2800]*$/u
/**
 * Everything that a reader may take for a tag: in capitals, with spaces, with attributes, with a
 * slash at the end, or with full-width brackets.
 */
const tagLookalike =
  /[<＜]\s{0,8}[/／]?\s{0,8}(?:think|answer)(?:\s{0,8}[/／]?\s{0,8}[>＞]|(?<=[<＜/／](?:think|answer))[\s/][^<>＜＞]{0,200}[>＞])/giu
const notHeld: TraceFormat = { held: false, explanation: false }

/**
 * Reads the format of a completion. Each of the four tags must occur once, letter for letter and in
 * order, and nothing else in the text may look like a tag. Otherwise tags inside, beside or across
 * other tags would earn the reward for the form.
 */
export function readFormat(completion: string): TraceFormat {
  const text = cutChatTokens(completion).trim()
  const places: number[] = []
  for (const tag of tags) {
    const at = text.indexOf(tag)
    if (at < (places.at(-1) ?? 0)) return notHeld
    places.push(at)
  }
  const [think = 0, thinkEnd = 0, answer = 0, answerEnd = 0] = places
  if (think !== 0 || answerEnd + '</answer>'.length !== text.length) return notHeld
  if (places.some((at, tag) => cutsATag(text, at, tags[tag]?.length ?? 0)) || hasOtherTags(text)) return notHeld
  const between = (from: number, tag: string, to: number): string => text.slice(from + tag.length, to)
  const isEmpty = (part: string): boolean => nothingSeen.test(part)
  if (isEmpty(between(think, '<think>', thinkEnd)) || isEmpty(between(answer, '<answer>', answerEnd))) return notHeld
  return { held: true, explanation: /\p{L}/u.test(between(thinkEnd, '</think>', answer)) }
}

/** Whether the text holds more tag-like places than the four tags. */
function hasOtherTags(text: string): boolean {
  let found = 0
  for (const _ of text.replace(unseenCharacters, '').matchAll(tagLookalike)) {
    found++
    if (found > tags.length) return true
  }
  return false
}

/** Whether the tag is in the middle of another tag: `</thi</think>nk>`. */
function cutsATag(text: string, at: number, length: number): boolean {
  const [before, after] = [text.slice(Math.max(0, at - 10), at), text.slice(at + length, at + length + 10)]
  return tags.some((tag) =>
    Array.from(tag.slice(1), (_, i) => i + 1).some(
      (cut) => before.endsWith(tag.slice(0, cut)) && after.startsWith(tag.slice(cut)),
    ),
  )
}

/**
 * The text outside the reasoning. A `</think>` without its `<think>` ends reasoning that began in
 * the prompt, so all text before it is dropped. An unclosed `<think>` hides all text after it;
 * `unclosed` is then true.
 */
export function withoutReasoning(text: string): { spoken: string; unclosed: boolean } {
  const parts: string[] = []
  let at = 0
  let open = text.indexOf('<think>')
  let close = text.indexOf('</think>')
  for (;;) {
    if (close >= 0 && (open < 0 || close < open)) parts.length = 0
    else if (open >= 0) parts.push(text.slice(at, open))
    else break
    if (close < 0) return { spoken: parts.join(' '), unclosed: true }
    at = close + '</think>'.length
    // Each search resumes at its last place. A text of nothing but tags takes linear time.
    if (open >= 0 && open < at) open = text.indexOf('<think>', at)
    close = text.indexOf('</think>', at)
  }
  parts.push(text.slice(at))
  return { spoken: parts.join(' '), unclosed: false }
}
