import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { startRewardServer } from '../../verifier/serve/reward-server.ts'
import type { RewardServer } from '../../verifier/serve/reward-server.ts'

const post = (url: string, body: unknown, token?: string): Promise<Response> =>
  fetch(`${url}/v1/score`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

const items = Array.from({ length: 300 }, (_, i) => ({
  id: `i${i}`,
  gold: String(i % 7),
  answer: `<think>x</think> So. <answer>${i % 5}</answer>`,
  kind: 'number',
}))
const request = { reward: { name: 'weighted' }, stage: 'rl', step: 3, items }
const reply = z.object({
  version: z.string(),
  scores: z.array(z.object({ id: z.string(), overall: z.number(), verdict: z.string() })),
})

describe('the reward server', () => {
  let server: RewardServer
  beforeAll(async () => {
    server = await startRewardServer({ token: 'secret-1' })
  })
  afterAll(() => server.close())

  it('scores a batch in order', async () => {
    const { scores } = reply.parse(await (await post(server.url, request, 'secret-1')).json())
    expect(scores.map((s) => s.id)).toEqual(items.map((i) => i.id))
    expect(scores.map((s) => s.overall)).toEqual(items.map((_, i) => (i % 7 === i % 5 ? 1 : 0.3)))
  })

  it('returns all fields of a score', async () => {
    const body: unknown = await (await post(server.url, { ...request, items: items.slice(0, 1) }, 'secret-1')).json()
    expect(body).toEqual({
      version: expect.any(String),
      scores: [
        {
          id: 'i0',
          overall: 1,
          parts: { accuracy: 1, format: 1 },
          verdict: 'correct',
          reason: 'same-text',
          extracted: '0',
          rule: 'answer-tag',
        },
      ],
    })
  })

  it('gives the same bytes for the same request, also to many clients at once', async () => {
    const texts = await Promise.all(
      Array.from({ length: 16 }, async () => (await post(server.url, request, 'secret-1')).text()),
    )
    expect(new Set(texts).size).toBe(1)
  })

  it('refuses a missing and a wrong token without saying which of the two it was', async () => {
    const [without, wrong] = [await post(server.url, request), await post(server.url, request, 'secret-2')]
    expect([without.status, wrong.status]).toEqual([401, 401])
    expect(await without.text()).toBe(await wrong.text())
  })

  it.each([
    ['not JSON', '{', /not JSON/],
    ['no items', { reward: { name: 'accuracy' } }, /items/],
    ['an unknown reward', { reward: { name: 'acuracy' }, items: [] }, /accuracy/],
    [
      'an unknown kind',
      { reward: { name: 'accuracy' }, items: [{ id: 'r1', gold: '1', answer: '1', kind: 'numbr' }] },
      /r1.*numbr/,
    ],
    [
      'an unknown policy',
      { reward: { name: 'accuracy' }, items: [{ id: 'r2', gold: '1', answer: '1', policy: { percent: 'some' } }] },
      /r2.*policy\.percent/,
    ],
    ['a row without an answer', { reward: { name: 'accuracy' }, items: [{ id: 'r3', gold: '1' }] }, /r3.*answer/],
    ['no body', '', /not JSON/],
    ['too many items', { reward: { name: 'accuracy' }, items: Array.from({ length: 4097 }, () => items[0]) }, /items/],
  ])('refuses %s with the reason', async (_name, body, reason) => {
    const response = await post(server.url, body, 'secret-1')
    expect(response.status).toBe(400)
    expect(await response.text()).toMatch(reason)
  })

  it('refuses a body over its limit', async () => {
    const response = await post(server.url, `"${'x'.repeat(65 * 1024 * 1024)}"`, 'secret-1')
    expect(response.status).toBe(413)
  })

  it('reports its health and counts its work', async () => {
    expect(await (await fetch(`${server.url}/healthz`)).json()).toMatchObject({ ok: true })
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    expect(metrics).toMatch(/^hone_reward_items_total [1-9]/m)
    expect(metrics).toMatch(/^hone_reward_verdicts_total\{verdict="correct"\} [1-9]/m)
    expect(metrics).toMatch(/^hone_reward_errors_total\{reason="401"\} 2$/m)
    expect(metrics).toMatch(/^hone_reward_killed_rows_total\{cause="hung"\} 0$/m)
    expect(metrics).toMatch(/^hone_reward_event_loop_lag_seconds\{quantile="0.99"\} [\d.e-]+$/m)
    expect(metrics).toMatch(/^hone_reward_request_seconds_bucket\{le="\+Inf"\} [1-9]/m)
    expect(metrics).not.toContain('secret-1')
    expect((await fetch(`${server.url}/nowhere`)).status).toBe(404)
  })

  it('writes metrics that Prometheus can read: every sample has one type, and every histogram rises', async () => {
    const lines = (await (await fetch(`${server.url}/metrics`)).text()).trimEnd().split('\n')
    const types = lines.filter((line) => line.startsWith('# TYPE ')).map((line) => line.split(' ')[2] ?? '')
    expect(new Set(types).size).toBe(types.length)
    for (const line of lines.filter((line) => line !== '' && !line.startsWith('#'))) {
      expect(line).toMatch(/^[a-z_]+(\{[a-z]+="[^"\\\n]*"\})? -?\d+(\.\d+)?(e-?\d+)?$/)
      const name = /^[a-z_]+/.exec(line)?.[0].replace(/(?<=seconds)_(bucket|sum|count)$/, '')
      expect(types).toContain(name)
    }
    const buckets = lines.filter((line) => line.includes('_bucket')).map((line) => Number(line.split(' ')[1]))
    expect(buckets).toEqual(buckets.toSorted((a, b) => a - b))
  })

  it('accepts a body in pieces without a length', async () => {
    const pieces = async function* (): AsyncGenerator<Uint8Array> {
      const bytes = Buffer.from(JSON.stringify(request))
      for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000)
    }
    const response = await fetch(`${server.url}/v1/score`, {
      method: 'POST',
      headers: { authorization: 'Bearer secret-1' },
      body: ReadableStream.from(pieces()),
      duplex: 'half',
    })
    expect(await response.text()).toBe(await (await post(server.url, request, 'secret-1')).text())
  })

  it('goes on after a client disconnects', async () => {
    const gone = new AbortController()
    const asked = fetch(`${server.url}/v1/score`, {
      method: 'POST',
      headers: { authorization: 'Bearer secret-1' },
      body: JSON.stringify({ ...request, items: Array.from({ length: 4000 }, (_, i) => ({ ...items[0], id: i })) }),
      signal: gone.signal,
    })
    setTimeout(() => gone.abort(), 20)
    await asked.catch(() => undefined)
    expect((await post(server.url, request, 'secret-1')).status).toBe(200)
  })

  it('names the port when it is in use', async () => {
    const port = Number(new URL(server.url).port)
    await expect(startRewardServer({ port })).rejects.toThrow(`127.0.0.1:${port}: the port is in use`)
  })

  it('accepts a token of any characters', async () => {
    const odd = await startRewardServer({ token: 'two words: "1"!', pool: { workers: 1 } })
    try {
      const statuses = ['two words: "1"!', 'two words: "2"!'].map(
        async (token) => (await post(odd.url, request, token)).status,
      )
      expect(await Promise.all(statuses)).toEqual([200, 401])
    } finally {
      await odd.close()
    }
  })

  it('answers again on a kept-alive connection, and closes it at the end', async () => {
    const kept = await startRewardServer({ pool: { workers: 1 } })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ask = async (): Promise<[number | undefined, boolean]> => {
      const sent = get(`${kept.url}/healthz`, { agent })
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      await text(response)
      return [response.statusCode, sent.reusedSocket]
    }
    try {
      expect([await ask(), await ask()]).toEqual([
        [200, false],
        [200, true],
      ])
    } finally {
      await kept.close()
      agent.destroy()
    }
  })

  it('needs no token if none is set, and frees its port', async () => {
    const open = await startRewardServer()
    expect((await post(open.url, request)).status).toBe(200)
    await open.close()
    await expect(fetch(`${open.url}/healthz`)).rejects.toThrow('fetch failed')
  })
})

describe('the reward server with a rule that hangs or dies', () => {
  it('answers the other rows, keeps the part of the reward for the format, and counts the row', async () => {
    const entry = new URL('fake-verifier-process.ts', import.meta.url)
    const server = await startRewardServer({ pool: { workers: 1, entry } })
    try {
      const formatted = (thought: string): string => `<think>${thought}</think>So<answer>1</answer>`
      const rows = ['1', formatted('FAKE-HANG'), formatted('a'), 'FAKE-EXIT', 'FAKE-THROW', '1'].map((answer, i) => ({
        id: `r${i}`,
        gold: '1',
        answer,
      }))
      const body: unknown = await (await post(server.url, { reward: { name: 'weighted' }, items: rows })).json()
      const { scores } = reply.parse(body)
      expect(scores.map((s) => [s.id, s.verdict, s.overall])).toEqual([
        ['r0', 'correct', 0.7],
        ['r1', 'unverifiable', 0.3],
        ['r2', 'correct', 1],
        ['r3', 'unverifiable', 0],
        ['r4', 'unverifiable', 0],
        ['r5', 'correct', 0.7],
      ])
      const metrics = await (await fetch(`${server.url}/metrics`)).text()
      for (const cause of ['hung', 'crashed', 'threw']) {
        expect(metrics).toContain(`hone_reward_killed_rows_total{cause="${cause}"} 1\n`)
      }
      expect(metrics).toContain('hone_reward_respawns_total 2\n')
    } finally {
      await server.close()
    }
  })
})

describe('the reward server as a process', () => {
  const entry = fileURLToPath(new URL('../../verifier/serve/reward-server-main.ts', import.meta.url))
  const start = async (token: string) => {
    const child = fork(entry, ['--port', '0'], {
      execArgv: ['--import', 'tsx'],
      env: { ...process.env, HONE_REWARD_TOKEN: token },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer]
    return { child, ready: z.object({ ready: z.literal(true), url: z.url() }).parse(JSON.parse(String(line))) }
  }

  it('takes the token from the environment and ends at SIGTERM', async () => {
    const { child, ready } = await start('a-token-of-the-third-test')
    expect((await post(ready.url, request)).status).toBe(401)
    expect((await post(ready.url, request, 'a-token-of-the-third-test')).status).toBe(200)
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
  })

  it('ends when its parent goes away', async () => {
    const { child } = await start('a-token-of-the-fourth-test')
    const exited = once(child, 'exit')
    child.disconnect()
    expect(await exited).toEqual([0, null])
  })
})
