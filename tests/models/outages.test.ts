import { expect, it } from 'vitest'
import { AskFailure } from '../../models/ask.ts'
import type { CallResult } from '../../models/call-result.ts'
import { Outage } from '../../models/failures.ts'
import { Limiter } from '../../models/limiter.ts'
import type { Waiting } from '../../models/outage.ts'
import { Replica } from '../../models/replica.ts'
import { Scope } from '../../models/scope.ts'
import { failureOf, range } from './asking.ts'
import { FakeServers } from './fake-servers.ts'
import { ManualClock, settle } from './manual-clock.ts'

const random = () => 0.5
const counts = { promptTokens: 1, completionTokens: 1, isEstimated: false, servedModel: null }
const ok: CallResult = { kind: 'ok', completion: { text: 'hi', finishReason: 'stop', ...counts }, latencyMs: 1 }
const silent: CallResult = { kind: 'silent', reason: 'timeout', detail: 'no reply within 1 s' }
const refused: CallResult = { kind: 'refused', error: new AskFailure('http-400', 'HTTP 400: no') }
const failed: CallResult = {
  kind: 'failed',
  reason: 'http-500',
  detail: 'boom',
  retryAfterMs: undefined,
  paid: undefined,
}
const away = (retryAfterMs?: number): CallResult => ({ kind: 'away', reason: 'http-503', detail: 'down', retryAfterMs })

const answered = (ends: readonly unknown[]): number => ends.filter((end) => end === 'ok').length

it.each([1, 2, 4, 16, 64])(
  'a server that is silent for five minutes loses no row: %i calls at one time, rows wait',
  async (concurrency) => {
    const servers: FakeServers = new FakeServers(['a'], concurrency, 600_000, () =>
      servers.clock.at < 300_000 ? [silent, 1000] : [ok, 200],
    )
    expect(answered(await servers.rows(300))).toBe(300)
  },
)

it.each([
  ['silent', silent],
  ['failing', failed],
])('rows that always end %s fail, and others do not, also when they are the last rows', async (_, bad) => {
  const servers = new FakeServers(['a'], 8, 600_000, (row) => (row % 10 === 0 || row > 180 ? [bad, 1000] : [ok, 200]))
  const ends = await servers.rows(200)
  const failures = ends.flatMap((end, at) => (end instanceof AskFailure ? [at + 1] : []))
  expect(failures).toEqual(range(200).filter((row) => row % 10 === 0 || row > 180))
  expect(answered(ends)).toBe(200 - failures.length)
})

it('rows that their server never answers fail after an outage too, when they alone are left', async () => {
  let isDown = false
  const servers = new FakeServers(['a'], 4, 600_000, (row) => {
    if (row === 1) return [ok, 1]
    return isDown ? [away(), 1] : [silent, 1000]
  })
  expect(await servers.rows(1)).toEqual(['ok'])
  isDown = true
  servers.clock.after(60_000, () => (isDown = false))
  for (const end of await servers.rows(3)) expect(end).toMatchObject({ reason: 'timeout' })
})

it('a server that never answered anything is an outage, and no row fails', async () => {
  const servers = new FakeServers(['a'], 8, 600_000, () => [silent, 1000])
  for (const end of await servers.rows(20)) expect(end).toBeInstanceOf(Outage)
})

it('an outage of five minutes costs rows nothing, whatever the server says meanwhile', async () => {
  const servers: FakeServers = new FakeServers(['a'], 16, 600_000, (row) => {
    if (servers.clock.at > 300_000) return [ok, 200]
    return row % 3 === 0 ? [away(), 1] : row % 3 === 1 ? [away(20_000), 1] : [silent, 1000]
  })
  expect(answered(await servers.rows(200))).toBe(200)
})

it('a limit that ends in fifteen hours ends the wait at once, with its time, and the next request asks at once', async () => {
  let answer: CallResult = away(15 * 3_600_000)
  const servers = new FakeServers(['a'], 4, 600_000, () => [answer, 10])
  const before = Date.now()
  for (const end of await servers.rows(20)) {
    expect(end).toBeInstanceOf(Outage)
    expect((end as Outage).retryAt?.getTime()).toBeGreaterThan(before + 14.9 * 3_600_000)
    expect((end as Outage).message).toContain('takes no call before')
  }
  expect(servers.clock.at).toBeLessThan(10_000)
  answer = ok
  expect(answered(await servers.rows(20))).toBe(20)
  expect(servers.clock.at).toBeLessThan(20_000)
})

it('an outage ends after the limit, and is counted from the first request that met it', async () => {
  let isDown = true
  const servers = new FakeServers(['a'], 4, 60_000, () => (isDown ? [away(), 10] : [ok, 10]))
  const ended = await servers.rows(5)
  for (const end of ended) expect(String(end)).toMatch(/http:\/\/a\/v1 has answered nothing for 6\d s: down/)
  // A request that was cancelled in the middle of an outage, and others a day later.
  const scope = new Scope()
  const permit = await servers.limiter.acquire({ scope, owner: {} })
  permit.release({ health: 'unreachable' })
  await servers.clock.advance(86_400_000)
  servers.clock.after(20_000, () => (isDown = false))
  expect(answered(await servers.rows(5))).toBe(5)
})

it('says what it waits for, and until when, while requests are under way', async () => {
  let isDown = true
  const servers = new FakeServers(['a', 'b'], 4, 60_000, () => (isDown ? [away(), 10] : [ok, 10]))
  expect(servers.limiter.waiting).toBeNull()
  let waiting: Waiting | null = null
  servers.clock.after(20_000, () => {
    waiting = servers.limiter.waiting
    isDown = false
  })
  expect(answered(await servers.rows(8))).toBe(8)
  const { since, until, ...rest } = waiting!
  expect(rest).toEqual({ urls: ['http://a/v1', 'http://b/v1'], detail: 'down' })
  const seconds = (until.getTime() - since.getTime()) / 1000
  expect(seconds).toBeGreaterThan(55)
  expect(seconds).toBeLessThan(65)
  expect(servers.limiter.waiting).toBeNull()
})

it('a limiter whose replica another limiter found away for fifteen hours does not wait for them', async () => {
  const clock = new ManualClock()
  const replica = new Replica({ url: 'http://a/v1', concurrency: 2, clock, random })
  const patient = new Limiter({ replicas: [replica], clock, downLimitMs: 86_400_000 })
  const hasty = new Limiter({ replicas: [replica], clock, downLimitMs: 60_000 })
  const permit = await patient.acquire({ scope: new Scope(), owner: patient })
  permit.release({ health: 'unreachable', retryAfterMs: 15 * 3_600_000 })
  const failure = failureOf(hasty.acquire({ scope: new Scope(), owner: hasty }))
  await settle()
  expect(await failure).toBeInstanceOf(Outage)
})

it('a limiter gives up too when another limiter makes all the probes of their replica', async () => {
  const clock = new ManualClock()
  const replica = new Replica({ url: 'http://a/v1', concurrency: 1, clock, random })
  const [busy, quiet] = [
    new Limiter({ replicas: [replica], clock, downLimitMs: 1e9 }),
    new Limiter({ replicas: [replica], clock }),
  ]
  const probe = async (): Promise<void> => {
    for (;;) {
      const permit = await busy.acquire({ scope: new Scope(), owner: busy, priority: 1 })
      await new Promise<void>((resolve) => void clock.after(100, resolve))
      permit.release({ health: 'unreachable' })
    }
  }
  void probe()
  await clock.advance(1000)
  const end = quiet.begin()
  let failure: unknown
  const ask = async (): Promise<void> => {
    while (failure === undefined) {
      const permit = await quiet.acquire({ scope: new Scope(), owner: quiet })
      failure = permit.release({ health: 'unreachable' })
    }
  }
  void ask().catch((error: unknown) => void (failure = error))
  await clock.advance(200_000)
  expect(failure).toBeInstanceOf(Outage)
  end()
})

it.each([
  ['an instant 400', refused],
  ['an instant 500', failed],
  ['no connection', away()],
])('%s of one server takes no row of 200 from a good server, and few calls', async (_, bad) => {
  const servers = new FakeServers(['bad', 'good'], 16, 600_000, (_row, url) =>
    url.includes('bad') ? [bad, 1] : [ok, 1000],
  )
  expect(answered(await servers.rows(200))).toBe(200)
  expect(servers.calls.get('http://bad/v1')).toBeLessThan(60)
  expect(servers.calls.get('http://good/v1')).toBe(200)
})
