import { afterEach, describe, expect, it } from 'vitest'
import { createVerifierPool } from '../../verifier/serve/pool.ts'
import type { VerifierPool, VerifierPoolOptions } from '../../verifier/serve/pool.ts'
import type { VerifyCase } from '../../verifier/verdict.ts'
import { verifyCase } from '../../verifier/verify.ts'

const fake = new URL('fake-verifier-process.ts', import.meta.url)
const pools: VerifierPool[] = []
const open = (options: VerifierPoolOptions = {}): VerifierPool => {
  const pool = createVerifierPool({ workers: 1, ...options })
  pools.push(pool)
  return pool
}
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()))
})

const rows = (count: number, answer: (i: number) => string = (i) => `<answer>${i % 3}</answer>`): VerifyCase[] =>
  Array.from({ length: count }, (_, i) => ({ id: `r${i}`, gold: '1', answer: answer(i) }))
const timedOut = (id: string) => ({ id, verdict: 'unverifiable', reason: 'timed-out', extracted: null, rule: 'none' })

describe('the verifier pool', () => {
  it('gives the results of verifyCase, in order', async () => {
    const pool = open({ workers: 2 })
    const many = rows(1500)
    expect(await pool.verify(many)).toEqual(many.map(verifyCase))
    expect(await pool.verify([])).toEqual([])
    expect(pool.stats()).toMatchObject({ verifiedRows: 1500, queuedRows: 0, busy: 0, respawns: 0 })
  })

  it('gives up only the row that hangs, and starts another thread', async () => {
    const pool = open({ entry: fake })
    const batch = rows(40, (i) => (i === 7 || i === 8 || i === 39 ? 'FAKE-HANG' : '1'))
    const results = await pool.verify(batch)
    expect(results).toEqual(batch.map((row) => (row.answer === '1' ? verifyCase(row) : timedOut(row.id))))
    expect(pool.stats()).toMatchObject({ killedRows: { hung: 3, crashed: 0, threw: 0 }, respawns: 3 })
  })

  it.each([
    ['throws', 'FAKE-THROW', { hung: 0, crashed: 0, threw: 2 }],
    ['ends its thread', 'FAKE-EXIT', { hung: 0, crashed: 2, threw: 0 }],
  ])('gives up a row whose rule %s, after one try', async (_name, answer, killedRows) => {
    const pool = open({ entry: fake })
    const batch = rows(12, (i) => (i % 6 === 5 ? answer : '1'))
    expect(await pool.verify(batch)).toEqual(batch.map((row, i) => (i % 6 === 5 ? timedOut(row.id) : verifyCase(row))))
    expect(pool.stats()).toMatchObject({ killedRows })
  })

  it('survives a row that takes all memory', async () => {
    const pool = open({ entry: fake, killAfterMs: 60_000 })
    const [bad, good] = await pool.verify(rows(2, (i) => (i === 0 ? 'FAKE-LEAK' : '1')))
    expect(bad).toEqual(timedOut('r0'))
    expect(good).toMatchObject({ verdict: 'correct' })
    expect(pool.stats()).toMatchObject({ killedRows: { crashed: 1 }, respawns: 1 })
  })

  it('does not keep a small batch waiting for a big one', async () => {
    const pool = open({ entry: fake })
    await pool.ready()
    const done: string[] = []
    const big = pool.verify(rows(60, () => 'FAKE-SLOW')).then(() => done.push('big'))
    const small = pool.verify(rows(1)).then(() => done.push('small'))
    await Promise.all([big, small])
    expect(done).toEqual(['small', 'big'])
  })

  it('verifies other batches while a batch of hanging rows holds a thread', async () => {
    const pool = open({ entry: fake, killAfterMs: 3000 })
    await pool.ready()
    const stop = new AbortController()
    const hangs = pool.verify(
      rows(100, () => 'FAKE-HANG'),
      stop.signal,
    )
    for (let i = 0; i < 3; i += 1) expect(await pool.verify(rows(10))).toHaveLength(10)
    expect(pool.stats().killedRows.hung).toBe(0)
    stop.abort()
    await expect(hangs).rejects.toThrow('The caller has gone')
  })

  it('drops rows that their caller no longer wants', async () => {
    const pool = open({ entry: fake })
    const gone = new AbortController()
    const unwanted = pool.verify(
      rows(500, () => 'FAKE-HANG'),
      gone.signal,
    )
    gone.abort()
    await expect(unwanted).rejects.toThrow('The caller has gone')
    expect(await pool.verify(rows(2))).toHaveLength(2)
    expect(pool.stats()).toMatchObject({ queuedRows: 0 })
  })

  it('rejects rows under way when it is closed, and takes no more rows', async () => {
    const pool = open({ entry: fake })
    const underWay = pool.verify(rows(3, () => 'FAKE-HANG'))
    const closing = pool.close()
    await expect(underWay).rejects.toThrow('closed')
    await closing
    await expect(pool.verify(rows(1))).rejects.toThrow('closed')
  })

  it('throws when its threads cannot start', async () => {
    const pool = open({ entry: new URL('no-such-file.mjs', import.meta.url) })
    await expect(pool.verify(rows(1))).rejects.toThrow("The verifier's threads do not start")
    await expect(pool.ready()).rejects.toThrow("The verifier's threads do not start")
  })
})
