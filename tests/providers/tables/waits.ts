import { error, hi, html, json, text } from '../answers.ts'
import type { Answer } from '../answers.ts'
import { ends, givesUp, stays, whole } from '../behaviours.ts'
import type { Behaviour } from '../behaviours.ts'

const limited = (headers: Record<string, string>, words = 'Rate limit reached'): Answer =>
  error(429, words, { type: 'requests', code: 'rate_limit_exceeded' }, headers)
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toUTCString()
const google = (retryDelay: string): Answer =>
  json(429, [
    {
      error: {
        code: 429,
        message: 'Resource has been exhausted',
        status: 'RESOURCE_EXHAUSTED',
        details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }],
      },
    },
  ])
const loading = json(503, { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } })
const short = { endpoint: { outageSeconds: 60 } }
const day =
  'Rate limit reached for model `x` on requests per day (RPD): Limit 1000, Used 1000. Please try again in 15h12m0s.'

/** Rate limits, overload and outages: waited for as the server says, up to the limit. */
export const waits: readonly Behaviour[] = [
  // Rate limits that say when.
  whole('Retry-After in seconds', [limited({ 'retry-after': '20' }), hi], 'Hi', { waits: [19, 25] }),
  whole('Retry-After as a date', [() => limited({ 'retry-after': inSeconds(20) }), hi], 'Hi', { waits: [17, 25] }),
  whole('Azure: retry-after-ms', [limited({ 'retry-after-ms': '20500', 'retry-after': '21' }), hi], 'Hi', {
    waits: [20, 26],
    source: 'simonkurtz-MSFT/python-openai-loadbalancer#14',
  }),
  whole('Azure: x-ms-retry-after-ms', [limited({ 'x-ms-retry-after-ms': '20500' }), hi], 'Hi', {
    waits: [20, 26],
    source: 'microsoft/kernel-memory#795',
  }),
  whole('Retry-After with a fraction', [limited({ 'retry-after': '20.5' }), hi], 'Hi', { waits: [20, 26] }),
  whole('Retry-After of nonsense', [limited({ 'retry-after': 'soon' }), hi], 'Hi', { waits: [0, 60] }),
  whole('Retry-After below zero', [limited({ 'retry-after': '-5' }), hi], 'Hi', { waits: [0, 60] }),
  whole(
    'OpenAI: x-ratelimit-reset-requests',
    [limited({ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '20s' }), hi],
    'Hi',
    { waits: [19, 26] },
  ),
  whole(
    'OpenAI: the words alone',
    [
      limited(
        {},
        'Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 20.5s.',
      ),
      hi,
    ],
    'Hi',
    { waits: [20, 26] },
  ),
  whole(
    'Groq: minutes in the words',
    [limited({}, 'Rate limit reached on tokens per minute (TPM): Limit 6000. Please try again in 1m10.5s.'), hi],
    'Hi',
    { waits: [70, 80], source: 'elizaOS/eliza#4040' },
  ),
  whole(
    'Azure: the words alone',
    [
      error(
        429,
        'Your requests to gpt-4.1-nano have exceeded the token rate limit for your current AIServices S0 pricing tier. Please retry after 45 seconds.',
        { code: '429' },
      ),
      hi,
    ],
    'Hi',
    { waits: [44, 52], source: 'icereed/paperless-gpt#814' },
  ),
  whole('Gemini: retryDelay in the body', [google('20s'), hi], 'Hi', {
    waits: [19, 26],
    source: 'google-gemini/gemini-cli#2020',
  }),
  whole('Gemini: retryDelay with a fraction', [google('20.412s'), hi], 'Hi', { waits: [20, 27] }),
  whole(
    'Hugging Face: estimated_time of a loading model',
    [json(503, { error: 'Model x is currently loading', estimated_time: 20 }), hi],
    'Hi',
    { waits: [19, 40] },
  ),
  whole(
    'OpenRouter: reset as milliseconds since 1970 in the body',
    [
      () =>
        json(429, {
          error: {
            code: 429,
            message: 'Rate limit exceeded: free-models-per-min',
            metadata: {
              headers: {
                'X-RateLimit-Limit': '20',
                'X-RateLimit-Remaining': '0',
                'X-RateLimit-Reset': String(Date.now() + 20_000),
              },
            },
          },
        }),
      hi,
    ],
    'Hi',
    { waits: [17, 40] },
  ),
  whole('a 429 without a word', [{ status: 429 }, hi], 'Hi', { waits: [0, 60] }),
  whole('a 429 as a page', [html(429, '429 Too Many Requests'), hi], 'Hi', { waits: [0, 60] }),
  whole(
    'Gemini: a 429 that does not say when',
    [
      json(429, {
        error: { code: 429, message: 'Resource has been exhausted (e.g. check quota).', status: 'RESOURCE_EXHAUSTED' },
      }),
      hi,
    ],
    'Hi',
    { waits: [0, 60], source: 'NEKOparapa/AiNiee#124' },
  ),
  whole(
    'Mistral: capacity exceeded',
    [
      json(429, {
        object: 'error',
        message: 'Service tier capacity exceeded for this model.',
        type: 'service_tier_capacity_exceeded',
        code: '3505',
      }),
      hi,
    ],
    'Hi',
    { waits: [0, 60] },
  ),
  whole('Retry-After on a 500', [error(500, 'Internal error', {}, { 'retry-after': '20' }), hi], 'Hi', {
    waits: [19, 30],
  }),
  whole('Retry-After on a 503', [error(503, 'Service unavailable', {}, { 'retry-after': '20' }), hi], 'Hi', {
    waits: [19, 30],
  }),
  whole('Retry-After on a 502', [error(502, 'Bad gateway', {}, { 'retry-after': '20' }), hi], 'Hi', {
    waits: [19, 30],
  }),
  whole('Retry-After on a 408', [error(408, 'Request timeout', {}, { 'retry-after': '20' }), hi], 'Hi', {
    waits: [19, 30],
  }),
  // Limits that end too late: said at once, with the time.
  stays(
    'a limit that ends in 15 hours by the header',
    [limited({ 'retry-after': '54720' })],
    /15 ?h|54,?720|20\d\d-|\d\d:\d\d/,
    { waits: [0, 60], calls: 16 },
  ),
  stays('a limit that ends in 15 hours by the words', [limited({}, day)], /15 ?h|20\d\d-|\d\d:\d\d/, {
    waits: [0, 60],
    calls: 16,
  }),
  stays('Azure: a limit of 24 hours', [limited({ 'retry-after': '86400' })], /24 ?h|1 ?d|86,?400|20\d\d-|\d\d:\d\d/, {
    waits: [0, 60],
    calls: 16,
    source: 'Azure/azure-sdk-for-java#42696',
  }),
  whole(
    'Groq: a limit of 5 minutes is waited for',
    [limited({}, 'Rate limit reached. Please try again in 5m0s.'), hi],
    'Hi',
    { waits: [299, 330] },
  ),
  // Outages: waited for, and no row pays.
  whole(
    'a 502 of a gateway for six calls',
    [...Array.from({ length: 6 }, () => html(502, '502 Bad Gateway')), hi],
    'Hi',
    { waits: [0, 300] },
  ),
  whole(
    'a 503 for six calls',
    [...Array.from({ length: 6 }, () => error(503, 'The server is overloaded or not ready yet.')), hi],
    'Hi',
    { waits: [0, 300] },
  ),
  whole(
    'a 529 for six calls',
    [
      ...Array.from({ length: 6 }, () =>
        json(529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
      ),
      hi,
    ],
    'Hi',
    { waits: [0, 300], source: 'portkey.ai/error-library 10483' },
  ),
  whole('llama.cpp: a model that loads for eight calls', [...Array.from({ length: 8 }, () => loading), hi], 'Hi', {
    waits: [0, 400],
    source: 'mostlygeek/llama-swap#146',
  }),
  whole(
    'SGLang: 503 while it warms up',
    [...Array.from({ length: 5 }, () => text(503, 'Service Unavailable')), hi],
    'Hi',
    { waits: [0, 300] },
  ),
  whole(
    'Cloudflare: 521 web server is down',
    [...Array.from({ length: 5 }, () => html(521, 'Web server is down')), hi],
    'Hi',
    { waits: [0, 300], source: 'notatallshaw/nab#579' },
  ),
  whole(
    'Cloudflare: 522 connection timed out',
    [...Array.from({ length: 5 }, () => html(522, 'Connection timed out')), hi],
    'Hi',
    { waits: [0, 300], source: 'notatallshaw/nab#579' },
  ),
  whole(
    'Cloudflare: 523 origin is unreachable',
    [...Array.from({ length: 5 }, () => html(523, 'Origin is unreachable')), hi],
    'Hi',
    { waits: [0, 300], source: 'notatallshaw/nab#579' },
  ),
  stays('a 502 that never ends', [html(502, '502 Bad Gateway')], /502/),
  stays('a 503 that never ends', [error(503, 'The server is overloaded or not ready yet.')], /503|overloaded/),
  stays('a model that never loads', [loading], /Loading model/, { source: 'mostlygeek/llama-swap#146' }),
  stays('a 502 with a limit of a minute by the recipe', [html(502, '502 Bad Gateway')], /502/, {
    ...short,
    waits: [50, 90],
  }),
  // Single bad calls.
  whole('a 500 once', [error(500, 'Internal server error'), hi], 'Hi', { waits: [0, 60] }),
  givesUp('a 500 each time', [error(500, 'Internal server error')], /Internal server error/, { waits: [0, 60] }),
  whole('Cloudflare: 520 once', [html(520, 'Web server is returning an unknown error'), hi], 'Hi', {
    waits: [0, 60],
    source: 'earendil-works/pi#9627',
  }),
  whole('Cloudflare: 524 once', [html(524, 'A timeout occurred'), hi], 'Hi', {
    waits: [0, 60],
    source: 'earendil-works/pi#6239',
  }),
  givesUp('Cloudflare: 524 each time for one long row', [html(524, 'A timeout occurred')], /524/, {
    waits: [0, 120],
    onlyRow: 5,
    source: 'su-kaka/gcli2api#354',
  }),
  whole('a 504 once', [html(504, '504 Gateway Time-out'), hi], 'Hi', { waits: [0, 60] }),
  givesUp('a 504 each time for one row', [html(504, '504 Gateway Time-out')], /504/, { waits: [0, 120], onlyRow: 5 }),
  givesUp('a 408 each time for one row', [error(408, 'Request timeout')], /408|timeout/, {
    waits: [0, 120],
    onlyRow: 5,
  }),
  whole('a 409 once', [error(409, 'The request was aborted because of a conflict'), hi], 'Hi', { waits: [0, 60] }),
  whole('a 425 once', [text(425, 'Too Early'), hi], 'Hi', { waits: [0, 60] }),
  whole(
    'vLLM: EngineDeadError once',
    [
      error(500, 'EngineCore encountered an issue. See stack trace (above) for the root cause.', {
        type: 'InternalServerError',
        code: 500,
      }),
      hi,
    ],
    'Hi',
    { waits: [0, 60] },
  ),
  ends(
    'Ollama: a model that needs more memory than there is',
    [error(500, 'model requires more system memory (7.5 GiB) than is available (6.0 GiB)', { type: 'api_error' })],
    /more system memory/,
    { waits: [0, 60], source: 'continuedev/continue#11505' },
  ),
]
