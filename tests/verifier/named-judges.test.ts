import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { judgeIdOf, readJudgeFile, writeJudgeFile } from '../../verifier/judge/judge-file.ts'
import type { JudgeFile } from '../../verifier/judge/judge-file.ts'
import { openNamedJudges } from '../../verifier/serve/named-judges.ts'
import type { NamedJudges } from '../../verifier/serve/named-judges.ts'
import { startRewardServer } from '../../verifier/serve/reward-server.ts'
import type { RewardServer } from '../../verifier/serve/reward-server.ts'
import { FakeEndpoint } from '../models/fake-endpoint.ts'

const key = 's3cret-of-this-test'
/** The reward `weighted` of an answer in good form that the judge calls mostly right. */
const mostlyRight = 0.7 * 0.5 + 0.3
let folder: string
let mild: FakeEndpoint
let harsh: FakeEndpoint
let judges: NamedJudges
let server: RewardServer

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-judges-'))
  mild = await new FakeEndpoint().start()
  mild.reply = () => 'Close.\ntier: mostly'
  harsh = await new FakeEndpoint().start()
  harsh.reply = () => 'Not at all.\ntier: incorrect'
  judges = openNamedJudges(folder, { MILD_KEY: key })
  server = await startRewardServer({ judges, pool: { workers: 1 } })
})
afterEach(async () => {
  await server.close()
  await judges.close()
  await Promise.all([mild.stop(), harsh.stop()])
  await rm(folder, { recursive: true, force: true })
})

const fileOf = (endpoint: FakeEndpoint, more: Partial<JudgeFile> = {}): JudgeFile => ({
  url: endpoint.url,
  model: 'fake-model',
  timeoutSeconds: 5,
  concurrency: 4,
  ...more,
})

async function named(judge: JudgeFile): Promise<string> {
  const id = judgeIdOf(judge)
  await writeJudgeFile(folder, id, judge)
  return id
}

const open = {
  id: 'r1',
  gold: 'a brown dog runs after a red ball on the wet lawn',
  answer: '<think>hm</think> So: <answer>some animal is running across a garden</answer>',
  kind: 'text',
  question: 'What happens in the picture?',
}
const ask = (items: unknown[], judge?: unknown): Promise<Response> =>
  fetch(`${server.url}/v1/score`, {
    method: 'POST',
    body: JSON.stringify({ reward: { name: 'weighted', judge }, items }),
  })

const reply = z.object({
  scores: z.array(z.object({ overall: z.number(), verdict: z.string(), judged: z.unknown().optional() })),
})
const scoresOf = async (response: Response) => reply.parse(await response.json()).scores
const metrics = async (): Promise<string> => (await fetch(`${server.url}/metrics`)).text()

describe('a judge that a request names', () => {
  it('is asked with its own key for the requests that name it, and all judges are counted together', async () => {
    const [kind, strict] = [await named(fileOf(mild, { apiKeyEnv: 'MILD_KEY' })), await named(fileOf(harsh))]
    const answers = await Promise.all([ask([open], kind), ask([open], strict), ask([open], kind)])
    const overall = await Promise.all(answers.map(async (answer) => (await scoresOf(answer)).map((s) => s.overall)))
    expect(overall).toEqual([[mostlyRight], [0.3], [mostlyRight]])
    expect(mild.authorizations).toEqual([`Bearer ${key}`])
    expect(harsh.authorizations).toEqual([undefined])
    expect(await metrics()).toMatch(/^hone_reward_judge_rows_total 3$/m)
    expect(await metrics()).toMatch(/^hone_reward_judge_asked_total 2$/m)
    expect(await metrics()).toMatch(/^hone_reward_judge_cached_total 1$/m)
  })

  it('is opened again when its file has another address, and remembers its replies until then', async () => {
    const id = await named(fileOf(mild))
    for (const _ of [1, 2]) expect(await scoresOf(await ask([open], id))).toMatchObject([{ overall: mostlyRight }])
    expect(mild.requests).toHaveLength(1)
    await writeJudgeFile(folder, id, fileOf(harsh))
    expect(await scoresOf(await ask([open], id))).toMatchObject([{ overall: 0.3 }])
    expect(harsh.requests).toHaveLength(1)
  })

  it('must have a file, whether or not a row needs it', async () => {
    const response = await ask([{ id: 'r1', gold: '3', answer: '3' }], 'judge-0123')
    expect(response.status).toBe(400)
    expect(await response.text()).toMatch(/no judge \\"judge-0123\\".*resume the campaign.*--judges/s)
  })

  it('makes the client ask again while its file cannot be read, because a refusal would end the training', async () => {
    // A folder at the path of the file acts like a failing disk or a process out of file handles.
    await mkdir(join(folder, 'judge-0123.json'))
    const response = await ask([open], 'judge-0123')
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await response.text()).toMatch(/judge \\"judge-0123\\" cannot be read.*EISDIR/)
    expect(await metrics()).toMatch(/^hone_reward_errors_total\{.*503.*\} 1$/m)
  })

  it.each(['../../../etc/passwd', 'short', 'Judge-0123', 'judge-01/23', 'judge-0123.json', '', 'j'.repeat(65), 5])(
    'is never a path or an address: %j',
    async (judge) => {
      const response = await ask([open], judge)
      expect(response.status).toBe(400)
      expect(await response.text()).toContain('reward.judge')
    },
  )

  it('is refused when its file is broken, without a word of the file', async () => {
    await writeFile(join(folder, 'judge-0123.json'), `{"url": "${key}"`)
    const response = await ask([open], 'judge-0123')
    expect(response.status).toBe(400)
    const text = await response.text()
    expect(text).toContain('not usable')
    expect(text).not.toContain(key)
  })

  it('fails with an error that names the judge when it refuses every case or its key is not set', async () => {
    mild.misbehave = () => ({ status: 401 })
    for (const file of [fileOf(mild, { apiKeyEnv: 'MILD_KEY' }), fileOf(mild, { apiKeyEnv: 'NO_SUCH_KEY' })]) {
      const response = await ask([open], await named(file))
      expect(response.status).toBe(502)
      const body = z.object({ error: z.string(), code: z.string() }).parse(await response.json())
      expect(body.code).toBe('judge-refuses')
      expect(body.error).toContain(file.apiKeyEnv ?? '')
      expect(body.error).not.toContain(key)
    }
  })

  it('is unknown to a server that was started without a folder of judges', async () => {
    const bare = await startRewardServer({ pool: { workers: 1 } })
    try {
      const body = JSON.stringify({ reward: { name: 'accuracy', judge: 'judge-0123' }, items: [open] })
      const response = await fetch(`${bare.url}/v1/score`, { method: 'POST', body })
      expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('--judges')])
    } finally {
      await bare.close()
    }
  })
})

describe('who rewards a row', () => {
  it('keeps rows for rules from the judge, and sends it all other rows', async () => {
    const id = await named(fileOf(mild))
    const ruled = { ...open, id: 'ruled', reward: 'rule' }
    const right = { id: 'right', gold: '3', answer: '3', reward: 'judge', question: 'How many?' }
    const scores = await scoresOf(await ask([ruled, { ...open, reward: 'judge' }, right, open], id))
    expect(scores).toMatchObject([
      { overall: 0.3, verdict: 'unverifiable', judged: { abstained: 'rule-only' } },
      { overall: mostlyRight, judged: { tier: 'mostly' } },
      { overall: 0.7, verdict: 'correct' },
      { overall: mostlyRight, judged: { tier: 'mostly' } },
    ])
    expect(scores[2]?.judged).toBeUndefined()
    expect(mild.requests).toHaveLength(1)
    expect(await metrics()).toMatch(/^hone_reward_judge_rows_total 2$/m)
  })

  it('is reported with a reason for a row for the judge that no judge can be asked about', async () => {
    const row = { ...open, reward: 'judge' }
    const scores = await scoresOf(await ask([row, { ...row, question: undefined }, open]))
    expect(scores.map(({ overall, judged }) => [overall, judged])).toEqual([
      [0.3, { abstained: 'no-judge' }],
      [0.3, { abstained: 'no-question' }],
      [0.3, undefined],
    ])
  })

  it('is refused with the row’s id when it is unknown', async () => {
    const response = await ask([{ ...open, reward: 'me' }])
    expect(response.status).toBe(400)
    expect(await response.text()).toMatch(/r1.*reward.*rule, judge/s)
  })
})

describe('the file of a judge', () => {
  it('is named after the endpoint in the recipe, so that another port keeps the name', async () => {
    const spec = { ...fileOf(mild), url: 'demo:teacher' }
    const id = judgeIdOf(spec)
    expect(id).toMatch(/^[a-z0-9-]{8,64}$/)
    expect(judgeIdOf({ ...spec })).toBe(id)
    for (const change of [{ model: 'other' }, { apiKeyEnv: 'K' }, { concurrency: 5 }, { url: 'https://a.example/v1' }])
      expect(judgeIdOf({ ...spec, ...change })).not.toBe(id)
  })

  it('is written whole and once, readable by its owner only, and leaves no other file', async () => {
    const inner = join(folder, 'services', 'judges')
    await Promise.all([1, 2, 3].map(() => writeJudgeFile(inner, 'judge-0123', fileOf(mild))))
    const { mtimeMs, mode } = await stat(join(inner, 'judge-0123.json'))
    expect(mode & 0o077).toBe(0)
    await writeJudgeFile(inner, 'judge-0123', fileOf(mild))
    expect((await stat(join(inner, 'judge-0123.json'))).mtimeMs).toBe(mtimeMs)
    expect(await readdir(inner)).toEqual(['judge-0123.json'])
    expect((await readJudgeFile(inner, 'judge-0123')).judge).toEqual(fileOf(mild))
    expect(await readFile(join(inner, 'judge-0123.json'), 'utf8')).not.toContain(key)
  })
})
