import { expect, it } from 'vitest'
import { HoneError } from '../../domain/errors.ts'
import { AskFailure } from '../../models/ask.ts'
import type { CallResult } from '../../models/call-result.ts'
import { range } from './asking.ts'
import { FakeServers } from './fake-servers.ts'

const counts = { promptTokens: 1, completionTokens: 1, isEstimated: false, servedModel: null }
const ok: CallResult = { kind: 'ok', completion: { text: 'hi', finishReason: 'stop', ...counts }, latencyMs: 1 }
const fatal = new HoneError({ type: 'EndpointRefused', message: 'it refuses every request', nextStep: 'mend it' })
const doubtful = (status: number, words = 'no'): CallResult => ({
  kind: 'doubtful',
  error: new AskFailure(`http-${status}`, `HTTP ${status}: ${words}`),
  fatal,
  words,
})

it('rows that are refused at once do not end the step while others are being answered for the first time', async () => {
  const servers = new FakeServers(['a'], 64, 600_000, (row) => (row % 3 === 0 ? [doubtful(400), 1] : [ok, 2000]))
  const ends = await servers.rows(120)
  const failed = ends.flatMap((end, at) => (end instanceof AskFailure ? [at + 1] : []))
  expect(failed).toEqual(range(120).filter((row) => row % 3 === 0))
  expect(ends.filter((end) => end === 'ok')).toHaveLength(80)
})

it.each([400, 401, 403, 404, 405, 413, 415, 422])(
  'a %i for every row ends the step after few calls, and no row fails',
  async (status) => {
    let calls = 0
    const servers = new FakeServers(['a'], 16, 600_000, (row) => (calls++, [doubtful(status), 1 + (row % 7)]))
    for (const end of await servers.rows(100)) expect(end).toBe(fatal)
    expect(calls).toBeLessThan(40)
  },
)

it('64 equal refusals in a row after a success end the step; other refusals between them do not', async () => {
  const equal = new FakeServers(['a'], 1, 600_000, (row) => [row === 1 ? ok : doubtful(400), 1])
  const ends = await equal.rows(100)
  expect(ends.filter((end) => end instanceof AskFailure)).toHaveLength(63)
  expect(ends.at(-1)).toBe(fatal)
  const others = new FakeServers(['a'], 1, 600_000, (row) => [row === 1 ? ok : doubtful(400, `no ${row % 2}`), 1])
  expect((await others.rows(200)).filter((end) => end instanceof AskFailure)).toHaveLength(199)
})

it('one 401 among good replies is tried again; a key that is refused from then on ends the step', async () => {
  let calls = 0
  const once = new FakeServers(['a'], 8, 600_000, () => [++calls === 30 ? doubtful(401) : ok, 10])
  expect((await once.rows(100)).filter((end) => end === 'ok')).toHaveLength(100)
  let later = 0
  const fromThen = new FakeServers(['a'], 8, 600_000, () => [++later >= 30 ? doubtful(401) : ok, 10])
  const ends = await fromThen.rows(100)
  expect(ends.filter((end) => end === 'ok').length).toBeGreaterThan(20)
  expect(ends.filter((end) => end instanceof AskFailure)).toEqual([])
  expect(ends.at(-1)).toBe(fatal)
})

it('two bad rows that are left alone fail by themselves; three equal refusals are everyone’s', async () => {
  const refused = (): FakeServers => new FakeServers(['a'], 8, 600_000, () => [doubtful(400), 10])
  for (const end of await refused().rows(2)) expect(end).toBeInstanceOf(AskFailure)
  for (const end of await refused().rows(3)) expect(end).toBe(fatal)
})
