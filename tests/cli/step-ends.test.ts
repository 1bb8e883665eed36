import { existsSync, readFileSync } from 'node:fs'
import { stringify } from 'yaml'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeEndpoint, lastText } from '../models/fake-endpoint.ts'
import { described, reasonArguments } from './step-parts.ts'
import { StepFolder } from './step-world.ts'
import { hone } from './terminal.ts'

let folder: StepFolder
let endpoint: FakeEndpoint
let other: FakeEndpoint
beforeEach(async () => {
  folder = new StepFolder()
  endpoint = await new FakeEndpoint().start()
  other = await new FakeEndpoint().start()
})
afterEach(async () => {
  await endpoint.stop()
  await other.stop()
  folder.remove()
})

const one = ['--set', 'samples=1']
const reasoned = (at: FakeEndpoint, changes: readonly string[] = []) =>
  reasonArguments(folder, at, [...one, ...changes])

/** The arguments for an endpoint as in a recipe. */
function reasonedBy(spec: object, changes: readonly string[] = []): string[] {
  const file = folder.write(
    'endpoints.yaml',
    stringify({ endpoint: { url: endpoint.url, model: 'fake-model', ...spec } }),
  )
  const files = ['--input', folder.at('in.jsonl'), '--output', folder.at('out.jsonl'), '--endpoints', file]
  return ['step', 'reason', ...files, ...one, ...changes]
}

const error = (status: number, message: string, code: string | null = null) => ({
  status,
  body: JSON.stringify({ error: { message, code } }),
})

/** The rows on record, done or failed. */
const recorded = (): number => {
  const path = `${folder.at('out.jsonl')}.hone/rows.jsonl`
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean).length : 0
}

describe('a server that refuses every row', () => {
  it.each([
    ['a field', error(400, "Unsupported parameter: 'top_p' is not supported with this model.")],
    ['an empty account', error(429, 'You exceeded your current quota.', 'insufficient_quota')],
    ['a bill', error(402, 'Insufficient Balance')],
    ['a model', error(404, 'The model `fake-model` does not exist.', 'model_not_found')],
    ['a key', error(401, 'Incorrect API key provided.', 'invalid_api_key')],
    ['an unclear reason', error(400, 'The flux is uncalibrated.')],
    ['a redirect', { status: 308, headers: { location: 'https://elsewhere.example/v1' }, body: '' }],
  ])('over %s ends the step early with its words, and no row is on record', async (_, answer) => {
    folder.writeLines('in.jsonl', described(300))
    endpoint.misbehave = () => answer
    const ran = await hone(reasoned(endpoint))
    expect(ran.code).toBe(1)
    const { message } =
      answer.body === '' ? { message: '308' } : (JSON.parse(answer.body) as { error: { message: string } }).error
    expect(ran.err).toContain(message.replace(/\.$/, ''))
    expect(ran.err).toContain('0 of 300 rows are done. The others are left undone')
    expect(endpoint.requests.length).toBeLessThan(40)
    expect(recorded()).toBe(0)
    expect(existsSync(folder.at('out.jsonl'))).toBe(false)

    // The same command with another server does all rows.
    const again = await hone(reasoned(other, ['--json']))
    expect(again.code).toBe(0)
    expect(JSON.parse(again.out)).toMatchObject({ kept: 300, failed: 0, requests: { paid: 300 } })
  })

  it('in the middle keeps the rows that are done, and another server does the others', async () => {
    folder.writeLines('in.jsonl', described(100))
    endpoint.misbehave = (call) => (call > 40 ? error(402, 'Insufficient Balance') : undefined)
    const ran = await hone(reasoned(endpoint, ['--json']))
    expect(ran.code).toBe(1)
    expect(JSON.parse(ran.out)).toMatchObject({ error: { type: 'EndpointRefused' } })
    // The first rows. A row that was just about to be written is made again from its stored reply.
    expect(recorded()).toBeLessThanOrEqual(40)
    const done = recorded()
    const again = await hone(reasoned(other, ['--json']))
    expect(JSON.parse(again.out)).toMatchObject({ doneBefore: done, kept: 100, failed: 0, requests: { paid: 60 } })
    expect(other.requests).toHaveLength(60)
  })

  it('keeps the replies of requests that are under way', async () => {
    folder.writeLines('in.jsonl', described(20))
    endpoint.latencyMs = 300
    endpoint.misbehave = (call) => (call > 3 ? error(402, 'Insufficient Balance') : undefined)
    expect(await hone(reasoned(endpoint))).toMatchObject({ code: 1 })
    const again = await hone(reasoned(other, ['--json']))
    expect(JSON.parse(again.out)).toMatchObject({ kept: 20, requests: { paid: 17, reused: 3 } })
  })

  it('after rows have failed says how these rows are worked on again', async () => {
    folder.writeLines('in.jsonl', described(60))
    endpoint.misbehave = (call, request) => {
      if (lastText(request).includes('question 2?')) return error(400, 'Row two is odd.', 'content_policy_violation')
      return call > 40 ? error(402, 'Insufficient Balance') : undefined
    }
    const ran = await hone(reasoned(endpoint, ['--concurrency', '2']))
    expect(ran.code).toBe(1)
    expect(ran.err).toContain('--retry-failed works again on rows that have failed (1).')
    const again = await hone(reasoned(other, ['--retry-failed', '--json']))
    expect(JSON.parse(again.out)).toMatchObject({ kept: 60, failed: 0 })
  })

  it('goes on with another key', async () => {
    folder.writeLines('in.jsonl', described(20))
    const keyed = (variable: string) => reasoned(endpoint, ['--api-key-env', variable, '--json'])
    endpoint.misbehave = () =>
      endpoint.authorizations.at(-1) === 'Bearer good' ? undefined : error(401, 'Incorrect API key provided.')
    const env = { OLD_KEY: 'bad', NEW_KEY: 'good' }
    expect(await hone(keyed('OLD_KEY'), { env })).toMatchObject({ code: 1 })
    const again = await hone(keyed('NEW_KEY'), { env })
    expect(JSON.parse(again.out)).toMatchObject({ kept: 20 })
  })

  it('goes on with other options of the endpoint', async () => {
    folder.writeLines('in.jsonl', described(20))
    endpoint.misbehave = (_, request) =>
      'top_p' in request && request.top_p !== undefined ? error(400, "Unsupported parameter: 'top_p'.") : undefined
    expect(await hone(reasonedBy({}))).toMatchObject({ code: 1 })
    const again = await hone(reasonedBy({ omit: ['top_p'] }, ['--json']))
    expect(again.code).toBe(0)
    expect(JSON.parse(again.out)).toMatchObject({ kept: 20 })
  })
})

describe('a server that is away', () => {
  it('is waited for as long as its endpoint says, and then the step ends with what was waited for', async () => {
    folder.writeLines('in.jsonl', described(20))
    endpoint.misbehave = () => error(503, 'Loading model')
    const away = await hone(reasonedBy({ outageSeconds: 1 }))
    expect(away.code).toBe(1)
    expect(away.err).toMatch(/127\.0\.0\.1.* has answered nothing for \d+ s: .*Loading model/)
    expect(away.err).toContain('The same command goes on where this one ended, once the server answers again.')
    expect(recorded()).toBe(0)
    endpoint.misbehave = () => undefined
    const back = await hone(reasonedBy({ outageSeconds: 1 }, ['--json']))
    expect(JSON.parse(back.out)).toMatchObject({ kept: 20, failed: 0 })
  })

  it('until tomorrow ends the step at once with the time', async () => {
    folder.writeLines('in.jsonl', described(20))
    endpoint.misbehave = (call) =>
      call > 5
        ? { ...error(429, 'Rate limit reached: requests per day'), headers: { 'retry-after': String(15 * 3600) } }
        : undefined
    const ran = await hone(reasoned(endpoint))
    expect(ran.code).toBe(1)
    expect(ran.err).toMatch(/takes no call before \d{4}-\d\d-\d\d \d\d:\d\d UTC: .*requests per day/)
    expect(ran.err).toMatch(/goes on where this one ended, from \d{4}-\d\d-\d\d \d\d:\d\d:\d\d on/)
    endpoint.misbehave = () => undefined
    expect(await hone(reasoned(endpoint))).toMatchObject({ code: 0 })
    expect(folder.read('out.jsonl').filter(({ status }) => status === 'kept')).toHaveLength(20)
  })
})

describe('the exit code', () => {
  it('is 1 when every row failed, and 0 when any row did not', async () => {
    folder.writeLines('in.jsonl', described(3))
    endpoint.misbehave = () => error(400, 'blocked', 'content_policy_violation')
    const ran = await hone(reasoned(endpoint, ['--json']))
    expect(JSON.parse(ran.out)).toMatchObject({ ended: 'done', kept: 0, failed: 3 })
    expect(ran.code).toBe(1)
    expect(await hone(reasoned(endpoint))).toMatchObject({ code: 1 })
    folder.writeLines('in.jsonl', described(4))
    endpoint.misbehave = () => undefined
    expect(await hone(reasoned(endpoint))).toMatchObject({ code: 0 })
  })

  it('is 0 for lines that are no rows', async () => {
    folder.writeLines('in.jsonl', ['not JSON', '', '[1]'])
    expect(await hone(reasoned(endpoint))).toMatchObject({ code: 0 })
  })
})

describe('replies', () => {
  const answered = (text: string, more: object = {}) => ({
    status: 200,
    body: JSON.stringify({ choices: [{ message: { content: text }, finish_reason: 'stop' }], ...more }),
  })

  it('of another model are told once, and are in the report', async () => {
    folder.writeLines('in.jsonl', described(30))
    endpoint.misbehave = () => answered('<think>x</think>y', { model: 'fake-mini' })
    const ran = await hone(reasoned(endpoint))
    const told = 'endpoint "endpoint" was asked for the model "fake-model", and the model "fake-mini" answered'
    expect(ran.err.split(told)).toHaveLength(2)
    expect(ran.out).toContain('answered by fake-mini instead of fake-model')
    const again = await hone(reasoned(endpoint, ['--json']))
    expect(JSON.parse(again.out)).toMatchObject({ doneBefore: 30 })
  })

  it('without usage hold a budget by estimates, and the report says so', async () => {
    folder.writeLines('in.jsonl', described(200))
    endpoint.misbehave = () => answered('x'.repeat(400))
    const ran = await hone(reasoned(endpoint, ['--concurrency', '4', '--budget', 'tokens=20k', '--json']))
    expect(ran.code).toBe(4)
    const summary = JSON.parse(ran.out) as {
      tokens: { prompt: number; completion: number; estimated: number }
      requests: { paid: number }
    }
    expect(summary.tokens.estimated).toBe(summary.requests.paid)
    expect(summary.tokens.prompt + summary.tokens.completion).toBeLessThanOrEqual(20_000)
    expect(summary.tokens.completion).toBe(100 * summary.requests.paid)
    expect(summary.requests.paid).toBeGreaterThan(60)
  })

  it('that were paid for and cannot be used count for the budget of every run', async () => {
    folder.writeLines('in.jsonl', described(100))
    const half = {
      status: 200,
      body: JSON.stringify({
        choices: [{ message: { content: 'half a sen' }, finish_reason: 'abort' }],
        usage: { prompt_tokens: 70, completion_tokens: 30 },
      }),
    }
    // Each row is paid for twice.
    const seen = new Set<string>()
    endpoint.misbehave = (_, request) => {
      const isNew = !seen.has(lastText(request))
      seen.add(lastText(request))
      return isNew ? half : undefined
    }
    const limited = ['--concurrency', '2', '--budget', 'requests=20', '--json']
    const ran = await hone(reasoned(endpoint, limited))
    expect(ran.code).toBe(4)
    expect(JSON.parse(ran.out)).toMatchObject({ requests: { paid: endpoint.requests.length } })
    expect(endpoint.requests.length).toBeGreaterThanOrEqual(20)
    const sent = endpoint.requests.length
    expect(await hone(reasoned(endpoint, limited))).toMatchObject({ code: 4 })
    expect(endpoint.requests).toHaveLength(sent)
  })
})
