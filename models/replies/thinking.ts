import { fieldsOf, listOf, textOf } from './foreign.ts'
import type { Fields } from './foreign.ts'

const isThinkingPart = (type: unknown): boolean =>
  typeof type === 'string' && /^(thinking|reasoning|thought|redacted_thinking)/.test(type)

/**
 * Texts of a content: a string, or a list of parts, where parts of thinking are apart. Null entries
 * and parts without text (pictures, references) are passed over.
 */
export function readContent(content: unknown): { answer: string; thinking: string; refusal: string } {
  const read = { answer: '', thinking: '', refusal: '' }
  if (typeof content === 'string') return { ...read, answer: content }
  for (const part of Array.isArray(content) ? listOf(content) : [content]) {
    const fields = fieldsOf(part)
    if (typeof part === 'string') read.answer += part
    else if (isThinkingPart(fields['type']) || fields['thought'] === true) read.thinking += plainText(part)
    else if (textOf(fields['refusal'])) read.refusal += textOf(fields['refusal'])
    else read.answer += plainText(part)
  }
  return read
}

/** Text of a string, of a part, or of a list of parts at any depth up to a few. */
function plainText(value: unknown, depth = 0): string {
  if (typeof value === 'string') return value
  if (depth > 4) return ''
  if (Array.isArray(value)) return value.map((part: unknown) => plainText(part, depth + 1)).join('')
  const fields = fieldsOf(value)
  for (const name of ['text', 'thinking', 'reasoning', 'summary', 'reasoning_content', 'content', 'value']) {
    const text = plainText(fields[name] ?? '', depth + 1)
    if (text !== '') return text
  }
  return ''
}

// vLLM, SGLang and DeepSeek send reasoning_content; OpenRouter, Groq and newer vLLM reasoning;
// Ollama thinking; LiteLLM thinking_blocks; OpenRouter reasoning_details (encrypted entries have no
// text). Servers often send one thinking in two fields, so the first field with text counts alone.
const thinkingFields = ['reasoning_content', 'reasoning', 'thinking', 'thinking_blocks', 'reasoning_details'] as const

/** Thinking that a message gives apart from its content; empty where it gives none. */
function thinkingApart(message: Fields): string {
  for (const name of thinkingFields) {
    const text = plainText(message[name] ?? '').trim()
    if (text !== '') return text
  }
  return ''
}

const opensWithTag = /^\s*<(think|thinking|thought|reasoning)>/i
// Servers write these tags, with any white space. Other tags may be what the prompt asked for.
const ownThinking = /^\s*<(think|thought)>([\s\S]*?)<\/\1>\s*/
const closingTag = '</think>'

/** A message's text in one form. */
export interface MessageText {
  text: string
  /** Whether the content has any text. Thinking that it holds counts too. */
  hasAnswer: boolean
  refusal: string
}

/**
 * The text of a message. Thinking is put in front as `<think>\n…\n</think>\n\n`, whether it came
 * apart or in tags, so that all servers give one form of traces. Thinking in both places is kept
 * once. Thinking of white space is left out. An open tag without its end stays as it is, and so do
 * tags of other names, because the prompt may have asked for them.
 *
 * A `</think>` without its opening tag ends thinking that the server's chat template opened in the
 * prompt. The opening tag is put in front of it: it belongs to the trace, and the prompt that holds
 * it is not stored.
 */
export function readMessage(message: Fields): MessageText {
  const { answer: content, thinking: inParts, refusal: inContent } = readContent(message['content'])
  const refusal = textOf(message['refusal']) ?? inContent
  const hasAnswer = content.trim() !== ''
  const apart = thinkingApart(message) || inParts.trim()
  const inTags = ownThinking.exec(content)
  if (!inTags && opensWithTag.test(content)) return { text: content, hasAnswer, refusal }
  const { thinking, answer } = inTags
    ? { thinking: (inTags[2] ?? '').trim() || apart, answer: content.slice(inTags[0].length) }
    : splitAtClosingTag(content, apart)
  const text = thinking === '' ? answer : `<think>\n${thinking}\n</think>\n\n${answer}`
  return { text, hasAnswer: hasAnswer && text.trim() !== '', refusal }
}

/** Thinking and answer of a content that has at most a closing tag. */
function splitAtClosingTag(content: string, apart: string): { thinking: string; answer: string } {
  const close = content.indexOf(closingTag)
  const open = content.indexOf('<think>')
  if (close < 0 || (open >= 0 && open < close)) return { thinking: apart, answer: content }
  const before = content.slice(0, close).trim()
  const isNew = !apart.includes(before)
  const thinking = isNew ? [apart, before].filter((part) => part !== '').join('\n') : apart
  return { thinking, answer: content.slice(close + closingTag.length).trimStart() }
}
