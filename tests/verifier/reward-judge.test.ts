import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { judgeFromEnv } from '../../verifier/judge/open-judge.ts'
import type { OpenJudge } from '../../verifier/judge/open-judge.ts'
import { startRewardServer } from '../../verifier/serve/reward-server.ts'
import type { RewardServer } from '../../verifier/serve/reward-server.ts'
import { FakeEndpoint, lastText } from '../models/fake-endpoint.ts'

let endpoint: FakeEndpoint
let open: OpenJudge
let server: RewardServer

beforeEach(async () => {
  endpoint = await new FakeEndpoint().start()
  endpoint.reply = (request) => {
    const answer = /<answer-\w+>\n([\s\S]*)\n<\/answer-/.exec(lastText(request))?.[1] ?? ''
    return `Looked at.\ntier: ${answer.includes('run') ? 'mostly' : answer.includes('?') ? 'cannot-tell' : 'incorrect'}`
  }
})
afterEach(async () => {
  await server.close()
  await open.close()
  await endpoint.stop()
})

async function start(more: Parameters<typeof judgeFromEnv>[1] = {}): Promise<void> {
  const env = { HONE_JUDGE_URL: endpoint.url, HONE_JUDGE_MODEL: 'fake-model' }
  const found = judgeFromEnv(env, more)
  if (found === null) throw new Error('there is a judge in the environment')
  open = found
  server = await startRewardServer({ judge: open.judge, pool: { workers: 1 } })
}

const ask = (items: unknown[], url = server.url, name = 'weighted'): Promise<Response> =>
  fetch(`${url}/v1/score`, { method: 'POST', body: JSON.stringify({ reward: { name }, items }) })

const reply = z.object({
  scores: z.array(
    z.object({
      id: z.string(),
      overall: z.number(),
      parts: z.object({ accuracy: z.number(), format: z.number() }),
      verdict: z.string(),
      reason: z.string(),
      judged: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
})
const scoresOf = async (response: Response) => reply.parse(await response.json()).scores
const metrics = async (): Promise<string> => (await fetch(`${server.url}/metrics`)).text()

const gold = 'a brown dog runs after a red ball on the wet lawn'
const free = (id: string, said: string) => ({
  id,
  gold,
  answer: `<think>hm</think> So: <answer>${said}</answer>`,
  kind: 'text',
  question: 'What happens in the picture?',
})
const ruled = { id: 'ruled', gold: '3', answer: '<answer>4</answer>', question: 'How many?' }

describe('the reward server with a judge', () => {
  it('uses the judge’s score as the accuracy of rows that rules leave open, in the order of the rows', async () => {
    await start()
    const items = [
      ruled,
      free('a', 'some animal is running across a garden'),
      { ...ruled, id: 'right', answer: '3' },
      free('b', 'nothing that anybody could name goes on there'),
      free('c', 'who could say what that is meant to be?'),
      { ...free('d', 'some animal is running across a garden'), question: undefined },
    ]
    const scores = await scoresOf(await ask(items))
    expect(scores.map(({ id, verdict, overall }) => [id, verdict, overall])).toEqual([
      ['ruled', 'incorrect', 0],
      ['a', 'unverifiable', 0.7 * 0.5 + 0.3],
      ['right', 'correct', 0.7],
      ['b', 'unverifiable', 0.3],
      ['c', 'unverifiable', 0.3],
      ['d', 'unverifiable', 0.3],
    ])
    expect(scores.map(({ judged }) => judged)).toEqual([
      undefined,
      { tier: 'mostly', score: 0.5, version: open.judge.version },
      undefined,
      { tier: 'incorrect', score: 0, version: open.judge.version },
      { abstained: 'cannot-tell' },
      undefined,
    ])
    expect(endpoint.requests).toHaveLength(3)
    expect(await metrics()).toMatch(/^hone_reward_judge_asked_total 3$/m)
    expect(await metrics()).toMatch(/^hone_reward_judge_abstained_total 1$/m)
  })

  it('does not ask the judge again about a judged answer', async () => {
    await start()
    const items = [free('a', 'some animal is running across a garden')]
    const texts = [await (await ask(items)).text(), await (await ask(items)).text()]
    expect(texts[0]).toBe(texts[1])
    expect(endpoint.requests).toHaveLength(1)
    expect(await metrics()).toMatch(/^hone_reward_judge_cached_total 1$/m)
  })

  it('shows the judge the whole answer and no reasoning', async () => {
    await start()
    const long = `${'it starts out slowly and then '.repeat(60)}it runs`
    const [score] = await scoresOf(await ask([free('a', long)]))
    expect(score?.judged).toMatchObject({ tier: 'mostly' })
    const text = endpoint.requests.map(lastText).join('')
    expect(text).toContain(long)
    expect(text).toContain('What happens in the picture?')
    expect(text).not.toContain('hm')
  })

  it('delays no other request while the judge thinks', async () => {
    await start()
    let isAnswered = false
    endpoint.misbehave = () => ({ hang: true })
    const gone = new AbortController()
    const slow = fetch(`${server.url}/v1/score`, {
      method: 'POST',
      body: JSON.stringify({ reward: { name: 'accuracy' }, items: [free('a', 'it is running across a garden')] }),
      signal: gone.signal,
    }).then(
      () => (isAnswered = true),
      () => undefined,
    )
    await expect.poll(() => endpoint.requests.length).toBe(1)
    expect(await scoresOf(await ask([ruled]))).toMatchObject([{ verdict: 'incorrect' }])
    expect(await metrics()).toMatch(/^hone_reward_body_bytes 0$/m)
    expect(isAnswered).toBe(false)
    gone.abort()
    await slow
    await expect.poll(metrics).toMatch(/^hone_reward_errors_total\{reason="client-gone"\} 1$/m)
  })

  it('gives up a judge that is too slow, and reports it', async () => {
    await start({ timeoutSeconds: 0.2 })
    endpoint.misbehave = () => ({ hang: true })
    const [score] = await scoresOf(await ask([free('a', 'it is running across a garden')]))
    expect(score).toMatchObject({ overall: 0.3, judged: { abstained: 'timeout' } })
  })

  it('answers many open rows, in order', async () => {
    await start({ concurrency: 64 })
    const items = Array.from({ length: 200 }, (_, i) =>
      free(`r${i}`, `${i % 2 === 0 ? 'it runs over' : 'it sleeps on'} the grass near number ${i}`),
    )
    const scores = await scoresOf(await ask(items, server.url, 'accuracy'))
    expect(scores.map(({ id, overall }) => [id, overall])).toEqual(items.map(({ id }, i) => [id, i % 2 ? 0 : 0.5]))
  })

  it('fails with an error when the judge refuses every case', async () => {
    await start()
    endpoint.misbehave = () => ({ status: 401 })
    const response = await ask([free('a', 'it is running across a garden')])
    expect(response.status).toBe(502)
    expect(await response.text()).toContain('401')
  })

  it('refuses a question that is not text, with the row', async () => {
    await start()
    const response = await ask([{ ...ruled, question: 5 }])
    expect(response.status).toBe(400)
    expect(await response.text()).toMatch(/ruled.*question/)
  })

  it('runs as a process with the judge of the environment', async () => {
    await start()
    const entry = fileURLToPath(new URL('../../verifier/serve/reward-server-main.ts', import.meta.url))
    const env = {
      ...process.env,
      HONE_JUDGE_URL: endpoint.url,
      HONE_JUDGE_MODEL: 'fake-model',
      HONE_JUDGE_KEY: 'k-judge',
    }
    const child = fork(entry, ['--no-token'], {
      execArgv: ['--import', 'tsx'],
      env,
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer]
    const { url } = z.object({ url: z.url() }).parse(JSON.parse(String(line)))
    const scores = await scoresOf(await ask([free('a', 'some animal is running across a garden')], url))
    expect(scores).toMatchObject([{ judged: { tier: 'mostly' } }])
    expect(endpoint.authorizations).toEqual(['Bearer k-judge'])
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
  })
})
