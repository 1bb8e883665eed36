import { hi, reset, silence, text } from '../answers.ts'
import type { Answer } from '../answers.ts'
import { givesUp, refusesRow, stays, stops, whole } from '../behaviours.ts'
import type { Behaviour } from '../behaviours.ts'

const body =
  '{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5}}'
const raw = (bytes: string): Answer => ({ raw: bytes })
const soon = { waits: [0, 60] as const }

/** Connections that end too early, and silence. */
export const losses: readonly Behaviour[] = [
  whole('cut before the head, then whole', [reset, hi], 'Hi', soon),
  givesUp('always cut before the head, for one row', [reset], /ECONNRESET|hang up|connection/i, {
    ...soon,
    onlyRow: 5,
    // A call that a kept-alive connection cuts is sent again at once.
    calls: [3, 6],
  }),
  whole(
    'cut within the body, then whole',
    [{ ...text(200, ''), body: [body.slice(0, 40)], after: 'cut' }, hi],
    'Hi',
    soon,
  ),
  whole(
    'cut within a body of a known length, then whole',
    [{ status: 200, headers: { 'content-length': '500' }, body: [body], after: 'cut' }, hi],
    'Hi',
    soon,
  ),
  whole('a body that ends with its connection', [
    raw(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n${body}`),
  ]),
  whole('HTTP 1.0', [raw(`HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n${body}`)]),
  whole(
    'a body that ends early with its connection, then whole',
    [raw(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n${body.slice(0, 40)}`), hi],
    'Hi',
    { ...soon, paid: 'some' },
  ),
  refusesRow('garbage instead of HTTP for one row', [raw('garbage\r\n\r\n')], /Parse Error/, {
    onlyRow: 5,
    calls: [1, 3],
  }),
  stops('garbage instead of HTTP', [raw('garbage\r\n\r\n')], /does not speak HTTP/),
  whole('a gateway that closes idle connections without a word', [{ ...hi, closesAfter: true }], 'Hi', { rows: 10 }),
  whole('100 Continue before the reply', [
    raw(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${body}`),
  ]),
  whole('103 Early Hints before the reply', [
    raw(`HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${body}`),
  ]),
  whole('silence once', [silence, hi], 'Hi', soon),
  givesUp('silence each time, for one row', [silence], /no reply within 0\.2 s|0\.2 s|timeout/, {
    ...soon,
    onlyRow: 5,
  }),
  whole('a head and then silence, then whole', [{ status: 200, body: [], after: 'silence' }, hi], 'Hi', soon),
  whole(
    'a slow trickle that lasts longer than the deadline, then whole',
    [
      {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: Array.from({ length: 40 }, () => ' '),
        pauseMs: 10,
      },
      hi,
    ],
    'Hi',
    soon,
  ),
  stays('nobody listens', [hi], /ECONNREFUSED|refused|nobody/i, { url: () => 'http://127.0.0.1:9/v1', calls: 0 }),
  stays('a name that does not exist', [hi], /ENOTFOUND|EAI_AGAIN|name|nowhere/i, {
    // A label of more than 63 letters is no name, so no name server is asked.
    url: () => `http://${'nowhere'.repeat(10)}.invalid/v1`,
    calls: 0,
    endpoint: { timeoutSeconds: 20 },
  }),
  stays('silence for everyone', [silence], /no whole reply/, {
    rows: 20,
    waits: [400, 700],
    endpoint: { timeoutSeconds: 0.05, outageSeconds: 600 },
  }),
  givesUp(
    'a body of more than 64 MiB',
    [
      {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: Array.from({ length: 65 }, () => Buffer.alloc(1024 * 1024, 32)),
      },
    ],
    /larger|MiB|bytes/,
    { endpoint: { timeoutSeconds: 20 } },
  ),
]
