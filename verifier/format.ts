/** The trace format: <think>…</think>, an explanation, <answer>…</answer>. */

export type TraceFormat = {
  /**
   * True when the text is exactly one non-empty think block, then anything but tags, then exactly one non-empty answer block.
   * Nested, repeated, reversed or unclosed tags never meet it, nor does text before or after.
   */
  held: boolean
  /** True when the format held and words stand between reasoning and answer. */
  explanation: boolean
}

const END_TOKENS =
  /<\|(?:im_end|endoftext|eot_id|end|end_of_text|eom_id)\|>|<end_of_turn>|<eos>|<\/s>|<｜end▁of▁sentence｜>/
const START_TOKENS = /^\s*<\|im_start\|>\s*assistant\s*/

/** Cuts a chat template's tokens: what follows the end of the turn is not the model's answer. */
export function cutChatTokens(text: string): string {
  const end = END_TOKENS.exec(text)
  return (end === null ? text : text.slice(0, end.index)).replace(START_TOKENS, '')
}

/** Reads the format of a completion. */
export function readFormat(completion: string): TraceFormat {
  const text = cutChatTokens(completion).trim()
  const tags: { name: string; from: number; to: number }[] = []
  for (const found of text.matchAll(/<\s?(\/?)\s?(think|answer)\s?>/gi)) {
    tags.push({ name: found[0], from: found.index, to: found.index + found[0].length })
    if (tags.length > 4) break
  }
  const [think, thinkEnd, answer, answerEnd] = tags
  if (tags.length !== 4 || !think || !thinkEnd || !answer || !answerEnd) return { held: false, explanation: false }
  const inOrder = tags.map((t) => t.name).join('') === '<think></think><answer></answer>'
  const filled =
    text.slice(think.to, thinkEnd.from).trim() !== '' && text.slice(answer.to, answerEnd.from).trim() !== ''
  const held = inOrder && filled && think.from === 0 && answerEnd.to === text.length
  return { held, explanation: held && /\p{L}/u.test(text.slice(thinkEnd.to, answer.from)) }
}

/**
 * What the model said outside its reasoning. A stray `</think>` ends reasoning that began in the prompt, so all before it
 * goes; an unclosed `<think>` hides all after it. `unclosed` is true in that case.
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
    // Each search resumes where it stood, so that a text of nothing but tags stays linear.
    if (open >= 0 && open < at) open = text.indexOf('<think>', at)
    close = text.indexOf('</think>', at)
  }
  parts.push(text.slice(at))
  return { spoken: parts.join(' '), unclosed: false }
}
