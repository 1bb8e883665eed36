import {
  chunk,
  done,
  error,
  event,
  hi,
  html,
  said,
  stream,
  streamOnly,
  streamed,
  text,
  usageChunk,
} from '../answers.ts'
import { ends, givesUp, refusesRow, whole } from '../behaviours.ts'
import type { Behaviour } from '../behaviours.ts'

const always = { endpoint: { stream: 'always' as const } }
const auto = { endpoint: { stream: 'auto' as const } }
const idle = { endpoint: { stream: 'always' as const, idleSeconds: 0.05, timeoutSeconds: 3 } }
const half = chunk({ content: 'Half a' })

/** Streams that end too early, hold an error, or are demanded by a server. */
export const cutStreams: readonly Behaviour[] = [
  // Streams that end before their time.
  whole('cut without a finish reason, then whole', [stream(half), streamed('Hi')], 'Hi', {
    ...always,
    paid: 'some',
    source: 'earendil-works/pi#8460',
  }),
  givesUp('always cut without a finish reason', [stream(half)], /cut|ended|finish|whole/, {
    ...always,
    paid: 'some',
    source: 'earendil-works/pi#8460',
  }),
  whole('a connection that is cut within the stream', [{ ...stream(half), after: 'cut' }, streamed('Hi')], 'Hi', {
    ...always,
    paid: 'some',
  }),
  whole(
    'silence within the stream ends after the idle time',
    [{ ...stream(half), after: 'silence' }, streamed('Hi')],
    'Hi',
    { ...idle, paid: 'some', source: 'deepseek-ai/DeepSeek-V3#1608' },
  ),
  givesUp('silence within every stream', [{ ...stream(half), after: 'silence' }], /silen|idle|chunk|no .* within/, {
    ...idle,
    // What a time-out cost is not known.
    paid: 0,
    source: 'deepseek-ai/DeepSeek-V3#1608',
  }),
  whole(
    'comments alone do not end the idle time',
    [stream(': keep-alive\n\n', ': keep-alive\n\n', chunk({ content: 'Hi' }), chunk({}, 'stop'), usageChunk, done)],
    'Hi',
    idle,
  ),
  whole('a stream without any chunk, then whole', [stream(done), streamed('Hi')], 'Hi', always),
  whole('an empty body instead of a stream, then whole', [stream(), streamed('Hi')], 'Hi', always),
  whole('a chunk that is no JSON, then whole', [stream(half, 'data: {"choi\n\n', done), streamed('Hi')], 'Hi', {
    ...always,
    paid: 'some',
  }),
  whole(
    'an empty stream with stop, then whole',
    [stream(chunk({ role: 'assistant', content: '' }), chunk({}, 'stop'), usageChunk, done), streamed('Hi')],
    'Hi',
    { ...always, paid: 30 },
  ),
  // Errors within a stream.
  whole(
    'OpenRouter: an error 502 within the stream, then whole',
    [
      stream(
        half,
        event({
          error: { code: 502, message: 'Provider disconnected' },
          choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
        }),
      ),
      streamed('Hi'),
    ],
    'Hi',
    { ...always, paid: 'some', waits: [0, 60], source: 'openrouter.ai/docs/api/reference/errors' },
  ),
  whole(
    'vLLM: an error event within the stream, then whole',
    [
      stream(
        half,
        event({ error: { message: 'Internal server error', type: 'InternalServerError', code: 500 } }),
        done,
      ),
      streamed('Hi'),
    ],
    'Hi',
    { ...always, paid: 'some', source: 'vllm-project/vllm#57082' },
  ),
  whole(
    'vLLM: abort as the last chunk, then whole',
    [stream(half, chunk({}, 'abort'), usageChunk, done), streamed('Hi')],
    'Hi',
    { ...always, paid: 30, source: 'vllm-project/vllm#57082' },
  ),
  refusesRow(
    'an error of context length as the only event',
    [stream(event({ error: { message: "This model's maximum context length is 4096 tokens.", code: 400 } }), done)],
    /context length/,
    { ...always, onlyRow: 5 },
  ),
  whole(
    'Anthropic: overloaded_error as an event, then whole',
    [
      stream('event: error\n', event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })),
      streamed('Hi'),
    ],
    'Hi',
    { ...always, waits: [0, 60], source: 'docs.claude.com' },
  ),
  // Servers that only stream, with `stream: auto`.
  whole(
    'DashScope QwQ: only stream mode',
    [
      streamOnly('This model only support stream mode, please enable the stream parameter to access the model.', {
        code: 'invalid_parameter_error',
      }),
    ],
    'Hi',
    { ...auto, calls: 2, source: 'help.aliyun.com model-studio QwQ' },
  ),
  whole(
    'DashScope: enable_thinking must be set to false',
    [
      streamOnly('parameter.enable_thinking must be set to false for non-streaming calls', {
        code: 'invalid_parameter_error',
      }),
    ],
    'Hi',
    { ...auto, calls: 2, source: 'langchain4j/langchain4j#3974' },
  ),
  whole(
    'ModelScope: enable thinking with stream=False',
    [streamOnly('enable thinking can not be support when `stream=False`.', { code: 'invalid_parameter_error' })],
    'Hi',
    { ...auto, calls: 2, source: 'musistudio/claude-code-router#948' },
  ),
  whole('a gateway: stream must be set to true', [streamOnly('Stream must be set to true', {}, 422)], 'Hi', {
    ...auto,
    calls: 2,
  }),
  whole(
    'Anthropic: streaming is required for long requests',
    [streamOnly('Streaming is required for operations that may take longer than 10 minutes.')],
    'Hi',
    { ...auto, calls: 2, source: 'docs.claude.com' },
  ),
  ends(
    'a server that only streams, with stream: never',
    [streamOnly('only stream mode is supported')],
    /only stream mode is supported/,
    { endpoint: { stream: 'never' } },
  ),
  ends(
    'a server that cannot stream, with stream: always',
    [
      ({ body }) =>
        body['stream'] === true
          ? error(400, 'stream is not supported for this model', { param: 'stream', code: 'unsupported_value' })
          : hi,
    ],
    /stream is not supported/,
    always,
  ),
  // Streams that nobody asked for.
  whole('a stream although none was asked for', [streamed('Hello you')], 'Hello you'),
  whole('a stream as text/plain although none was asked for', [
    text(200, `${chunk({ content: 'Hi' })}${chunk({}, 'stop')}${usageChunk}${done}`),
  ]),
  whole('a cut stream although none was asked for, then whole', [stream(half), said('Hi')], 'Hi', { paid: 'some' }),
  ends('a page instead of a stream', [html(200, 'Welcome to nginx!')], /nginx|HTML|page/, always),
]
