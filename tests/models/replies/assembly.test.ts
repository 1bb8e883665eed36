import { expect, it } from 'vitest'
import { Assembly, assemble } from '../../../models/replies/assembly.ts'
import { EventLines } from '../../../models/replies/event-lines.ts'
import { meaningOf } from '../../../models/replies/meaning.ts'
import { asked, said } from './answers.ts'

const of = (delta: unknown, finish: unknown = null, more: object = {}) => ({
  choices: [{ index: 0, delta, finish_reason: finish, ...more }],
})
const read = (chunks: readonly unknown[]) =>
  meaningOf({ status: 200, headers: {}, text: '', value: assemble(chunks), latencyMs: 5 }, asked())

// Chunks, and the reply that they make.
it.each([
  ['texts', [of({ content: 'fo' }), of({ content: 'ur' }), of({}, 'stop')], 'stop', 'four'],
  ['an empty first chunk', [{ choices: [] }, of({ content: 'four' }), of({}, 'stop')], 'stop', 'four'],
  ['a finish reason beside the last text', [of({ content: 'four' }, 'stop')], 'stop', 'four'],
  ['an empty finish reason between', [of({ content: 'fo' }, ''), of({ content: 'ur' }, 'stop')], 'stop', 'four'],
  ['a limit', [of({ content: 'fo' }), of({}, 'length')], 'length', 'fo'],
  ['an end without finish reason, but [DONE]', [of({ content: 'four' }), '[DONE]'], 'stop', 'four'],
  [
    'thinking apart',
    [of({ reasoning_content: 'a' }), of({ reasoning_content: 'dd' }), of({ content: 'four' }, 'stop')],
    'stop',
    '<think>\nadd\n</think>\n\nfour',
  ],
  [
    'thinking in two fields',
    [of({ reasoning: 'add', reasoning_content: 'add' }), of({ content: 'four' }, 'stop')],
    'stop',
    '<think>\nadd\n</think>\n\nfour',
  ],
  [
    'details',
    [
      of({ reasoning_details: [{ type: 'reasoning.text', text: 'a' }] }),
      of({ reasoning_details: [{ text: 'dd' }] }),
      of({ content: 'four' }, 'stop'),
    ],
    'stop',
    '<think>\nadd\n</think>\n\nfour',
  ],
  [
    'parts of Mistral',
    [
      of({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'add' }] }] }),
      of({ content: 'four' }, 'stop'),
    ],
    'stop',
    '<think>\nadd\n</think>\n\nfour',
  ],
  ['a refusal', [of({ refusal: 'I ' }), of({ refusal: 'cannot' }, 'stop')], 'refused', 'I cannot'],
  [
    'another choice',
    [{ choices: [{ index: 1, delta: { content: 'five' } }] }, of({ content: 'four' }, 'stop')],
    'stop',
    'four',
  ],
  [
    'completions-style texts',
    [{ choices: [{ text: 'fo' }] }, { choices: [{ text: 'ur', finish_reason: 'stop' }] }],
    'stop',
    'four',
  ],
  [
    'a whole message at the end',
    [of({ content: 'fo' }), { choices: [{ message: { content: 'four' }, finish_reason: 'stop' }] }],
    'stop',
    'four',
  ],
  [
    'an empty message at the end',
    [of({ content: 'four' }), { choices: [{ message: { content: '' }, finish_reason: 'stop' }] }],
    'stop',
    'four',
  ],
  ['a chunk that is no object', [of({ content: 'four' }), null, of({}, 'stop')], 'stop', 'four'],
  [
    'a native name that is worse',
    [of({ content: 'fo' }, 'stop', { native_finish_reason: 'MAX_TOKENS' })],
    'length',
    'fo',
  ],
])('%s', (_, chunks, reason, text) => {
  expect(said(read(chunks))).toMatchObject({ kind: 'ok', reason, text })
})

it.each([
  ['no end', [of({ content: 'fo' })], 'stream-cut'],
  ['an error', [of({ content: 'fo' }), { error: { message: 'upstream', code: 502 } }, '[DONE]'], 'http-502'],
  ['an abort', [of({ content: 'fo' }), of({}, 'abort')], 'finish-abort'],
  ['a call of a tool', [of({ tool_calls: [{ index: 0, id: 'x' }] }), of({}, 'stop')], 'finish-tool_calls'],
  ['no text', [of({ role: 'assistant' }), of({}, 'stop')], 'empty-reply'],
  ['no chunk but usage', [{ choices: [], usage: { prompt_tokens: 7, completion_tokens: 0 } }], 'broken-reply'],
])('a stream with %s is no reply', (_, chunks, reason) => {
  expect(said(read(chunks))).toMatchObject({ kind: 'failed', reason })
})

it('keeps the model that answered, and the usage of the last chunk', () => {
  const usage = { prompt_tokens: 7, completion_tokens: 3 }
  const chunks = [{ ...of({ content: 'four' }), model: 'gpt-4o-2024-08-06' }, of({}, 'stop'), { choices: [], usage }]
  expect(read(chunks)).toMatchObject({
    completion: { promptTokens: 7, completionTokens: 3, isEstimated: false, servedModel: 'gpt-4o-2024-08-06' },
  })
})

it('reads usage that grows with each chunk once', () => {
  const usage = (completion_tokens: number) => ({ usage: { prompt_tokens: 7, completion_tokens } })
  const chunks = [
    { ...of({ content: 'fo' }), ...usage(1) },
    { ...of({ content: 'ur' }, 'stop'), ...usage(2) },
  ]
  expect(read(chunks)).toMatchObject({ completion: { promptTokens: 7, completionTokens: 2 } })
})

it('knows when a reply is over, though its stream stays open', () => {
  const assembly = new Assembly()
  assembly.add(of({ content: 'four' }))
  expect(assembly.isOver).toBe(false)
  assembly.add(of({}, 'stop'))
  expect(assembly.isOver).toBe(true)
})

it('reads events at every cut of their text in the same way', () => {
  const text = ': hi\r\n\r\ndata: {"a":\r\ndata: 1}\r\n\r\ndata: [DONE]\n\nevent: x\rdata: last'
  const whole = new EventLines()
  const events = [...whole.push(text), ...whole.end()]
  expect(events).toEqual(['{"a":\n1}', '[DONE]', 'last'])
  for (let at = 0; at <= text.length; at++) {
    const lines = new EventLines()
    expect([...lines.push(text.slice(0, at)), ...lines.push(text.slice(at)), ...lines.end()]).toEqual(events)
  }
})
