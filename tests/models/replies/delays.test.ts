import { expect, it } from 'vitest'
import { askedDelayMs, rateLimitResetMs, retryAfterMs } from '../../../models/replies/rate-headers.ts'
import { meaning, now, openaiError } from './answers.ts'

const longest = 2 ** 31 - 1

it.each([
  [undefined, undefined],
  ['', undefined],
  ['soon', undefined],
  ['2', 2000],
  ['0.5', 500],
  ['1e1', 10_000],
  ['-1', 0],
  ['34s', 34_000],
  ['1m30s', 90_000],
  ['54000', 54_000_000],
  ['99999999', longest],
  ['Tue, 14 Nov 2023 22:13:32 GMT', 2000],
  ['2023-11-14T22:13:32Z', 2000],
  ['Tue, 14 Nov 2023 22:13:28 GMT', 0],
])('reads Retry-After %j', (header, expected) => {
  expect(retryAfterMs(header, now)).toBe(expected)
})

it.each([
  [{ 'retry-after-ms': '250', 'retry-after': '1' }, 250],
  [{ 'x-ms-retry-after-ms': '250', 'retry-after': '1' }, 250],
  [{ 'retry-after-ms': '', 'retry-after': '1' }, 1000],
  [{ 'retry-after-ms': 'soon', 'retry-after': '1' }, 1000],
  [{ 'retry-after': ['3', '9'] }, 3000],
  [{}, undefined],
])('reads the delay of %j', (headers, expected) => {
  expect(askedDelayMs(headers, now)).toBe(expected)
})

const used = (more: Record<string, string>) => ({ 'x-ratelimit-remaining-requests': '0', ...more })

it.each([
  [{}, undefined],
  [{ 'x-ratelimit-reset-requests': '1s' }, undefined],
  [{ 'x-ratelimit-remaining-requests': '3', 'x-ratelimit-reset-requests': '1s' }, undefined],
  [{ 'x-ratelimit-remaining-requests': '', 'x-ratelimit-reset-requests': '1s' }, undefined],
  [used({ 'x-ratelimit-reset-requests': 'soon' }), undefined],
  [used({ 'x-ratelimit-reset-requests': '1s' }), 1000],
  [used({ 'x-ratelimit-reset-requests': '6m0s' }), 360_000],
  [used({ 'x-ratelimit-reset-requests': '250ms' }), 250],
  [used({ 'x-ratelimit-reset-requests': '1m12.5s' }), 72_500],
  [used({ 'x-ratelimit-reset-requests': '1.5' }), 1500],
  [used({ 'x-ratelimit-reset-requests': '15h0m0s' }), 54_000_000],
  [used({ 'x-ratelimit-reset-requests': '90d' }), longest],
  [used({ 'x-ratelimit-reset-requests': '1700000012' }), 2000],
  [used({ 'x-ratelimit-reset-requests': '1700000012000' }), 2000],
  [used({ 'x-ratelimit-reset-requests': 'Tue, 14 Nov 2023 22:13:32 GMT' }), 2000],
  [{ 'x-ratelimit-remaining': '-1', 'x-ratelimit-reset': '3' }, 3000],
  [{ 'ratelimit-remaining': '0', 'ratelimit-reset': '3' }, 3000],
  [{ 'x-ratelimit-remaining-tokens-minute': '0', 'x-ratelimit-reset-tokens-minute': '12.5' }, 12_500],
  [
    { 'anthropic-ratelimit-requests-remaining': '0', 'anthropic-ratelimit-requests-reset': '2023-11-14T22:13:34Z' },
    4000,
  ],
  [
    {
      'anthropic-ratelimit-input-tokens-remaining': '0',
      'anthropic-ratelimit-input-tokens-reset': '2023-11-14T22:13:31Z',
    },
    1000,
  ],
  [
    used({
      'x-ratelimit-reset-requests': '1s',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '4s',
    }),
    4000,
  ],
])('reads from %j when a limit is free again', (headers, expected) => {
  expect(rateLimitResetMs(headers, now)).toBe(expected)
})

const e = (message: string, more: object = {}) => openaiError(message, more)
const google = (retryDelay: string) => [
  {
    error: {
      code: 429,
      message: 'You exceeded your current quota, please check your plan and billing details.',
      status: 'RESOURCE_EXHAUSTED',
      details: [
        { '@type': 'type.googleapis.com/google.rpc.QuotaFailure' },
        { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay },
      ],
    },
  },
]

// What a 429 is, and how long it lasts.
it.each([
  [
    'OpenAI',
    e(
      'Rate limit reached for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Used 29000. Please try again in 6m0s.',
    ),
    'limited',
    360_000,
  ],
  [
    'OpenAI',
    e('Rate limit reached for gpt-4o on requests per min (RPM): Limit 3. Please try again in 20s. Visit x'),
    'limited',
    20_000,
  ],
  ['OpenAI', e('Rate limit reached on requests per min (RPM). Please try again in 120ms.'), 'limited', 120],
  ['OpenAI', e('Rate limit reached on tokens per min (TPM). Please try again in 1.2s.'), 'limited', 1200],
  [
    'Groq, by the day',
    e(
      'Rate limit reached for model `llama-3.3-70b-versatile` on tokens per day (TPD): Limit 100000, Used 97050, Requested 3619. Please try again in 9m38.016s. Need more tokens? Upgrade',
    ),
    'limited',
    578_016,
  ],
  [
    'Groq, for hours',
    e('Rate limit reached on requests per day (RPD): Limit 1000. Please try again in 5h12m'),
    'limited',
    18_720_000,
  ],
  [
    'Azure',
    {
      error: {
        code: '429',
        message:
          'Requests to the ChatCompletions_Create Operation have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 26 seconds.',
      },
    },
    'limited',
    26_000,
  ],
  ['Gemini', google('34s'), 'limited', 34_000],
  ['Gemini, to the nanosecond', google('34.074824224s'), 'limited', 34_075],
  [
    'LiteLLM',
    e('Rate limit exceeded for api_key: x. Limit type: requests per minute. Limit resets at: 2023-11-14 22:14:00 UTC'),
    'limited',
    30_000,
  ],
  ['a gateway', e('Quota exceeded. Please wait 1 minute and 30 seconds'), 'limited', 90_000],
  ['a gateway', e('Daily limit reached, resets in 15 hours'), 'limited', 54_000_000],
  [
    'GitHub',
    {
      error: {
        code: 'RateLimitReached',
        message:
          'Rate limit of 50 per 86400s exceeded for UserByModelByDay. Please wait 41371 seconds before retrying.',
      },
    },
    'limited',
    41_371_000,
  ],
  [
    'OpenRouter',
    {
      error: {
        message: 'Rate limit exceeded: free-models-per-day',
        code: 429,
        metadata: {
          headers: { 'X-RateLimit-Limit': '50', 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '1700000070000' },
        },
      },
    },
    'limited',
    60_000,
  ],
  [
    'OpenRouter, upstream',
    {
      error: {
        message: 'Provider returned error',
        code: 429,
        metadata: { raw: 'z-ai/glm is temporarily rate-limited upstream. Please retry shortly' },
      },
    },
    'overloaded',
    undefined,
  ],
  [
    'Gemini without a delay',
    [
      {
        error: { code: 429, message: 'Resource has been exhausted (e.g. check quota).', status: 'RESOURCE_EXHAUSTED' },
      },
    ],
    'overloaded',
    undefined,
  ],
  ['load with a delay', e('Too many concurrent requests, retry in 3 seconds'), 'overloaded', 3000],
  ['a delay in the body', { error: { message: 'slow down', retry_after: 1.5 } }, 'overloaded', 1500],
  ['no delay', e('slow down, this minute is busy'), 'overloaded', undefined],
])('%s: %j is %s for %j ms', (_, body, kind, retryAfterMs) => {
  expect(meaning(429, body)).toMatchObject({ kind, status: 429, retryAfterMs })
})

it.each([
  [429, { 'retry-after': '40' }, '', 'overloaded', 40_000],
  [429, { 'retry-after-ms': '40' }, '', 'overloaded', 40],
  [429, used({ 'x-ratelimit-reset-requests': '2s' }), '', 'limited', 2000],
  [429, used({ 'x-ratelimit-reset-requests': '2s', 'retry-after': '3' }), '', 'limited', 3000],
  [503, used({ 'x-ratelimit-reset-requests': '2s' }), '', 'limited', 2000],
  [503, { 'retry-after': '7' }, '', 'away', 7000],
  [503, {}, { error: 'Model x is currently loading', estimated_time: 20.5 }, 'away', 20_500],
  [502, { 'retry-after': '7' }, '', 'away', 7000],
  [529, { 'retry-after': '7' }, '', 'away', 7000],
  [500, { 'retry-after': '7' }, '', 'failed', 7000],
  [408, { 'retry-after': '7' }, '', 'failed', 7000],
  [409, { 'retry-after': '7' }, '', 'failed', 7000],
])('HTTP %i with %j and %j is %s for %i ms', (status, headers, body, kind, retryAfterMs) => {
  expect(meaning(status, body, headers)).toMatchObject({ kind, retryAfterMs })
})
