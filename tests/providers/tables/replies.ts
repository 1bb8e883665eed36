import { gzipSync } from 'node:zlib'
import { completion, error, hi, html, json, message, said, text, usage } from '../answers.ts'
import { givesUp, refused, refusesRow, wastes, whole, ends } from '../behaviours.ts'
import type { Behaviour } from '../behaviours.ts'

const body = JSON.stringify(completion({ content: 'Hi' }))
const zipped = {
  status: 200,
  headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
  body: [gzipSync(body)],
}

/** Forms of a reply's body, and bodies that are no reply. */
export const replies: readonly Behaviour[] = [
  // Content.
  whole(
    'content as a list of text parts',
    [
      said([
        { type: 'text', text: 'H' },
        { type: 'text', text: 'i' },
      ]),
    ],
    'Hi',
    { source: 'vercel/ai#4821' },
  ),
  whole('content as a list of one part', [said([{ type: 'text', text: 'Hi' }])]),
  whole('content as a list of output_text parts', [said([{ type: 'output_text', text: 'Hi' }])]),
  whole('content of blank lines before the text is kept or trimmed', [said('\n\nHi')], /^\s*Hi$/),
  whole('several choices: the first one counts', [
    json(200, {
      ...completion({ content: 'Hi' }),
      choices: [
        { index: 0, message: { content: 'Hi' }, finish_reason: 'stop' },
        { index: 1, message: { content: 'No' }, finish_reason: 'stop' },
      ],
    }),
  ]),
  whole('a message without a role', [
    json(200, { choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }], usage }),
  ]),
  whole('unknown fields everywhere', [said('Hi', 'stop', { provider: 'X', system_fingerprint: null, x: { y: [1] } })]),
  whole('created as a text and id as a number', [said('Hi', 'stop', { id: 7, created: '2026-01-01' })]),
  whole('error: null beside a reply', [said('Hi', 'stop', { error: null })]),
  whole('code 200 and a success message beside a reply', [said('Hi', 'stop', { code: 200, msg: 'success' })]),
  whole('surrogates and accents survive', [said('Grüße 🎈 数学')], 'Grüße 🎈 数学'),
  // Empty replies: paid, and asked for again.
  wastes('an empty text with stop', [said('')], /empty/, { source: 'Aider-AI/aider#3385' }),
  wastes('null with stop', [said(null)], /empty/, { source: 'sebastianrath, deprecated-generative-ai-python#744' }),
  wastes('white space with stop', [said(' \n ')], /empty/),
  wastes('an empty list of parts', [said([])], /empty/),
  whole('an empty text once, then whole', [said(''), hi], 'Hi', { paid: 30 }),
  wastes('a message without content', [message({})], /empty|content/),
  // Choices.
  wastes('choices: [] with usage', [json(200, { choices: [], usage })], /choice/, { source: 'BerriAI/litellm#40252' }),
  givesUp('choices: [] without usage', [json(200, { choices: [] })], /choice/),
  givesUp('choices: null', [json(200, { choices: null })], /choice/, { source: 'langgenius/dify#9197' }),
  givesUp('an object without choices', [json(200, { object: 'chat.completion' })], /choice|not a chat completion/, {
    source: 'langgenius/dify#9197',
  }),
  wastes(
    'a choice without a message',
    [json(200, { choices: [{ index: 0, finish_reason: 'stop' }], usage })],
    /message|empty/,
  ),
  refused(
    'a choice without a message that a filter ended',
    [
      json(200, {
        choices: [
          { index: 0, finish_reason: 'content_filter', content_filter_results: { violence: { filtered: true } } },
        ],
        usage,
      }),
    ],
    '',
  ),
  whole('choices: [] once, then whole', [json(200, { choices: [], usage }), hi], 'Hi', { paid: 30 }),
  // Errors inside a 200.
  whole(
    'OpenRouter: 200 with an error 502',
    [json(200, { error: { message: 'Provider returned error', code: 502 } }), hi],
    'Hi',
    { waits: [0, 60], source: 'UKGovernmentBEIS/inspect_ai#1536' },
  ),
  whole('200 with an error 429', [json(200, { error: { message: 'Rate limit exceeded', code: 429 } }), hi], 'Hi', {
    waits: [0, 60],
    source: 'abeiro/HerikaServer#98',
  }),
  refusesRow(
    '200 with an error of moderation',
    [
      json(200, {
        error: {
          message: 'Your input was flagged',
          code: 403,
          metadata: { reasons: ['violence'], flagged_input: '…' },
        },
      }),
    ],
    /flagged/,
    { source: 'openrouter.ai/docs/api/reference/errors', onlyRow: 5 },
  ),
  refusesRow(
    '200 with an error of context length',
    [json(200, { error: { message: "This model's maximum context length is 4096 tokens.", code: 400 } })],
    /context length/,
    { onlyRow: 5 },
  ),
  ends(
    '200 with an error 402',
    [json(200, { error: { message: 'Insufficient credits', code: 402 } })],
    /Insufficient credits/,
    { source: 'openrouter.ai/docs/api/reference/errors' },
  ),
  ends(
    '200 with an error 401',
    [json(200, { error: { message: 'No auth credentials found', code: 401 } })],
    /No auth credentials/,
  ),
  whole(
    '200 with an error inside the choice',
    [
      json(200, {
        choices: [
          {
            message: { role: 'assistant', content: 'Half' },
            finish_reason: 'error',
            error: { code: 502, message: 'Upstream idle timeout' },
          },
        ],
        usage,
      }),
      hi,
    ],
    'Hi',
    { paid: 30, waits: [0, 60], source: 'openrouter.ai/docs/api/reference/errors' },
  ),
  ends(
    'LM Studio: 200 for an unknown path',
    [json(200, { error: 'Unexpected endpoint or method. (POST /chat/completions)' })],
    /Unexpected endpoint/,
    { source: 'lmstudio-ai/lmstudio-bug-tracker#2085' },
  ),
  ends(
    'MiniMax: 200 with base_resp of a missing balance',
    [json(200, { choices: null, base_resp: { status_code: 1008, status_msg: 'insufficient balance' } })],
    /insufficient balance/,
    { source: 'platform.minimax.io' },
  ),
  // Bodies.
  whole('a byte order mark before the JSON', [text(200, `\uFEFF${body}`, 'application/json')]),
  whole('DeepSeek: empty lines before the JSON', [text(200, `\n\n\n${body}`, 'application/json')], 'Hi', {
    source: 'Aider-AI/aider#3385',
  }),
  whole(
    'OpenRouter: comments before the JSON',
    [text(200, `: OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n${body}`, 'application/json')],
    'Hi',
    { source: 'openai/openai-go#227' },
  ),
  whole('spaces that keep the connection open', [
    { ...text(200, '', 'application/json'), body: [' ', ' ', ' ', body], pauseMs: 2 },
  ]),
  whole('a content type of text/plain', [text(200, body)]),
  whole('no content type', [{ status: 200, body: [body] }]),
  whole('gzip that nobody asked for', [zipped]),
  whole(
    'JSON in two pieces within a character',
    [
      {
        ...text(200, ''),
        body: [
          Buffer.from(JSON.stringify(completion({ content: 'ü' }))).subarray(0, -50),
          Buffer.from(JSON.stringify(completion({ content: 'ü' }))).subarray(-50),
        ],
        pauseMs: 2,
      },
    ],
    'ü',
  ),
  whole(
    'NaN in a field that nobody reads',
    [text(200, body.replace('"index":0', '"index":0,"logprobs":NaN'), 'application/json')],
    'Hi',
    { source: 'Python servers write NaN' },
  ),
  givesUp('an empty body', [text(200, '', 'application/json')], /body|empty|JSON/, {
    source: 'deepseek-ai/DeepSeek-R1#314',
  }),
  givesUp('empty lines and no JSON', [text(200, '\n\n\n', 'application/json')], /body|empty|JSON/, {
    source: 'deepseek-ai/DeepSeek-V3#407',
  }),
  givesUp('half a JSON', [text(200, body.slice(0, 60), 'application/json')], /JSON/, {
    // A model wrote what came, so it is paid: estimated from its length.
    paid: 'some',
    source: 'deepseek-ai/DeepSeek-V3#599',
  }),
  whole('an empty body once, then whole', [text(200, '', 'application/json'), hi], 'Hi', {
    source: 'deepseek-ai/DeepSeek-V3#407',
  }),
  givesUp('204', [{ status: 204 }], /./),
  givesUp('a JSON text', [text(200, '"ok"', 'application/json')], /./),
  ends('a login page with 200', [html(200, 'Sign in to your network')], /Sign in|HTML|page/),
  // Usage.
  whole('no usage: estimates are paid', [said('Hi', 'stop', { usage: undefined })], 'Hi', { paid: 'some' }),
  whole('usage: null', [said('Hi', 'stop', { usage: null })], 'Hi', { paid: 'some' }),
  whole(
    'usage of zeros beside a text',
    [said('Hi', 'stop', { usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } })],
    'Hi',
    { paid: 'some', source: 'vllm and gateways that count nothing' },
  ),
  whole('usage with fractions', [said('Hi', 'stop', { usage: { prompt_tokens: 10.4, completion_tokens: 4.6 } })]),
  whole('usage as texts', [said('Hi', 'stop', { usage: { prompt_tokens: '10', completion_tokens: '5' } })], 'Hi', {
    paid: 'some',
  }),
  whole('negative usage', [said('Hi', 'stop', { usage: { prompt_tokens: -1, completion_tokens: -1 } })], 'Hi', {
    paid: 'some',
  }),
  whole(
    'Anthropic: input_tokens and output_tokens',
    [said('Hi', 'stop', { usage: { input_tokens: 10, output_tokens: 5 } })],
    'Hi',
    { paid: 'some' },
  ),
  // The model that answered.
  whole('another model of the same family answers', [said('Hi', 'stop', { model: 'mock-2026-01-01' })]),
  whole('no model is named', [said('Hi', 'stop', { model: undefined })]),
  // What looks like an answer to another call.
  refusesRow('422 for this row alone', [error(422, 'Invalid content in messages[0]')], /Invalid content/, {
    onlyRow: 5,
  }),
]
