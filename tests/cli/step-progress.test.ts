import { expect, it } from 'vitest'
import { createRates, duration, money, progressLine, reasonsOf } from '../../cli/step/progress.ts'
import { createProgress } from '../../data/file-steps/progress.ts'
import type { Wait } from '../../models/wait.ts'

it('the line of progress has rows, rates, cost, time left and errors by reason', () => {
  const progress = createProgress()
  const rates = createRates()
  expect(progressLine(progress.read(), rates(progress.read(), 0))).toBe('reading the input')
  progress.total(2000)
  for (let at = 0; at < 500; at++) progress.found(undefined)
  rates(progress.read(), 0)
  progress.rows(100, [
    { status: 'failed', reason: 'timeout' },
    { status: 'failed', reason: 'http-500' },
    { status: 'failed', reason: 'http-500' },
  ])
  const asked = { endpoint: 'endpoint', model: 'm', servedModel: null, isEstimated: false }
  progress.usage({ ...asked, promptTokens: 3000, completionTokens: 1000, reused: false })
  progress.usage({ ...asked, promptTokens: 9, completionTokens: 9, reused: true })
  progress.cost(0.0042)
  // The rate leaves out rows of an earlier run.
  expect(progressLine(progress.read(), rates(progress.read(), 10_000))).toBe(
    '600 of 2,000 rows · 10.0 rows/s · 2:20 left · 3 failed (http-500 2, timeout 1) · cost 0.0042 · 400 tokens/s',
  )
})

it('the line of progress is what is waited for while the servers are away', () => {
  const progress = createProgress()
  progress.total(2000)
  progress.rows(40, [])
  let waiting: Wait | null = null
  progress.watch({ waiting: () => waiting })
  const line = () => progressLine(progress.read(), { rowsPerSecond: 0, tokensPerSecond: 0, left: null })
  expect(line()).toBe('40 of 2,000 rows · 0.0 rows/s')
  const until = new Date()
  until.setHours(14, 32)
  const outage = { kind: 'outage' as const, since: new Date(0), until }
  waiting = { ...outage, urls: ['http://a/v1'], detail: 'HTTP 503 Loading model' }
  expect(line()).toBe('40 of 2,000 rows · waiting for http://a/v1: HTTP 503 Loading model; gives up at 14:32')
  until.setFullYear(2099, 0, 2)
  waiting = { ...outage, urls: ['http://a/v1', 'http://b/v1'], detail: '' }
  expect(line()).toBe('40 of 2,000 rows · waiting for http://a/v1, http://b/v1; gives up at 2099-01-02 14:32')
})

it('the line of progress is the state of the batches while they are under way', () => {
  const progress = createProgress()
  progress.total(2000)
  const batch = { endpoint: 'teacher', batch: 'b1', status: 'in_progress', total: 500, done: 120, failed: 0 }
  const batches = [{ ...batch, since: new Date(0), expires: new Date(2099, 0, 2, 14, 32), trouble: null }]
  progress.watch({ waiting: () => ({ kind: 'batches', batches }) })
  const line = () => progressLine(progress.read(), { rowsPerSecond: 0, tokensPerSecond: 0, left: null })
  expect(line()).toBe('0 of 2,000 rows · batch b1: in_progress, 120 of 500 done; expires at 2099-01-02 14:32')
  batches.push({ ...batches[0]!, batch: 'b2', status: 'completed', done: 490, failed: 10 })
  expect(line()).toBe(
    '0 of 2,000 rows · 2 batches: in_progress, completed, 610 of 1000 done, 10 failed; ' +
      'the first expires at 2099-01-02 14:32',
  )
})

it('rates are those of the last seconds', () => {
  const progress = createProgress()
  const rates = createRates()
  progress.total(1000)
  rates(progress.read(), 0)
  progress.rows(500, [])
  rates(progress.read(), 1000)
  for (let second = 2; second <= 60; second++) rates(progress.read(), second * 1000)
  expect(rates(progress.read(), 61_000)).toEqual({ rowsPerSecond: 0, tokensPerSecond: 0, left: null })
})

it('figures are short', () => {
  expect([duration(0.2), duration(42), duration(3909)]).toEqual(['0:01', '0:42', '1:05:09'])
  expect([money(0.00042), money(1234.5)]).toEqual(['0.0004', '1,234.50'])
  expect(reasonsOf({ a: 1, b: 3, c: 2, d: 1, e: 1 }, 3)).toBe('b 3, c 2, a 1, …')
})
