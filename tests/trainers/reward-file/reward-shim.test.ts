import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startRewardServer } from '../../../verifier/serve/reward-server.ts'
import type { RewardServer } from '../../../verifier/serve/reward-server.ts'
import { packGroundTruth } from '../../../trainers/reward-file/ground-truth.ts'
import { rewardShim } from '../../../trainers/reward-file/reward-shim.ts'
import type { ShimOptions } from '../../../trainers/reward-file/reward-shim.ts'
import { shimTrainers } from '../../../trainers/reward-file/registry.ts'
import type { ShimTrainer } from '../../../trainers/reward-file/registry.ts'
import { FakeFront } from './fake-front.ts'
import { callShim } from './python-shim.ts'
import type { ShimCall, ShimOutcome } from './python-shim.ts'

const TOKEN = 's3cret-of-this-test'
let server: RewardServer
let front: FakeFront
let folder: string

beforeAll(async () => {
  server = await startRewardServer({ token: TOKEN })
})
afterAll(() => server.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-shim-'))
  front = await new FakeFront(server.url).start()
})
afterEach(async () => {
  await front.stop()
  await rm(folder, { recursive: true, force: true })
})

const rows = [
  { id: 'r1', gold: '3', kind: 'number' as const },
  { id: 'r2', gold: '0.333', kind: 'number' as const, precision: 2 },
  { id: 'r2', gold: 'B', kind: 'choice' as const, choices: ['two', 'three'] },
  { id: 'r3', gold: '{"hone": "this is no row"}', kind: 'text' as const, policy: { ocr: 'exact' as const } },
]
const completions = ['3', '0.33', 'A', '{"hone": "this is no row"}'].map(
  (answer) => `<think>so</think> Hence. <answer>${answer}</answer>`,
)
const rewards = [1, 1, 0.3, 1]

const options = (changes: Partial<ShimOptions> = {}): ShimOptions => ({
  url: front.url,
  rewardName: 'weighted',
  tokenEnv: 'REWARD_TOKEN_OF_THIS_TEST',
  onFailure: 'zero',
  timeoutSeconds: 10,
  retries: 2,
  ...changes,
})
const calls: [ShimCall, ShimTrainer][] = [
  ...shimTrainers.map((name) => [name, name] as [ShimTrainer, ShimTrainer]),
  ['verl-batch', 'verl'],
]

/** Columns of a TRL data set; the other trainers get packed texts. */
const columns = rows.map(({ gold, ...row }) => ({
  ...row,
  answer: gold,
  ...('policy' in row && { policy: JSON.stringify(row.policy) }),
}))

function call(
  how: ShimCall,
  changes: Partial<ShimOptions> = {},
  env: Record<string, string> = { REWARD_TOKEN_OF_THIS_TEST: TOKEN },
): Promise<ShimOutcome> {
  const trainer = how === 'verl-batch' ? 'verl' : how
  const given = how === 'trl' ? columns : rows.map(packGroundTruth)
  return callShim(folder, rewardShim(trainer, options(changes)), how, [given, completions], env)
}

/** The numbers that a trainer optimises, in whatever shape it gets them. */
function numbersOf({ outcome }: ShimOutcome): unknown[] {
  const value = 'value' in outcome ? outcome.value : outcome.message
  if (Array.isArray(value))
    return value.map((each: unknown) =>
      typeof each === 'object' && each !== null
        ? 'overall' in each
          ? each.overall
          : 'score' in each && each.score
        : each,
    )
  if (typeof value === 'object' && value !== null && 'rewards' in value && Array.isArray(value.rewards))
    return value.rewards
  return [value]
}

describe('a shim called with its trainer’s signature', () => {
  it.each(calls)('%s: gives the verifier’s rewards in order', async (how) => {
    const said = await call(how)
    expect(numbersOf(said)).toEqual(rewards)
    expect(said.counted).toEqual([])
    expect(said.stderr).toBe('')
  })

  it('gives EasyR1 and verl the parts as numbers of the same keys', async () => {
    const parts = { accuracy: 0, format: 1, failed: 0 }
    expect((await call('easyr1')).outcome).toMatchObject({ value: [{}, {}, { overall: 0.3, ...parts }, {}] })
    expect((await call('verl')).outcome).toMatchObject({
      value: [{}, {}, { score: 0.3, acc: 0, format: 1, failed: 0 }, {}],
    })
  })

  it('sends a verl row without an id under its index, and a plain text as the reference', async () => {
    const shim = rewardShim('verl', options())
    const said = await callShim(folder, shim, 'verl', [['3'], [completions[0]]], { REWARD_TOKEN_OF_THIS_TEST: TOKEN })
    expect(numbersOf(said)).toEqual([1])
    expect(front.bodies[0]?.items[0]).toMatchObject({ id: '0#0', gold: '3' })
  })

  it('tells TRL what failed and what the verifier abstained from', async () => {
    expect((await call('trl')).outcome).toMatchObject({
      value: { logged: { 'reward/failed': 0, 'reward/abstained': 0 } },
    })
  })

  it('leaves a completion out in TRL that the server abstains from, gives others 0, and counts it', async () => {
    const scores = rows.map(({ id }, place) => ({ id: `${id}#${place}`, overall: place === 1 ? null : 1, parts: {} }))
    front.fault = () => ({ body: JSON.stringify({ scores }) })
    const trl = await call('trl')
    expect(numbersOf(trl)).toEqual([1, null, 1, 1])
    expect(trl.counted).toMatchObject([{ event: 'abstained', items: 1, trainer: 'trl' }])
    expect(numbersOf(await call('easyr1'))).toEqual([1, 0, 1, 1])
  })

  it('cuts many completions into requests that the server takes', async () => {
    const many = Array.from({ length: 1500 }, (_, index) => ({ id: `m${index}`, answer: String(index % 2) }))
    const texts = many.map(() => '<answer>1</answer>')
    const shim = rewardShim('trl', options({ rewardName: 'accuracy' }))
    const said = await callShim(folder, shim, 'trl', [many, texts], { REWARD_TOKEN_OF_THIS_TEST: TOKEN })
    expect(numbersOf(said)).toEqual(many.map((_, index) => index % 2))
    expect(front.bodies.map((body) => body.items.length)).toEqual([1024, 476])
  })
})

describe('a server in trouble', () => {
  it.each(calls)('%s: recovers from two errors of the server by asking again', async (how) => {
    front.fault = (request) => (request <= 2 ? { status: 500 } : undefined)
    const said = await call(how)
    expect(numbersOf(said)).toEqual(rewards)
    expect(said.counted).toEqual([])
  })

  it.each(calls)('%s: a server that is away is scored 0 and counted', async (how, trainer) => {
    const said = await call(how, { url: 'http://127.0.0.1:1', retries: 1 })
    expect(numbersOf(said)).toEqual([0, 0, 0, 0])
    const event = { event: 'failed', did: 'zero', attempts: 2, trainer, reward: 'weighted' }
    const items = how === 'verl' ? [1, 1, 1, 1] : [4]
    expect(said.counted).toMatchObject(items.map((count) => ({ ...event, items: count })))
    expect(said.stderr).toContain('ConnectionRefusedError')
  })

  it('TRL abstains where the recipe says so', async () => {
    front.fault = () => ({ status: 503 })
    const said = await call('trl', { onFailure: 'abstain', retries: 0 })
    expect(numbersOf(said)).toEqual([null, null, null, null])
    expect(said.outcome).toMatchObject({ value: { logged: { 'reward/failed': 4, 'reward/abstained': 0 } } })
    expect(said.counted).toMatchObject([{ event: 'failed', did: 'abstain', items: 4, reason: 'HTTP 503' }])
  })

  it.each([
    ['never answers', { hang: true }, /timed? ?out/i],
    ['drips', { drip: true }, /no whole reply within 0\.4 s/],
    ['cuts the connection', { cut: true }, /RemoteDisconnected|ConnectionReset/],
    ['answers something else', { body: '<html>' }, /no scores/],
    ['scores other items', { body: '{"scores":[{"id":"x","overall":1}]}' }, /other items/],
  ])('a server that %s is given up on, with the reason', async (_, fault, reason) => {
    front.fault = () => fault
    const said = await call('easyr1', { timeoutSeconds: 0.4, retries: 0 })
    expect(said.outcome).toMatchObject({ value: rows.map(() => ({ overall: 0, failed: 1 })) })
    expect(said.counted).toMatchObject([{ reason: expect.stringMatching(reason) as unknown, items: 4 }])
  })

  it('counts in the file that the environment names, and trains on where it cannot', async () => {
    front.fault = () => ({ status: 500 })
    const env = { REWARD_TOKEN_OF_THIS_TEST: TOKEN, HONE_REWARD_FAILURES: join(folder, 'elsewhere.jsonl') }
    expect((await call('swift', { retries: 0 }, env)).counted).toHaveLength(1)
    const nowhere = await call(
      'swift',
      { retries: 0 },
      { ...env, HONE_REWARD_FAILURES: join(folder, 'no', 'such.jsonl') },
    )
    expect(numbersOf(nowhere)).toEqual([0, 0, 0, 0])
    expect(nowhere.stderr).toContain('cannot write the line')
  })
})

describe('what no retry can mend', () => {
  it.each(calls)('%s: a wrong token stops the training at once, and is not shown', async (how) => {
    const said = await call(how, {}, { REWARD_TOKEN_OF_THIS_TEST: 'wrong-token' })
    expect(said.outcome).toMatchObject({
      error: 'RewardRefused',
      message: expect.stringMatching(/refused.*401/s) as unknown,
    })
    expect(JSON.stringify(said)).not.toContain('wrong-token')
    expect(front.bodies).toHaveLength(1)
  })

  it('a variable that is not set stops it before anything is sent', async () => {
    const said = await call('trl', {}, {})
    expect(said.outcome).toMatchObject({ message: expect.stringContaining('REWARD_TOKEN_OF_THIS_TEST') as unknown })
    expect(front.bodies).toHaveLength(0)
  })

  it('a redirect is refused: it would carry the token away', async () => {
    front.fault = () => ({ status: 302, headers: { location: 'http://127.0.0.1:1/' } })
    expect((await call('verl-batch')).outcome).toMatchObject({ error: 'RewardRefused' })
  })

  it.each(['easyr1', 'verl', 'swift'] as const)('%s cannot abstain, and says so when it is planned', (trainer) => {
    expect(() => rewardShim(trainer, options({ onFailure: 'abstain' }))).toThrow(/no missing reward/)
  })

  it.each([
    [{ url: 'ftp://host' }, /no URL/],
    [{ url: 'http://user:pw@host' }, /holds a secret/],
    [{ tokenEnv: 's3cret value' }, /environment variable/],
    [{ timeoutSeconds: 0 }, /cannot wait/],
    [{ retries: 1.5 }, /cannot wait/],
  ])('refuses %j', (changes, message) => {
    expect(() => rewardShim('trl', options(changes))).toThrow(message)
  })
})

describe('the generated file', () => {
  it('has the same bytes for the same options, and its text survives every character', () => {
    const url = 'http://host:1/pfad-ü"\\'
    expect(rewardShim('trl', options({ url }))).toBe(rewardShim('trl', options({ url })))
    expect(rewardShim('trl', options({ url }))).toContain(`URL = ${JSON.stringify(url)}`)
  })

  it('begins with the reward client of hone_trainer, word for word', async () => {
    const client = await readFile(new URL('../../../trainer/hone_trainer/reward_client.py', import.meta.url), 'utf8')
    for (const trainer of shimTrainers) expect(rewardShim(trainer, options())).toContain(client)
  })

  it('imports the standard library alone, and its trainer', () => {
    for (const trainer of shimTrainers) {
      const imports = [...rewardShim(trainer, options()).matchAll(/^\s*(?:import|from) ([\w.]+)/gm)].map(
        (found) => found[1],
      )
      const known = ['__future__', 'concurrent.futures', 'http.client', 'json', 'os', 'sys', 'threading', 'time']
      known.push('typing', 'urllib.error', 'urllib.request')
      expect(imports.filter((name) => !known.includes(name ?? ''))).toEqual(
        trainer === 'swift' ? ['swift.rewards', 'swift.plugin'] : [],
      )
    }
  })
})
