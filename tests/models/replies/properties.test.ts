import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assemble } from '../../../models/replies/assembly.ts'
import { endedAs } from '../../../models/replies/finish-reasons.ts'
import { meaningOf, demandsStream } from '../../../models/replies/meaning.ts'
import { meaningOfLoss } from '../../../models/replies/meaning-of-loss.ts'
import { isOtherModel } from '../../../models/replies/model-names.ts'
import { rateLimitResetMs, retryAfterMs } from '../../../models/replies/rate-headers.ts'
import { readReply } from '../../../models/replies/read-reply.ts'
import { asked, key, now, said } from './answers.ts'

/** Names that servers send, with any value below them. */
const names = fc.constantFrom(
  ...`choices message content reasoning reasoning_details delta text type thinking finish_reason
    native_finish_reason usage prompt_tokens completion_tokens total_tokens error code detail loc msg param
    metadata raw details retryDelay refusal tool_calls model done base_resp errors status estimated_time
    headers index object`.split(/\s+/),
)
const { value: foreign } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, depthSize: 'small' },
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom('stop', 'error', 'text', '[DONE]', '{"error":{"message":"x"}}', '34s', '3', 'max_tokens', key),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(names, tie('value'), { maxKeys: 6 }),
  ),
}))
const status = fc.oneof(fc.constantFrom(200, 301, 400, 401, 404, 422, 429, 500, 503), fc.integer({ min: 0, max: 999 }))
const headers = fc.dictionary(
  fc.constantFrom('retry-after', 'retry-after-ms', 'location', 'x-ratelimit-reset', 'x-ratelimit-remaining'),
  fc.oneof(fc.string(), fc.constantFrom('0', '-1', '1e99', 'NaN', '9999999999999', key)),
)
const kinds = ['ok', 'overloaded', 'limited', 'away', 'silent', 'failed', 'refused', 'doubtful', 'fatal']
const isCount = (count: number) => Number.isInteger(count) && count >= 0 && count < 2 ** 31

describe('any answer', () => {
  it('has a meaning, with counts that a store can keep and delays that a timer can wait', () => {
    fc.assert(
      fc.property(status, headers, foreign, (status, headers, value) => {
        const result = meaningOf({ status, headers, text: JSON.stringify(value), latencyMs: 5 }, asked())
        expect(kinds).toContain(result.kind)
        const counted = result.kind === 'ok' ? result.completion : 'paid' in result ? result.paid : undefined
        expect([counted?.promptTokens ?? 0, counted?.completionTokens ?? 0].every(isCount)).toBe(true)
        const ms = 'retryAfterMs' in result ? result.retryAfterMs : undefined
        expect(ms === undefined || (ms >= 0 && ms < 2 ** 31)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('shows no key, but in the text of a reply', () => {
    fc.assert(
      fc.property(status, headers, foreign, fc.string(), (status, headers, value, noise) => {
        const text = `${noise}${JSON.stringify(value)}`.replaceAll('x', key)
        const result = meaningOf({ status, headers, text, latencyMs: 5 }, asked())
        const shown = result.kind === 'ok' ? '' : said(result).text + said(result).nextStep
        expect(shown).not.toContain(key)
      }),
      { numRuns: 1000 },
    )
  })

  it('has a meaning as text', () => {
    const pieces = fc.constantFrom(
      'data: ',
      '[DONE]',
      '\n\n',
      ': x\n',
      '{"a":',
      '<html>',
      '\uFEFF',
      '"',
      '}',
      '[',
      '\r',
    )
    fc.assert(
      fc.property(status, fc.array(fc.oneof(pieces, fc.string()), { maxLength: 12 }), (status, parts) => {
        const answer = { status, headers: {}, text: parts.join(''), latencyMs: 5 }
        expect(kinds).toContain(meaningOf(answer, asked()).kind)
        expect([true, false]).toContain(demandsStream(answer))
      }),
      { numRuns: 1000 },
    )
  })
})

it('any chunks make something to read', () => {
  fc.assert(
    fc.property(fc.array(foreign, { maxLength: 8 }), (chunks) => {
      expect(['reply', 'unusable', 'error']).toContain(readReply(assemble(chunks), asked().size).kind)
    }),
    { numRuns: 1000 },
  )
})

it('a text that is cut into chunks is the same text', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (texts) => {
      fc.pre(texts.join('').trim() !== '' && !/think|thought|reasoning/i.test(texts.join('')))
      const chunks = texts.map((content) => ({ choices: [{ index: 0, delta: { content } }] }))
      const reading = readReply(assemble([...chunks, '[DONE]']), asked().size)
      expect(reading).toMatchObject({ kind: 'reply', completion: { text: texts.join('') } })
    }),
  )
})

it('any error of a connection has a meaning', () => {
  fc.assert(
    fc.property(fc.anything(), fc.string(), fc.string(), (thrown, code, message) => {
      expect(kinds).toContain(meaningOfLoss(thrown, asked()).kind)
      const error = Object.assign(new Error(message, { cause: thrown }), { code })
      expect(kinds).toContain(meaningOfLoss(error, asked()).kind)
    }),
  )
})

it('any names are read', () => {
  fc.assert(
    fc.property(fc.array(fc.anything()), fc.string(), fc.string(), (names, one, other) => {
      expect(endedAs(names).name.length).toBeLessThanOrEqual(40)
      expect(isOtherModel(one, one)).toBe(false)
      fc.pre(one.trim() !== '' && other.trim() !== '')
      expect(isOtherModel(one, other)).toBe(isOtherModel(other, one))
    }),
  )
})

it('any header is read, and is no longer than a timer', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (remaining, reset) => {
      const ms = rateLimitResetMs({ 'x-ratelimit-remaining': remaining, 'x-ratelimit-reset': reset }, now)
      expect(ms === undefined || (ms >= 0 && ms < 2 ** 31)).toBe(true)
      const asksMs = retryAfterMs(reset, now)
      expect(asksMs === undefined || (asksMs >= 0 && asksMs < 2 ** 31)).toBe(true)
    }),
  )
})
