import { z } from 'zod'
import { parseJson } from '../../domain/json-text.ts'
import type { Reply } from '../ask.ts'

/** A chat completion in our words. */
export interface Completion {
  text: string
  finishReason: Reply['finishReason']
  /** The server's counts. Estimates from the lengths of texts where it gives none. */
  promptTokens: number
  completionTokens: number
  /** Whether the counts are estimates. */
  isEstimated: boolean
  /** Name of the model that answered, as the server says it. Null where it says none. */
  servedModel: string | null
}

const mostTokens = 2 ** 31 - 1

/**
 * A server's own count. A number that cannot be a count is ignored, because it must not cost the
 * reply. Stores keep whole numbers of 32 bits.
 */
const tokens = z
  .number()
  .nonnegative()
  .transform((count) => Math.min(mostTokens, Math.round(count)))
  .nullish()
  .catch(undefined)

const body = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({
          content: z.string().nullish(),
          // Servers with a reasoning parser (vLLM, SGLang, DeepSeek) give the thinking apart from
          // the answer.
          reasoning_content: z.string().nullish(),
          refusal: z.string().nullish(),
        }),
        finish_reason: z.string().nullish(),
      }),
    )
    .min(1),
  model: z.string().nullish().catch(undefined),
  usage: z
    .object({
      prompt_tokens: tokens,
      completion_tokens: tokens,
    })
    .nullish()
    .catch(undefined),
})

/**
 * Reads the body of a 2xx reply. Thinking that came apart is put in front as `<think>…</think>`, so
 * that all servers give one format of traces. An empty text is a reply, because a model may end at
 * once. A body without a choice is no reply.
 */
export function readCompletion(text: string): Completion | { problem: string } {
  const json = parseJson(text)
  if (json === undefined) return { problem: text.trim() === '' ? 'the reply has no body' : 'the reply is not JSON' }
  const parsed = body.safeParse(json)
  const choice = parsed.data?.choices[0]
  if (!parsed.success || !choice) return { problem: 'the reply is not a chat completion with at least one choice' }
  const { content, reasoning_content: reasoning, refusal } = choice.message
  const answer = content ?? ''
  return {
    text: reasoning ? `<think>\n${reasoning.trim()}\n</think>\n\n${answer}` : answer || (refusal ?? ''),
    finishReason: finishReason(choice.finish_reason, refusal),
    promptTokens: parsed.data.usage?.prompt_tokens ?? 0,
    completionTokens: parsed.data.usage?.completion_tokens ?? 0,
    isEstimated: false,
    servedModel: parsed.data.model ?? null,
  }
}

function finishReason(reason: string | null | undefined, refusal: string | null | undefined): Reply['finishReason'] {
  if (reason === 'length') return 'length'
  return reason === 'content_filter' || refusal ? 'refused' : 'stop'
}
