import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { bringUpPython } from '../../../services/python.ts'
import { readScoreRequest } from '../../../verifier/serve/score-request.ts'
import { rewardShim } from '../../../trainers/reward-file/reward-shim.ts'
import { exportTo, pictureStore } from '../../data/export/export-world.ts'

const minutes = 60_000
const scored = z.object({ items: z.array(z.looseObject({ id: z.string() })) })
const row = z.looseObject({ id: z.string(), images: z.array(z.tuple([z.number(), z.number()])) })
const answer = z.object({
  images: z.record(z.string(), z.string()),
  rows: z.record(z.string(), z.array(row)),
  sft: z.object({ loss: z.number(), pictures: z.number(), learned: z.array(z.string()) }),
  grpo: z.object({ reward: z.number() }),
})

let home: string
let server: Server
/** The items that the reward file sent. */
const items: Record<string, unknown>[] = []
let read: z.infer<typeof answer>

/** Gives every completion the score 0.5. */
async function scoreAll(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await json(request)
  const asked = scored.parse(body)
  items.push(...asked.items)
  // The real server must accept the request, too.
  readScoreRequest(Buffer.from(JSON.stringify(body)))
  response.end(JSON.stringify({ scores: asked.items.map(({ id }) => ({ id, overall: 0.5, parts: {} })) }))
}

async function fakeRewardServer(): Promise<{ server: Server; url: string }> {
  const made = createServer((request, response) => void scoreAll(request, response))
  await new Promise<void>((resolve) => void made.listen(0, '127.0.0.1', resolve))
  const address = made.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { server: made, url: `http://127.0.0.1:${address.port}` }
}

beforeAll(async () => {
  const python = await bringUpPython()
  home = mkdtempSync(join(tmpdir(), 'hone-loaders-'))
  const store = await pictureStore(join(home, 'store'))
  await exportTo(store, { to: 'trl', kind: 'sft', output: join(home, 'sft') })
  await exportTo(store, { to: 'trl', kind: 'rl', output: join(home, 'rl') })
  await exportTo(store, { to: 'hf-parquet', output: join(home, 'rows') })
  const fake = await fakeRewardServer()
  server = fake.server
  const shim = rewardShim('trl', {
    url: fake.url,
    rewardName: 'accuracy',
    tokenEnv: null,
    onFailure: 'abstain',
    timeoutSeconds: 20,
    retries: 0,
  })
  writeFileSync(join(home, 'hone_reward.py'), shim)
  const script = fileURLToPath(new URL('trl_loaders.py', import.meta.url))
  const { stdout } = await promisify(execFile)(python.python, [script, home], {
    env: { ...process.env, ...python.env, PYTHONDONTWRITEBYTECODE: '1' },
    maxBuffer: 64 * 1024 * 1024,
  })
  read = answer.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''))
}, 15 * minutes)
afterAll(() => {
  server.close()
  rmSync(home, { recursive: true, force: true })
})

it('datasets decodes the pictures of every export, by the files and by the card', () => {
  expect(Object.keys(read.images).sort()).toEqual(['rl', 'rows', 'sft'])
  for (const feature of Object.values(read.images)) expect(feature).toContain('Image(')
  const sizes = (name: string) => read.rows[name]?.slice(0, 3).map(({ images }) => images)
  for (const name of ['sft', 'rl', 'rows'])
    expect(sizes(name)).toEqual([
      [[56, 56]],
      [[84, 56]],
      [
        [56, 56],
        [84, 56],
      ],
    ])
})

it('datasets reads every field of a row as it was', () => {
  expect(read.rows['rl']?.[2]).toMatchObject({
    id: 'pair',
    prompt: [{ role: 'user', content: 'How much wider is the second? Think first.' }],
    answer: '1.50',
    precision: 2,
    choices: null,
    policy: '{"percent":"strict","width":84}',
    reward: null,
  })
  expect(read.rows['rows']?.[1]).toMatchObject({
    id: 'choice',
    origin: 'from-source',
    choices: ['blue', 'it’s red'],
    verdict: 'correct',
    metadata: '{"abilities":["recognition"],"nested":{"deep":[1,null,"x"]},"reward":"rule","source":"colours"}',
  })
})

it("TRL's SFTTrainer trains on it, with every picture, and learns the replies alone", () => {
  expect(read.sft.loss).toBeGreaterThan(0)
  expect(read.sft.pictures).toBe(5)
  expect(read.sft.learned).toHaveLength(4)
  for (const learned of read.sft.learned) {
    expect(learned).not.toContain('Think first')
    expect(learned).toMatch(/<answer>3<\/answer>|It is red\./)
  }
})

it("TRL's GRPOTrainer trains on it, and its reward file sends what the reward server asks for", () => {
  expect(read.grpo.reward).toBeCloseTo(0.5)
  const pair = items.find((item) => String(item['id']).startsWith('pair#'))
  expect(pair).toMatchObject({ gold: '1.50', precision: 2, policy: { percent: 'strict', width: 84 }, kind: 'number' })
  expect(pair?.['question']).toBe('How much wider is the second?')
  const choice = items.find((item) => String(item['id']).startsWith('choice#'))
  expect(choice).toMatchObject({ gold: 'A', choices: ['blue', 'it’s red'], reward: 'rule' })
})
