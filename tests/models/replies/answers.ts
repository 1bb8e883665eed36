import type { CallResult } from '../../../models/call-result.ts'
import type { Answer, Asked } from '../../../models/replies/answer.ts'
import { meaningOf } from '../../../models/replies/meaning.ts'

export const key = 'sk-test-0123456789abcdef'
/** 2023-11-14 22:13:30 UTC. */
export const now = 1_700_000_010_000

export const asked = (changes: Partial<Asked> = {}): Asked => ({
  endpoint: { name: 'teacher', model: 'gpt-4o', apiKeyEnv: 'TEACHER_KEY' },
  baseUrl: 'https://api.example.com/v1',
  secrets: [key],
  size: { promptTokens: 100, maxTokens: 1024 },
  now,
  ...changes,
})

export const answer = (status: number, body: unknown, headers: Answer['headers'] = {}): Answer => ({
  status,
  headers,
  text: typeof body === 'string' ? body : JSON.stringify(body),
  latencyMs: 5,
})

/** What a body means; an object is sent as JSON. */
export const meaning = (
  status: number,
  body: unknown,
  headers: Answer['headers'] = {},
  changes: Partial<Asked> = {},
): CallResult => meaningOf(answer(status, body, headers), asked(changes))

/** A chat completion with one choice. */
export const completion = (message: unknown, finish: unknown = 'stop', more: object = {}): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-4o-2024-08-06',
  choices: [{ index: 0, message, finish_reason: finish }],
  usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
  ...more,
})

/** An error as OpenAI sends it. */
export const openaiError = (message: string, more: object = {}): object => ({
  error: { message, type: 'invalid_request_error', param: null, code: null, ...more },
})

/**
 * What a result says, in one line: its kind, a short code where it has one, and what to do in the
 * recipe.
 */
export function said(result: CallResult): { kind: string; reason: string; text: string; nextStep: string } {
  const { kind } = result
  if (kind === 'ok') return { kind, reason: result.completion.finishReason, text: result.completion.text, nextStep: '' }
  if (kind === 'fatal')
    return { kind, reason: result.error.type, text: result.error.message, nextStep: result.error.nextStep }
  if (kind === 'refused') return { kind, reason: result.error.reason, text: result.error.message, nextStep: '' }
  if (kind === 'doubtful')
    return { kind, reason: result.error.reason, text: result.fatal.message, nextStep: result.fatal.nextStep }
  const reason = 'reason' in result ? result.reason : ''
  return { kind, reason, text: result.detail, nextStep: '' }
}
