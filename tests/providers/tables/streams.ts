import { chunk, done, event, hi, stream, streamed, usage, usageChunk } from '../answers.ts'
import { cut, refused, whole } from '../behaviours.ts'
import type { Behaviour } from '../behaviours.ts'

const always = { endpoint: { stream: 'always' as const } }

/** Replies as streams, and streams that no call asked for. */
export const streams: readonly Behaviour[] = [
  whole('a stream', [streamed('Hello you there')], 'Hello you there', always),
  cut('a stream that the limit cut', [streamed('Hello you', 'length')], 'Hello you', always),
  refused('a stream that a filter ended', [streamed('Hello', 'content_filter')], 'Hello', always),
  whole(
    'usage in the last chunk with a choice',
    [stream(chunk({ content: 'Hi' }), chunk({}, 'stop', { usage }), done)],
    'Hi',
    always,
  ),
  whole(
    'usage in every chunk: the last one counts',
    [
      stream(
        chunk({ content: 'H' }, null, { usage: { prompt_tokens: 10, completion_tokens: 1 } }),
        chunk({ content: 'i' }, 'stop', { usage }),
        done,
      ),
    ],
    'Hi',
    { ...always, source: 'vLLM continuous_usage_stats' },
  ),
  whole(
    'Groq: usage in x_groq',
    [stream(chunk({ content: 'Hi' }), chunk({}, 'stop', { x_groq: { id: 'req', usage } }), done)],
    'Hi',
    { ...always, source: 'console.groq.com' },
  ),
  whole(
    'usage: null in all chunks',
    [stream(chunk({ content: 'Hi' }, null, { usage: null }), chunk({}, 'stop', { usage: null }), done)],
    'Hi',
    { ...always, paid: 'some', source: 'sgl-project/sglang#4550' },
  ),
  whole('no usage at all', [stream(chunk({ content: 'Hi' }), chunk({}, 'stop'), done)], 'Hi', {
    ...always,
    paid: 'some',
  }),
  whole(
    'no [DONE] after the finish reason',
    [stream(chunk({ content: 'Hi' }), chunk({}, 'stop'), usageChunk)],
    'Hi',
    always,
  ),
  whole(
    'OpenRouter: comments between the chunks',
    [
      stream(
        ': OPENROUTER PROCESSING\n\n',
        ': OPENROUTER PROCESSING\n\n',
        chunk({ content: 'Hi' }),
        chunk({}, 'stop'),
        usageChunk,
        done,
      ),
    ],
    'Hi',
    { ...always, source: 'openai/openai-go#227' },
  ),
  whole(
    'DeepSeek: keep-alive comments',
    [stream(': keep-alive\n\n', chunk({ content: 'Hi' }), ': keep-alive\n\n', chunk({}, 'stop'), usageChunk, done)],
    'Hi',
    { ...always, source: 'tmc/langchaingo#1171' },
  ),
  whole(
    'names of events, ids and line breaks of Windows',
    [
      stream(
        `event: message\r\nid: 1\r\n${chunk({ content: 'Hi' }).replaceAll('\n', '\r\n')}`,
        chunk({}, 'stop').replaceAll('\n', '\r\n'),
        usageChunk,
        done,
      ),
    ],
    'Hi',
    always,
  ),
  whole(
    'data without a space after the colon',
    [
      stream(
        chunk({ content: 'Hi' }).replace('data: ', 'data:'),
        chunk({}, 'stop').replace('data: ', 'data:'),
        usageChunk,
        done,
      ),
    ],
    'Hi',
    always,
  ),
  whole(
    'chunks that are cut within a line',
    [
      {
        ...stream(),
        body: [
          chunk({ content: 'Hi' }).slice(0, 20),
          chunk({ content: 'Hi' }).slice(20),
          chunk({}, 'stop'),
          usageChunk,
          done,
        ],
        pauseMs: 2,
      },
    ],
    'Hi',
    always,
  ),
  whole(
    'chunks that are cut within a character',
    [
      {
        ...stream(),
        body: [
          Buffer.from(chunk({ content: 'ü' })).subarray(0, -60),
          Buffer.from(chunk({ content: 'ü' })).subarray(-60),
          chunk({}, 'stop'),
          usageChunk,
          done,
        ],
        pauseMs: 2,
      },
    ],
    'ü',
    always,
  ),
  whole(
    'Azure: a first chunk without choices',
    [
      stream(
        event({ choices: [], prompt_filter_results: [{ prompt_index: 0 }] }),
        chunk({ content: 'Hi' }),
        chunk({}, 'stop'),
        usageChunk,
        done,
      ),
    ],
    'Hi',
    { ...always, source: 'learn.microsoft.com Azure OpenAI' },
  ),
  whole(
    'a last chunk without choices',
    [stream(chunk({ content: 'Hi' }), chunk({}, 'stop'), event({ object: 'chat.completion.chunk' }), usageChunk, done)],
    'Hi',
    { ...always, source: 'Mintplex-Labs/anything-llm#5112' },
  ),
  whole(
    'a chunk of another choice is passed over',
    [
      stream(
        chunk({ content: 'Hi' }),
        event({ choices: [{ index: 1, delta: { content: 'No' }, finish_reason: null }] }),
        chunk({}, 'stop'),
        usageChunk,
        done,
      ),
    ],
    'Hi',
    always,
  ),
  whole(
    'a delta with null',
    [
      stream(
        chunk({ role: 'assistant', content: null }),
        chunk({ content: 'Hi' }),
        chunk({ content: null }, 'stop'),
        usageChunk,
        done,
      ),
    ],
    'Hi',
    always,
  ),
  whole('one JSON although a stream was asked for', [hi], 'Hi', always),
  whole('a stream that is silent after [DONE]', [{ ...streamed('Hi'), after: 'silence' }], 'Hi', {
    ...always,
    source: 'ltmoerdani/opencode-copilot-chat#170',
  }),
]
