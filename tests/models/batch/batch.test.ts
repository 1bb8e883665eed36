import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Engine, Usage } from '../../../models/engine.ts'
import type { ResolvedEndpoint } from '../../../models/endpoint.ts'
import { askFailureOf, openEngine, pictured, question, range } from '../asking.ts'
import { completion } from '../fake-endpoint.ts'
import { MemoryReplies } from '../memory-replies.ts'
import { FakeBatchServer, batchesOf, textOf } from './fake-batch-server.ts'
import { MemoryBatches } from './memory-batches.ts'

let server: FakeBatchServer
let replies: MemoryReplies
let batches: MemoryBatches
let usages: Usage[]
let engines: Engine[] = []

beforeEach(async () => {
  server = await new FakeBatchServer().start()
  replies = new MemoryReplies()
  batches = new MemoryBatches(replies)
  usages = []
})
afterEach(async () => {
  for (const engine of engines) await engine.close()
  engines = []
  await server.stop()
})

function open(
  changes: Partial<ResolvedEndpoint> = {},
  options: Partial<Parameters<typeof openEngine>[0]> = {},
): Engine {
  const endpoints = [server.resolved(changes)]
  const onUsage = (usage: Usage) => usages.push(usage)
  const engine = openEngine({ endpoints, replies, batches, onUsage, ...options })
  engines.push(engine)
  return engine
}
const ask = (engine: Engine, count: number) => Promise.all(range(count).map((at) => engine.ask(question(`q${at}`))))

describe('a step in batch mode', () => {
  it('sends its requests as one batch, under their content keys, and stores the replies', async () => {
    const answers = await ask(open(), 20)
    expect(answers.map(({ text }) => text)).toEqual(range(20).map((at) => `reply to q${at}`))
    expect(server.batches).toHaveLength(1)
    expect(server.batches[0]?.lines.map((line) => line.custom_id).toSorted()).toEqual(
      [...replies.byKey.keys()].toSorted(),
    )
    expect(server.batches[0]?.metadata).toEqual({ hone_batch: [...batches.kept.keys()][0] })
    expect(server.live).toBe(0)
    expect(batches.states).toEqual(['collected'])
    expect(usages.filter(({ reused }) => !reused)).toHaveLength(20)
    const [stored] = replies.byKey.values()
    expect(stored).toMatchObject({
      endpoint: 'teacher',
      promptTokens: 10,
      attempts: 1,
      request: { sampleIndex: 0, sampling: { maxTokens: 64 } },
    })
  })

  it('names the file after the batch, and says the length of the upload', async () => {
    await ask(open(), 3)
    const [file] = server.files.values()
    expect(file?.name).toBe(`hone-${[...batches.kept.keys()][0]}.jsonl`)
    expect(Number(server.uploadLengths[0])).toBeGreaterThan(file?.text.length ?? Infinity)
  })

  it('sends the key, and the fields of the endpoint', async () => {
    const engine = open({ apiKeyEnv: 'BATCH_KEY', body: { top_k: 3 }, omit: ['n'] }, { env: { BATCH_KEY: 'secret-1' } })
    await ask(engine, 1)
    expect([...server.authorizations]).toEqual(['Bearer secret-1'])
    expect(server.batches[0]?.lines[0]?.body).toMatchObject({ top_k: 3, seed: 1 })
    expect(server.batches[0]?.lines[0]?.body).not.toHaveProperty('n')
  })

  it('puts pictures into their lines, and fails a row whose picture cannot be sent', async () => {
    const images = {
      dataUrl: (hash: string) =>
        hash === 'bad'
          ? Promise.reject(new Error('the picture is gone'))
          : Promise.resolve(`data:image/png;base64,${hash}`),
    }
    const engine = open({}, { images })
    const [good, bad] = await Promise.allSettled([engine.ask(pictured('AAAA')), engine.ask(pictured('bad'))])
    expect(good).toMatchObject({ status: 'fulfilled', value: { text: 'reply to look' } })
    expect(bad).toMatchObject({ status: 'rejected', reason: { message: 'the picture is gone' } })
    expect(server.batches[0]?.lines).toHaveLength(1)
    expect(JSON.stringify(server.batches[0]?.lines[0]?.body)).toContain('data:image/png;base64,AAAA')
  })

  it('pays for nothing that is stored', async () => {
    await ask(open(), 5)
    await ask(open(), 8)
    expect(server.batches.map(({ lines }) => lines.length)).toEqual([5, 3])
    expect(server.paidTwice).toEqual([])
  })

  it('cuts batches at the most requests and at the most bytes', async () => {
    const limits = { window: '24h', maxRequests: 10, maxBytes: 1_000_000, pollSeconds: 0.02 }
    await ask(open({ batch: limits }), 25)
    expect(server.batches.map(({ lines }) => lines.length)).toEqual([10, 10, 5])
    const line = server.files.get('file-1')!.text.split('\n')[0]!
    const small = { ...limits, maxRequests: 100, maxBytes: 4 * (line.length + 8) }
    const engine = open({ batch: small, body: { user: 'b' } })
    await ask(engine, 9)
    const sizes = server.batches.slice(3).map(({ inputFileId }) => server.files.get(inputFileId)!.text.length)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(small.maxBytes)
    expect(server.batches.slice(3).flatMap(({ lines }) => lines)).toHaveLength(9)
  })

  it('refuses a single request that no batch can hold', async () => {
    const engine = open({ batch: { window: '24h', maxRequests: 10, maxBytes: 1024, pollSeconds: 0.02 } })
    const failure = await askFailureOf(engine.ask(question('x'.repeat(2000))))
    expect(failure).toMatchObject({ name: 'AskFailure', reason: 'request-too-large' })
    expect(server.batches).toEqual([])
  })

  it('shares a batch between the engines of a process', async () => {
    const [one, two] = [open(), open()]
    await Promise.all([ask(one, 6), ask(two, 9)])
    expect(server.batches.map(({ lines }) => lines.length)).toEqual([9])
    expect(server.paidTwice).toEqual([])
  })

  it('shows the batch while it is under way', async () => {
    const engine = open()
    server.next = ({ status, looks }) =>
      looks < 4 ? 'in_progress' : status === 'in_progress' ? 'finalizing' : 'completed'
    const asking = ask(engine, 3)
    while (batchesOf(engine)[0]?.status !== 'in_progress') await new Promise((resolve) => setTimeout(resolve, 2))
    expect(batchesOf(engine)).toMatchObject([
      { endpoint: 'teacher', batch: 'batch-2', status: 'in_progress', total: 3, done: 0, failed: 0 },
    ])
    expect(batchesOf(engine)[0]?.expires?.getTime()).toBeGreaterThan(Date.now())
    await asking
    expect(engine.waiting()).toBeNull()
  })
})

describe('requests without a reply', () => {
  it('go into the next batch when another try may help', async () => {
    const ends = [
      { error: { code: 'batch_expired', message: 'This request could not be executed in time.' } },
      { status: 429, body: { error: { message: 'Rate limit reached' } } },
      { status: 500, body: { error: { message: 'The server had an error' } } },
      'none' as const,
      { body: completion('') },
    ]
    server.answer = (line, batch) => (batch === 1 ? ends[Number(textOf(line).slice(1)) - 1] : undefined)
    const answers = await ask(open(), 8)
    expect(answers.map(({ text }) => text)).toEqual(range(8).map((at) => `reply to q${at}`))
    expect(server.batches.map(({ lines }) => lines.length)).toEqual([8, 5])
    // The empty reply was paid for.
    expect(replies.unusable).toHaveLength(1)
    expect(usages).toHaveLength(9)
    expect([...replies.byKey.values()].map(({ attempts }) => attempts).toSorted((a, b) => a - b)).toEqual([
      1, 1, 1, 2, 2, 2, 2, 2,
    ])
  })

  it('fail after as many batches as live requests have calls', async () => {
    server.answer = (line) => (textOf(line) === 'q2' ? { status: 500, body: { error: { message: 'oh' } } } : undefined)
    const engine = open()
    const [, failed] = await Promise.allSettled([engine.ask(question('q1')), engine.ask(question('q2'))])
    expect(failed).toMatchObject({ reason: { name: 'AskFailure', reason: 'http-500' } })
    expect(String((failed as PromiseRejectedResult).reason)).toContain('after 3 batches')
    expect(server.batches).toHaveLength(3)
  })

  it('fail their row when the provider refuses them', async () => {
    const body = {
      error: { message: "This model's maximum context length is 128 tokens", code: 'context_length_exceeded' },
    }
    server.answer = (line) => (textOf(line) === 'q2' ? { status: 400, body } : undefined)
    const engine = open()
    const [, failed] = await Promise.allSettled(range(3).map((at) => engine.ask(question(`q${at}`))))
    expect(failed).toMatchObject({ status: 'rejected', reason: { name: 'AskFailure' } })
    expect(server.batches).toHaveLength(1)
  })

  it('end the step when every request of the batch is refused alike', async () => {
    const body = { error: { message: 'Something in this request is odd' } }
    server.answer = () => ({ status: 400, body })
    const failure = await askFailureOf(ask(open(), 3))
    expect(failure).toMatchObject({ name: 'HoneError', type: 'EndpointRefused' })
    expect(failure.message).toContain('Something in this request is odd')
  })

  it('end the step when the money is gone, and keep the replies before', async () => {
    const body = { error: { message: 'You exceeded your current quota', code: 'insufficient_quota' } }
    server.answer = (line) => (textOf(line) === 'q3' ? { status: 429, body } : undefined)
    const engine = open()
    const ends = await Promise.allSettled(range(3).map((at) => engine.ask(question(`q${at}`))))
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(ends[2]).toMatchObject({ reason: { name: 'HoneError', type: 'EndpointRefused' } })
  })
})

describe('a batch that ends early', () => {
  it('keeps the finished part when it expired, and asks the rest again', async () => {
    server.next = (batch) => (batch.id === server.batches[0]?.id ? 'expired' : 'completed')
    server.answer = (line, batch) =>
      batch === 1 && Number(textOf(line).slice(1)) > 4
        ? { error: { code: 'batch_expired', message: 'not in time' } }
        : undefined
    await ask(open(), 10)
    expect(server.batches.map(({ lines }) => lines.length)).toEqual([10, 6])
    expect(server.paidTwice).toEqual([])
  })

  it('ends the step with the words of the provider when it failed as a whole', async () => {
    server.next = (batch) => {
      batch.errors = { data: [{ code: 'invalid_model', message: 'The model does not support batches', line: 1 }] }
      return 'failed'
    }
    const failure = await askFailureOf(ask(open(), 4))
    expect(failure).toMatchObject({ name: 'HoneError', type: 'EndpointRefused' })
    expect(failure.message).toContain('line 1: The model does not support batches')
    expect(batches.states).toEqual(['failed'])
    // A changed endpoint may submit the same requests.
    server.next = () => 'completed'
    await ask(open({ timeoutSeconds: 6 }), 4)
    expect(server.paidTwice).toEqual([])
  })

  it('is made smaller while the provider has too many tokens of this account in its queue', async () => {
    server.next = (batch) => {
      if (batch.lines.length <= 3) return 'completed'
      batch.errors = {
        data: [{ code: 'token_limit_exceeded', message: 'Enqueued token limit reached for fake-model' }],
      }
      return 'failed'
    }
    await ask(open(), 10)
    const sizesOf = (state: string) =>
      server.batches.flatMap(({ status, lines }) => (status === state ? [lines.length] : []))
    expect(sizesOf('failed')).toEqual([10, 5, 5])
    expect(sizesOf('completed').reduce((sum, size) => sum + size, 0)).toBe(10)
    expect(server.paidTwice).toEqual([])
  })

  it('ends the step when the provider takes no file', async () => {
    server.fault = (call) =>
      call === 'upload' ? { status: 401, body: '{"error":{"message":"Incorrect API key provided"}}' } : undefined
    const failure = await askFailureOf(ask(open(), 2))
    expect(failure).toMatchObject({ name: 'HoneError', type: 'EndpointRefused' })
    expect(failure.message).toContain('Incorrect API key')
    expect(server.calls).toEqual(['upload'])
  })
})
