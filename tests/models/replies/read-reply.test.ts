import { expect, it } from 'vitest'
import { readReply } from '../../../models/replies/read-reply.ts'
import { completion, meaning, said } from './answers.ts'

const size = { promptTokens: 100, maxTokens: 1024 }
const four = { content: 'four' }
const usage = (usage: unknown, more: object = {}) => completion(four, 'stop', { usage, ...more })

// Prompt, completion, and whether one of them is an estimate: 100 for the prompt, 1 for "four".
it.each([
  ['OpenAI', usage({ prompt_tokens: 7, completion_tokens: 3 }), [7, 3, false]],
  ['Anthropic', usage({ input_tokens: 7, output_tokens: 3 }), [7, 3, false]],
  ['Bedrock', usage({ inputTokens: 7, outputTokens: 3 }), [7, 3, false]],
  ['a server that sends texts', usage({ prompt_tokens: '7', completion_tokens: '3' }), [7, 3, false]],
  ['Groq', usage(null, { x_groq: { usage: { prompt_tokens: 7, completion_tokens: 3 } } }), [7, 3, false]],
  ['Cohere', usage(undefined, { meta: { billed_units: { input_tokens: 7, output_tokens: 3 } } }), [7, 3, false]],
  ['Gemini', usage(undefined, { usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 3 } }), [7, 3, false]],
  ['Ollama', usage(undefined, { prompt_eval_count: 7, eval_count: 3 }), [7, 3, false]],
  ['llama.cpp', usage(undefined, { timings: { prompt_n: 7, predicted_n: 3 } }), [7, 3, false]],
  [
    'Moonshot',
    { choices: [{ message: four, finish_reason: 'stop', usage: { prompt_tokens: 7, completion_tokens: 3 } }] },
    [7, 3, false],
  ],
  ['no usage', usage(undefined), [100, 1, true]],
  ['null', usage(null), [100, 1, true]],
  ['usage in another shape', usage([7, 3]), [100, 1, true]],
  ['zeros of a gateway', usage({ prompt_tokens: 0, completion_tokens: 0 }), [100, 1, true]],
  ['half of it', usage({ prompt_tokens: 7 }), [7, 1, true]],
  ['a negative count', usage({ prompt_tokens: -4, completion_tokens: 3 }), [100, 3, true]],
  ['half a token', usage({ prompt_tokens: 12.5, completion_tokens: 3 }), [13, 3, false]],
  ['more than a store can keep', usage({ prompt_tokens: 3e9, completion_tokens: 3 }), [2 ** 31 - 1, 3, false]],
  ['a word', usage({ prompt_tokens: 'many', completion_tokens: 3 }), [100, 3, true]],
  [
    'a total with the thinking of Gemini',
    usage({ prompt_tokens: 7, completion_tokens: 3, total_tokens: 30 }),
    [7, 23, false],
  ],
  ['a total of Gemini that only thought', usage({ prompt_tokens: 7, total_tokens: 30 }), [7, 23, false]],
  [
    'a total of a prompt of nothing',
    usage({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }),
    [100, 1, true],
  ],
  [
    'a total with the thinking of xAI',
    usage({
      prompt_tokens: 7,
      completion_tokens: 3,
      total_tokens: 30,
      completion_tokens_details: { reasoning_tokens: 20 },
    }),
    [7, 23, false],
  ],
  [
    'thinking that OpenAI counts already',
    usage({
      prompt_tokens: 7,
      completion_tokens: 3,
      total_tokens: 10,
      completion_tokens_details: { reasoning_tokens: 2 },
    }),
    [7, 3, false],
  ],
  [
    'a total with a cache',
    usage({ prompt_tokens: 7, completion_tokens: 3, total_tokens: 900, cache_read_input_tokens: 890 }),
    [7, 3, false],
  ],
])('counts tokens of %s', (_, value, [promptTokens, completionTokens, isEstimated]) => {
  expect(readReply(value, size)).toMatchObject({
    kind: 'reply',
    completion: { text: 'four', promptTokens, completionTokens, isEstimated },
  })
})

it.each([
  ['a refusal', completion({ content: null, refusal: 'I cannot help' }), 'refused', 'I cannot help'],
  ['a refusal as a part', completion({ content: [{ type: 'refusal', refusal: 'No' }] }), 'refused', 'No'],
  ['Azure’s filter with half a text', completion({ content: 'Take a' }, 'content_filter'), 'refused', 'Take a'],
  ['a completions-style choice', { choices: [{ text: 'four', finish_reason: 'stop' }] }, 'stop', 'four'],
  ['a message that is a text', { choices: [{ message: 'four', finish_reason: 'stop' }] }, 'stop', 'four'],
  ['a lone chunk', { choices: [{ delta: four, finish_reason: 'stop' }] }, 'stop', 'four'],
  [
    'an empty choice before the full one',
    { choices: [{ message: {} }, { message: four, finish_reason: 'stop' }] },
    'stop',
    'four',
  ],
  ['two choices', { choices: [{ message: four }, { message: { content: 'five' } }] }, 'stop', 'four'],
  ['Ollama’s own form', { message: four, done: true, done_reason: 'stop' }, 'stop', 'four'],
  [
    'an error beside a whole reply',
    { choices: [{ message: four, finish_reason: 'stop', error: { code: 502 } }] },
    'stop',
    'four',
  ],
  ['an error that is null', completion(four, 'stop', { error: null }), 'stop', 'four'],
  ['a call of a tool beside a text', completion({ content: 'four', tool_calls: [{ id: 'x' }] }), 'stop', 'four'],
])('%s is a reply', (_, body, reason, text) => {
  expect(said(meaning(200, body))).toEqual({ kind: 'ok', reason, text, nextStep: '' })
})

// Whether it counts as paid: a text, or tokens that the server counted.
it.each([
  ['no choice', { choices: [] }, 'broken-reply', false],
  ['no choice, but tokens', { choices: [], usage: { prompt_tokens: 7, completion_tokens: 3 } }, 'broken-reply', true],
  ['choices that are null', { choices: null }, 'broken-reply', false],
  ['a choice without a message', { choices: [{ finish_reason: 'stop' }] }, 'broken-reply', false],
  ['a message that is null', { choices: [{ message: null, finish_reason: 'stop' }] }, 'broken-reply', false],
  ['a number as content', { choices: [{ message: { content: 7 } }] }, 'broken-reply', false],
  ['another shape', { text: 'hello' }, 'broken-reply', false],
  ['null', 'null', 'broken-reply', false],
  ['an empty text', completion({ content: '' }), 'empty-reply', true],
  ['white space', completion({ content: ' \n' }), 'empty-reply', true],
  ['empty tags', completion({ content: '<think>\n\n</think>\n\n' }), 'empty-reply', true],
  ['no content', completion({ role: 'assistant', content: null }), 'empty-reply', true],
  ['an empty list', completion({ content: [] }), 'empty-reply', true],
  [
    'a call of a tool',
    completion({ content: null, tool_calls: [{ id: 'x', type: 'function' }] }),
    'finish-tool_calls',
    true,
  ],
  ['a call of a function', completion({ content: '', function_call: { name: 'add' } }), 'finish-tool_calls', true],
])('%s is no reply', (_, body, reason, isPaid) => {
  const result = meaning(200, body)
  expect(said(result)).toMatchObject({ kind: 'failed', reason })
  expect('paid' in result && result.paid !== undefined).toBe(isPaid)
})

it.each([
  ['gpt-4o-2024-08-06', completion(four)],
  [null, completion(four, 'stop', { model: undefined })],
  [null, completion(four, 'stop', { model: 7 })],
])('the model that answered is %j', (servedModel, value) => {
  expect(readReply(value, size)).toMatchObject({ completion: { servedModel } })
})
