import { fieldsOf, listOf, numberOf } from './foreign.ts'
import type { Fields } from './foreign.ts'

/** A server's own counts. Undefined where it gives none that can be one. */
export interface TokenCounts {
  promptTokens: number | undefined
  completionTokens: number | undefined
}

// Stores keep whole numbers of 32 bits.
const mostTokens = 2 ** 31 - 1

/** A count that a store can keep: whole, and at most 2^31 - 1. */
export const wholeTokens = (count: number): number => Math.min(mostTokens, Math.max(0, Math.round(count)))

// OpenAI; Anthropic and OpenAI's responses; camel case; Gemini; Ollama; llama.cpp's timings.
const promptNames = ['prompt_tokens', 'input_tokens', 'promptTokens', 'inputTokens', 'promptTokenCount']
const promptNamesOfEngines = ['prompt_eval_count', 'prompt_n']
const completionNames = [
  'completion_tokens',
  'output_tokens',
  'completionTokens',
  'outputTokens',
  'candidatesTokenCount',
  'eval_count',
  'predicted_n',
]

/** The first count of these names. Infinite and negative numbers and other values are no counts. */
function countOf(fields: Fields, names: readonly string[]): number | undefined {
  for (const name of names) {
    const count = numberOf(fields[name])
    if (count !== undefined && count >= 0) return wholeTokens(count)
  }
  return undefined
}

/**
 * Counts of a reply, wherever its server puts them: `usage`, Groq's `x_groq`, a choice (Moonshot),
 * Cohere's `meta`, Gemini's `usageMetadata`, or the reply itself (Ollama).
 */
export function countsOf(reply: Fields): TokenCounts {
  const meta = fieldsOf(reply['meta'])
  const places = [
    reply['usage'],
    fieldsOf(reply['x_groq'])['usage'],
    ...listOf(reply['choices']).map((choice) => fieldsOf(choice)['usage']),
    reply['usageMetadata'],
    meta['tokens'],
    meta['billed_units'],
    reply['timings'],
    reply,
  ]
  for (const place of places) {
    const counts = countsIn(fieldsOf(place))
    if (counts.promptTokens !== undefined || counts.completionTokens !== undefined) return counts
  }
  return { promptTokens: undefined, completionTokens: undefined }
}

function countsIn(usage: Fields): TokenCounts {
  const promptTokens = countOf(usage, [...promptNames, ...promptNamesOfEngines])
  const completionTokens = countOf(usage, completionNames)
  const leftOut = thinkingLeftOut(usage)
  // Gemini leaves out a completion of nothing but thinking.
  if (leftOut === 0) return { promptTokens, completionTokens }
  return { promptTokens, completionTokens: wholeTokens((completionTokens ?? 0) + leftOut) }
}

/**
 * Tokens of thinking that `completion_tokens` leaves out but `total_tokens` holds: Gemini and xAI
 * count so. Nothing where the usage tells of a cache, whose tokens some gateways add to the total.
 */
function thinkingLeftOut(usage: Fields): number {
  const total = countOf(usage, ['total_tokens', 'totalTokenCount'])
  const prompt = countOf(usage, promptNames)
  if (total === undefined || prompt === undefined) return 0
  const rest = total - prompt - (countOf(usage, completionNames) ?? 0)
  if (rest <= 0) return 0
  const thought =
    countOf(fieldsOf(usage['completion_tokens_details']), ['reasoning_tokens']) ??
    countOf(usage, ['thoughtsTokenCount'])
  if (thought !== undefined) return thought === rest ? rest : 0
  return /cache/.test(JSON.stringify(usage)) ? 0 : rest
}
