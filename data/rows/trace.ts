/** A trace in its parts: the reasoning between the think tags, and the text after them. */
export interface TraceParts {
  reasoning: string
  rest: string
}

const closing = '</think>'

/**
 * Splits `<think>reasoning</think>rest`. A missing opening tag is accepted, because chat templates
 * often write it into the prompt. A missing or second closing tag is malformed: null. Reasoning
 * that opens again after its end is malformed too: no reader would take the text after it for an
 * answer.
 */
export function splitTrace(trace: string): TraceParts | null {
  const at = trace.indexOf(closing)
  if (at < 0 || trace.includes(closing, at + closing.length)) return null
  const before = trace.slice(0, at).trimStart()
  const reasoning = before.startsWith('<think>') ? before.slice('<think>'.length) : before
  const rest = trace.slice(at + closing.length)
  if (reasoning.includes('<think>') || rest.includes('<think>')) return null
  return { reasoning: reasoning.trim(), rest: rest.trim() }
}

/** The trace in the form that the trained model learns to write. */
export const joinTrace = ({ reasoning, rest }: TraceParts): string => `<think>\n${reasoning}\n</think>\n\n${rest}`

/** The answer in Vision-R1's target form, for the text after the reasoning. */
export const finalAnswerForm = (answer: string): string => `<answer> Final Answer:${answer} </answer>`

/** Number of words in a text: its parts between white space. */
export const countWords = (text: string): number => text.split(/\s+/).filter(Boolean).length

/** Number of words in a trace's reasoning, or in the whole text when it has no think tags. */
export const reasoningWords = (trace: string): number => countWords(splitTrace(trace)?.reasoning ?? trace)
