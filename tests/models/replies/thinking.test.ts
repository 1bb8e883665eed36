import { expect, it } from 'vitest'
import { completion, meaning, said } from './answers.ts'

const trace = '<think>\nadd\n</think>\n\nfour'

// What a message holds, and the text that is kept of it.
it.each([
  ['reasoning_content (vLLM, DeepSeek)', { content: 'four', reasoning_content: 'add' }, trace],
  ['reasoning (OpenRouter, Groq)', { content: 'four', reasoning: 'add' }, trace],
  ['thinking (Ollama)', { content: 'four', thinking: 'add' }, trace],
  ['the same thinking in two fields', { content: 'four', reasoning: 'add', reasoning_content: 'add' }, trace],
  ['an empty and a full field', { content: 'four', reasoning: 'add', reasoning_content: '' }, trace],
  ['white space around it', { content: 'four', reasoning: '\n add \n' }, trace],
  ['details of text', { content: 'four', reasoning_details: [{ type: 'reasoning.text', text: 'add' }] }, trace],
  ['a summary', { content: 'four', reasoning_details: [{ type: 'reasoning.summary', summary: 'add' }] }, trace],
  [
    'encrypted details',
    { content: 'four', reasoning_details: [{ type: 'reasoning.encrypted', data: 'eA==' }] },
    'four',
  ],
  ['blocks (LiteLLM)', { content: 'four', thinking_blocks: [{ type: 'thinking', thinking: 'add' }] }, trace],
  [
    'parts of Mistral',
    {
      content: [
        { type: 'thinking', thinking: [{ type: 'text', text: 'add' }] },
        { type: 'text', text: 'four' },
      ],
    },
    trace,
  ],
  [
    'parts of Anthropic',
    {
      content: [
        { type: 'thinking', thinking: 'add' },
        { type: 'text', text: 'four' },
      ],
    },
    trace,
  ],
  [
    'parts of reasoning',
    {
      content: [
        { type: 'reasoning', text: 'add' },
        { type: 'output_text', text: 'four' },
      ],
    },
    trace,
  ],
  ['parts of Gemini', { content: [{ text: 'add', thought: true }, { text: 'four' }] }, trace],
  ['details as an object', { content: 'four', reasoning: { content: 'add' } }, trace],
  ['a level in place of thinking', { content: 'four', reasoning: { effort: 'low' } }, 'four'],
  ['tags of its own', { content: '<think>add</think>four' }, trace],
  ['tags of its own in the one form', { content: trace }, trace],
  ['tags of Gemini', { content: '<thought>add</thought>four' }, trace],
  ['empty tags of a model that does not think', { content: '<think>\n\n</think>\n\nfour' }, 'four'],
  ['empty tags beside a field', { content: '<think></think>four', reasoning: 'add' }, trace],
  ['an open tag', { content: '<think>add four' }, '<think>add four'],
  ['an open tag beside a field', { content: '<think>add four', reasoning: 'add' }, '<think>add four'],
  ['tags that a prompt asks for', { content: '<reasoning>add</reasoning>four' }, '<reasoning>add</reasoning>four'],
  ['tags in the middle', { content: 'four <think>add</think>' }, 'four <think>add</think>'],
  ['tags beside a field', { content: '<think>\nadd\n</think>\n\nfour', reasoning: 'add' }, trace],
  ['tags of Gemini beside a field', { content: '<thought>add</thought>four', reasoning: 'add' }, trace],
  [
    'other tags beside a field',
    { content: '<thinking>add</thinking>four', reasoning: 'add' },
    '<thinking>add</thinking>four',
  ],
  ['marks of another family', { content: '[THINK]add[/THINK]four' }, '[THINK]add[/THINK]four'],
  ['a tag that the chat template opened', { content: 'add\n</think>\n\nfour' }, trace],
  ['a closing tag that a parser left', { content: '\n</think>\n\nfour', reasoning: 'add' }, trace],
  [
    'half of the thinking in the content',
    { content: 'up</think>four', reasoning: 'add' },
    '<think>\nadd\nup\n</think>\n\nfour',
  ],
  ['parts of text', { content: [{ type: 'text', text: 'fo' }, null, { type: 'text', text: 'ur' }] }, 'four'],
  ['a list of texts', { content: ['fo', 'ur'] }, 'four'],
  ['a part as an object', { content: { type: 'text', text: 'four' } }, 'four'],
  [
    'parts without text',
    {
      content: [
        { type: 'image_url', image_url: { url: 'x' } },
        { type: 'text', text: 'four' },
      ],
    },
    'four',
  ],
])('%s', (_, message, text) => {
  expect(said(meaning(200, completion(message)))).toEqual({ kind: 'ok', reason: 'stop', text, nextStep: '' })
})

it('thinking that its limit cut is a cut reply', () => {
  const result = meaning(200, completion({ content: null, reasoning_content: 'let me see' }, 'length'))
  expect(said(result)).toMatchObject({ kind: 'ok', reason: 'length', text: '<think>\nlet me see\n</think>\n\n' })
})

it('hidden thinking that its limit cut is a cut reply without text', () => {
  const result = meaning(200, completion({ content: '' }, 'length'))
  expect(said(result)).toMatchObject({ kind: 'ok', reason: 'length', text: '' })
})

it('thinking alone is no reply, and is paid', () => {
  const result = meaning(200, completion({ content: null, reasoning: 'add' }))
  expect(result).toMatchObject({ kind: 'failed', reason: 'empty-reply', paid: { completionTokens: 3 } })
})
