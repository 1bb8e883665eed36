import type { PaidFor } from '../call-result.ts'
import type { Counted } from '../rate-limit.ts'
import { charactersPerToken } from '../usage.ts'
import type { RequestSize } from './answer.ts'
import type { Completion } from './completion.ts'
import { endedAs, streamCut } from './finish-reasons.ts'
import { fieldsOf, listOf, textOf } from './foreign.ts'
import type { Fields } from './foreign.ts'
import { errorIn } from './server-words.ts'
import { readContent, readMessage } from './thinking.ts'
import { countsOf, wholeTokens } from './token-counts.ts'

/**
 * What the value of a 2xx is:
 *
 * - `reply`: a whole reply, a reply cut by its token limit, or a refusal of the model.
 * - `unusable`: not a reply that can be used. `paid` is what it cost.
 * - `error`: an error of the server. `paid` is what came before it.
 */
export type Reading =
  | { kind: 'reply'; completion: Completion }
  | { kind: 'unusable'; reason: string; detail: string; paid: PaidFor | undefined }
  | { kind: 'error'; error: unknown; paid: PaidFor | undefined }

/** Tokens of a text by its length. */
export const tokensOfText = (text: string): number => wholeTokens(Math.ceil(text.length / charactersPerToken))

/**
 * Reads a parsed chat completion, which any server may have sent. Never throws. `size` is for
 * counts that the server does not give.
 *
 * A reply without a finish reason counts as whole, because some servers never send one. A stream
 * that broke off is not such a reply: `assemble` gives it the reason `stream-cut`.
 */
export function readReply(value: unknown, size: RequestSize): Reading {
  const reply = asCompletion(fieldsOf(value))
  const choice = chosen(reply)
  if (choice) return readChoice(reply, choice, size)
  const error = errorIn(value)
  const paid = paidFor(reply, '', size)
  if (error !== undefined) return { kind: 'error', error, paid }
  const problem = Array.isArray(reply['choices']) ? 'no choice' : 'no list of choices'
  return { kind: 'unusable', reason: 'broken-reply', detail: `the reply has ${problem}`, paid }
}

function readChoice(reply: Fields, choice: Fields, size: RequestSize): Reading {
  const message = messageOf(choice)
  const { text: said, hasAnswer, refusal } = readMessage(message)
  const text = said === '' ? refusal : said
  const { finish, name } = endedAs([choice['finish_reason'], choice['native_finish_reason']])
  if (refusal !== '' || finish === 'refused') return completed(reply, 'refused', text, size)
  // An error beside a choice that ended well is an extra of its gateway.
  const error = errorIn(reply) ?? (finish === 'whole' ? undefined : errorIn({ error: choice['error'] }))
  if (error !== undefined) return { kind: 'error', error, paid: paidFor(reply, text, size) }
  if (finish === 'cut') return completed(reply, 'length', text, size)
  const unusable = (reason: string, detail: string): Reading => ({
    kind: 'unusable',
    reason,
    detail,
    paid: paidFor(reply, text, size) ?? { ...estimated(text, size), servedModel: modelOf(reply) },
  })
  if (name === streamCut) return unusable(streamCut, 'the stream ended before the reply was whole')
  if (finish === 'failed' || finish === 'unknown')
    return unusable(`finish-${name}`, `the reply ended with the finish reason "${name}"`)
  if (isToolCall(message)) return unusable('finish-tool_calls', 'the model called a tool and gave no text')
  if (!hasText(message)) {
    const paid = paidFor(reply, '', size)
    return { kind: 'unusable', reason: 'broken-reply', detail: 'the reply has no message', paid }
  }
  if (hasAnswer) return completed(reply, 'stop', text, size)
  return unusable(
    'empty-reply',
    text === '' ? 'the reply has no text' : 'the reply is only thinking, without an answer',
  )
}

/** Ollama's own form as a chat completion; any other form as it is. */
function asCompletion(reply: Fields): Fields {
  if (reply['choices'] !== undefined || reply['message'] === undefined) return reply
  if (textOf(reply['message']) !== undefined) return reply
  const choice = { message: reply['message'], finish_reason: reply['done_reason'] }
  return { ...reply, choices: [choice] }
}

/** The first choice with anything to read, because `n` is 1 and gateways add empty choices. */
function chosen(reply: Fields): Fields | undefined {
  const choices = listOf(reply['choices']).map(fieldsOf)
  const isFull = (choice: Fields) => Object.keys(messageOf(choice)).length > 0
  return choices.find(isFull) ?? choices.find((choice) => choice['error'] || textOf(choice['finish_reason']))
}

/** The message of a choice, also of a completions-style choice and of a lone chunk. */
function messageOf(choice: Fields): Fields {
  for (const name of ['message', 'delta'])
    if (Object.keys(fieldsOf(choice[name])).length > 0) return fieldsOf(choice[name])
  const content = textOf(choice['message']) ?? choice['text']
  return typeof content === 'string' ? { content } : {}
}

/** Whether a message has a place for a text, if only an empty one. A number is no text. */
const hasText = (message: Fields): boolean => {
  const { content } = message
  const isReadable = content === null || typeof content === 'string' || typeof content === 'object'
  return Object.keys(message).length > 0 && (content === undefined || isReadable)
}

const isToolCall = (message: Fields): boolean =>
  (listOf(message['tool_calls']).length > 0 || textOf(fieldsOf(message['function_call'])['name']) !== undefined) &&
  readContent(message['content']).answer.trim() === ''

const modelOf = (reply: Fields): string | null => textOf(reply['model']) ?? null

function completed(reply: Fields, finishReason: Completion['finishReason'], text: string, size: RequestSize): Reading {
  return {
    kind: 'reply',
    completion: { text, finishReason, ...counted(reply, text, size), servedModel: modelOf(reply) },
  }
}

/**
 * The server's counts, and estimates for counts that it leaves out. Some gateways fill them with
 * zeros, which cannot be true of a prompt or of a text.
 */
function counted(reply: Fields, text: string, size: RequestSize): Counted & { isEstimated: boolean } {
  const counts = countsOf(reply)
  const promptTokens = counts.promptTokens || undefined
  const completionTokens = counts.completionTokens || (text === '' ? counts.completionTokens : undefined)
  return {
    promptTokens: promptTokens ?? wholeTokens(size.promptTokens),
    completionTokens: completionTokens ?? tokensOfText(text),
    isEstimated: promptTokens === undefined || completionTokens === undefined,
  }
}

/** What a reply cost; undefined where neither a count nor a text shows that it cost anything. */
function paidFor(reply: Fields, text: string, size: RequestSize): PaidFor | undefined {
  const { promptTokens, completionTokens } = countsOf(reply)
  if (text === '' && !promptTokens && !completionTokens) return undefined
  return { ...counted(reply, text, size), text, servedModel: modelOf(reply) }
}

/** What a text without counts cost: the prompt was read and the text was written. */
export const estimated = (text: string, size: RequestSize): PaidFor => ({
  promptTokens: wholeTokens(size.promptTokens),
  completionTokens: tokensOfText(text),
  isEstimated: true,
  servedModel: null,
  text,
})
