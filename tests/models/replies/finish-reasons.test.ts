import { expect, it } from 'vitest'
import { endedAs } from '../../../models/replies/finish-reasons.ts'
import { completion, meaning, said } from './answers.ts'

// The server, and the finish reason that it sends.
it.each([
  ['OpenAI', 'stop'],
  ['Together', 'eos'],
  ['TGI', 'eos_token'],
  ['TGI', 'stop_sequence'],
  ['Anthropic', 'end_turn'],
  ['xAI through OpenRouter', 'endturn'],
  ['Gemini', 'STOP'],
  ['Gemini as litellm prints it', 'FinishReason.STOP'],
  ['Gemini as protobuf prints it', 'FINISH_REASON_STOP'],
  ['Cohere', 'COMPLETE'],
  ['Cohere', 'STOP_SEQUENCE'],
  ['ERNIE', 'normal'],
  ['AI21', 'endoftext'],
  ['LM Studio', 'eosFound'],
  ['LM Studio', 'stopStringFound'],
  ['llama.cpp', 'word'],
  ['SGLang', { type: 'stop', matched: 151645 }],
])('%s: %j is a whole reply', (_, finish) => {
  expect(said(meaning(200, completion({ content: 'four' }, finish)))).toMatchObject({ kind: 'ok', reason: 'stop' })
})

it.each([
  ['OpenAI', 'length'],
  ['Anthropic', 'max_tokens'],
  ['Gemini', 'MAX_TOKENS'],
  ['Gemini as protobuf prints it', 'FINISH_REASON_MAX_TOKENS'],
  ['Mistral', 'model_length'],
  ['llama.cpp', 'limit'],
  ['watsonx', 'TOKEN_LIMIT'],
  ['Zhipu and Bedrock', 'model_context_window_exceeded'],
  ['OpenAI’s responses', 'max_output_tokens'],
  ['LM Studio', 'maxPredictedTokensReached'],
  ['LM Studio', 'contextLengthReached'],
  ['Cohere', 'ERROR_LIMIT'],
  ['SGLang', { type: 'length', length: 1024 }],
])('%s: %j is a cut reply', (_, finish) => {
  expect(said(meaning(200, completion({ content: 'fo' }, finish)))).toMatchObject({ kind: 'ok', reason: 'length' })
})

it.each([
  ['Azure', 'content_filter'],
  ['Gemini', 'SAFETY'],
  ['Gemini', 'RECITATION'],
  ['Gemini', 'BLOCKLIST'],
  ['Gemini', 'PROHIBITED_CONTENT'],
  ['Gemini', 'SPII'],
  ['Gemini', 'IMAGE_SAFETY'],
  ['Gemini', 'IMAGE_PROHIBITED_CONTENT'],
  ['Gemini’s OpenAI API', 'content_filter: RECITATION'],
  ['Vertex', 'MODEL_ARMOR'],
  ['Cohere', 'ERROR_TOXIC'],
  ['Zhipu, Hunyuan and OpenCode', 'sensitive'],
  ['Anthropic', 'refusal'],
  ['Bedrock', 'guardrail_intervened'],
])('%s: %j is a refusal of the model', (_, finish) => {
  expect(said(meaning(200, completion({ content: null }, finish)))).toMatchObject({ kind: 'ok', reason: 'refused' })
})

it.each([
  ['vLLM and SGLang', 'abort', 'finish-abort'],
  ['OpenRouter and Mistral', 'error', 'finish-error'],
  ['Zhipu', 'network_error', 'finish-network_error'],
  ['DeepSeek', 'insufficient_system_resource', 'finish-insufficient_system_resource'],
  ['Gemini', 'OTHER', 'finish-other'],
  ['Gemini', 'FINISH_REASON_UNSPECIFIED', 'finish-finish_reason_unspecified'],
  ['Gemini', 'MALFORMED_FUNCTION_CALL', 'finish-malformed_function_call'],
  ['Gemini', 'UNEXPECTED_TOOL_CALL', 'finish-unexpected_tool_call'],
  ['Ollama', 'load', 'finish-load'],
  ['Ollama', 'unload', 'finish-unload'],
  ['Cohere', 'ERROR', 'finish-error'],
  ['Cohere', 'USER_CANCEL', 'finish-user_cancel'],
  ['watsonx', 'TIME_LIMIT', 'finish-time_limit'],
  ['watsonx', 'NOT_FINISHED', 'finish-not_finished'],
  ['LM Studio', 'modelUnloaded', 'finish-modelunloaded'],
  ['Anthropic', 'pause_turn', 'finish-pause_turn'],
  ['Anthropic', 'tool_use', 'finish-tool_use'],
  ['OpenAI', 'tool_calls', 'finish-tool_calls'],
  ['OpenAI', 'function_call', 'finish-function_call'],
  ['a gateway to come', 'Ran out of luck!', 'finish-ran-out-of-luck'],
  ['a gateway to come', '运气不好', 'finish-unnamed'],
])('%s: %j is no reply, is paid, and fails as %s', (_, finish, reason) => {
  expect(meaning(200, completion({ content: 'half a sen' }, finish))).toMatchObject({
    kind: 'failed',
    reason,
    paid: { promptTokens: 7, completionTokens: 3, text: 'half a sen' },
  })
})

// Names in their order: the server's, and the provider's behind it.
it.each([
  [['stop', 'STOP'], 'whole'],
  [['stop', 'MAX_TOKENS'], 'cut'],
  [['stop', 'SAFETY'], 'refused'],
  [['stop', 'something'], 'whole'],
  [['error', 'STOP'], 'failed'],
  [['odd', 'end_turn'], 'whole'],
  [['odd', 'strange'], 'unknown'],
  [[null, 'max_tokens'], 'cut'],
  [['', undefined], 'absent'],
  [[7], 'absent'],
])('the names %j mean %s', (names, finish) => {
  expect(endedAs(names).finish).toBe(finish)
})

it('a reply without a finish reason is whole, because some servers never send one', () => {
  expect(said(meaning(200, completion({ content: 'four' }, null)))).toMatchObject({ kind: 'ok', reason: 'stop' })
})
