import { error, html, json, reset, said, silence, text } from '../answers.ts'
import { whole } from '../behaviours.ts'
import type { Behaviour } from '../behaviours.ts'

const beside = { besideGood: true, rows: 60, paid: 15, waits: [0, 120] as const }

/** One bad server behind a good one: every row is answered, and the bad server gets few calls. */
export const replicas: readonly Behaviour[] = [
  whole('an instant 400', [error(400, 'Bad request')], 'Hi', { ...beside, calls: 16 }),
  whole(
    'another model is loaded there',
    [error(404, 'The model `mock` does not exist.', { code: 'model_not_found' })],
    'Hi',
    { ...beside, calls: 16 },
  ),
  whole(
    'a field that an old version refuses',
    [error(400, "Unsupported parameter: 'seed'", { param: 'seed', code: 'unsupported_parameter' })],
    'Hi',
    { ...beside, calls: 16 },
  ),
  whole(
    'a shorter context',
    [
      json(400, {
        object: 'error',
        message: "This model's maximum context length is 10 tokens.",
        type: 'BadRequestError',
        code: 400,
      }),
    ],
    'Hi',
    { ...beside, calls: 60 },
  ),
  whole('a wrong key', [error(401, 'Unauthorized')], 'Hi', { ...beside, calls: 16 }),
  whole('no money left', [error(402, 'Insufficient Balance')], 'Hi', { ...beside, calls: 16 }),
  whole('a page', [html(200, 'Welcome to nginx!')], 'Hi', { ...beside, calls: 16 }),
  whole('a redirect', [{ status: 302, headers: { location: 'https://login.example.com/' } }], 'Hi', {
    ...beside,
    calls: 16,
  }),
  whole('a 403', [text(403, 'Forbidden')], 'Hi', { ...beside, calls: 16 }),
  whole('a 500', [error(500, 'CUDA error: device-side assert triggered')], 'Hi', { ...beside, calls: 60 }),
  whole('a 502', [html(502, '502 Bad Gateway')], 'Hi', { ...beside, calls: 40 }),
  whole('a 503 of a loading model', [json(503, { error: { code: 503, message: 'Loading model' } })], 'Hi', {
    ...beside,
    calls: 40,
  }),
  whole('overload', [error(429, 'Too many requests')], 'Hi', { ...beside, calls: 60 }),
  whole('cut connections', [reset], 'Hi', { ...beside, calls: 60 }),
  whole('silence', [silence], 'Hi', { ...beside, calls: 60 }),
  whole('nobody listens', [reset], 'Hi', { ...beside, calls: 0, url: () => 'http://127.0.0.1:9/v1' }),
  whole('empty replies', [said('', 'stop', { usage: { prompt_tokens: 0, completion_tokens: 0 } })], 'Hi', {
    ...beside,
    calls: 60,
    paid: 'some',
  }),
]
