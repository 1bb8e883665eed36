import { existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { FileStep } from '../../../data/file-steps/file-step.ts'
import { createProgress } from '../../../data/file-steps/progress.ts'
import { runFileStep, stateFolder } from '../../../data/file-steps/run-file.ts'
import { dataSteps } from '../../../data/steps/registry.ts'
import { Outage } from '../../../models/failures.ts'
import { Limiters } from '../../../models/limiters.ts'
import { eachWithFolderAndServer } from '../../cli/step-hooks.ts'
import type { StepFolder } from '../../cli/step-world.ts'
import { lastText } from '../../models/fake-endpoint.ts'
import type { FakeEndpoint } from '../../models/fake-endpoint.ts'

let folder: StepFolder
let endpoint: FakeEndpoint
eachWithFolderAndServer((...given) => {
  ;[folder, endpoint] = given
})

const rows = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    id: `row-${at}`,
    images: ['a.png'],
    question: `question ${at}?`,
    description: `picture ${at}`,
  }))

function reason(changes: Partial<FileStep> = {}): FileStep {
  const step = dataSteps['reason']
  if (!step) throw new Error('there is no step reason')
  const output = folder.at('out.jsonl')
  return {
    step,
    options: step.options.parse({ step: 'reason', endpoint: 'endpoint', samples: 1 }),
    endpoints: [endpoint.resolved({ name: 'endpoint', concurrency: 4 })],
    prices: new Map(),
    evidence: [],
    benchmarks: [],
    inputs: [folder.at('in.jsonl')],
    stdin: Readable.from([]),
    output,
    state: stateFolder(output),
    seed: 1,
    promptSuffix: '',
    version: 'test',
    progress: createProgress(),
    signal: new AbortController().signal,
    engine: { retries: { attempts: 3, baseMs: 1 }, limiters: new Limiters() },
    ...changes,
  }
}

describe('a server that is away', () => {
  it('ends the run, and the next run does its rows without paying again', async () => {
    folder.writeLines('in.jsonl', rows(30))
    const { port } = endpoint
    let served = 0
    endpoint.reply = () => {
      served += 1
      if (served === 10) void endpoint.stop()
      return 'thought'
    }
    const engine = { retries: { attempts: 2, baseMs: 1 }, downLimitMs: 300, limiters: new Limiters() }
    await expect(runFileStep(reason({ engine }))).rejects.toThrow(Outage)
    expect(existsSync(folder.at('out.jsonl'))).toBe(false)
    const before = endpoint.requests.map(lastText)
    await endpoint.start(port)
    endpoint.requests.length = 0
    endpoint.reply = () => 'thought'
    const end = await runFileStep(reason({ retryFailed: true }))
    expect(end).toMatchObject({ ended: 'done', tally: { kept: 30, failed: 0 } })
    // The next run repeats the requests that were cut off, and no answered request.
    expect(endpoint.requests.length).toBeLessThanOrEqual(30 - 9)
    expect(new Set([...before, ...endpoint.requests.map(lastText)]).size).toBe(30)
  })

  it('for moments costs no row, and garbage replies fail with a reason', async () => {
    folder.writeLines('in.jsonl', rows(60))
    const calls = new Map<string, number>()
    endpoint.misbehave = (_, request) => {
      const text = lastText(request)
      const call = (calls.get(text) ?? 0) + 1
      calls.set(text, call)
      const [, at = '0'] = /question (\d+)\?/.exec(text) ?? []
      if (Number(at) % 6 === 0) return { body: 'garbage', status: 200 }
      if (Number(at) % 6 === 1 && call === 1) return { status: 500 }
      if (Number(at) % 6 === 2 && call === 1) return { status: 429 }
      if (Number(at) % 6 === 3 && call === 1) return { cut: true }
      return undefined
    }
    const end = await runFileStep(reason())
    expect(end).toMatchObject({ ended: 'done', tally: { kept: 50, failed: 10, reasons: { 'broken-reply': 10 } } })
    const out = folder.read('out.jsonl')
    expect(out.map(({ id }) => id)).toEqual(rows(60).map(({ id }) => id))
    expect(out.filter(({ status }) => status === 'failed').map(({ id }) => Number(id.slice(4)) % 6)).toEqual(
      Array.from({ length: 10 }, () => 0),
    )
  })
})

it('the signal ends a run with the signal’s reason, and the next run finds the finished rows', async () => {
  folder.writeLines('in.jsonl', rows(40))
  const controller = new AbortController()
  const reasonOfUser = new Error('enough')
  endpoint.reply = () => {
    if (endpoint.requests.length === 20) controller.abort(reasonOfUser)
    return 'thought'
  }
  await expect(runFileStep(reason({ signal: controller.signal }))).rejects.toBe(reasonOfUser)
  endpoint.reply = () => 'thought'
  const progress = createProgress()
  await runFileStep(reason({ progress }))
  expect(progress.read()).toMatchObject({ done: 40, total: 40 })
  expect(progress.read().paid).toBeLessThan(40)
  expect(folder.read('out.jsonl')).toHaveLength(40)
})

it('a budget of exactly the cost of the rows is enough, however many of them fail', async () => {
  folder.writeLines('in.jsonl', rows(200))
  endpoint.misbehave = (_, request) => {
    const [, at = '0'] = /question (\d+)\?/.exec(lastText(request)) ?? []
    return Number(at) % 2 === 0 ? { status: 400 } : undefined
  }
  // A reply has 10 + 5 tokens, so 100 replies cost 2.
  const prices = new Map([['endpoint', { promptPerMillion: 1000, completionPerMillion: 2000, currency: 'USD' }]])
  const end = await runFileStep(reason({ prices, budget: { cost: 2.001 } }))
  expect(end).toMatchObject({ ended: 'done', tally: { kept: 100, failed: 100 } })
})

it('another version of Hone computes all rows again from the stored replies', async () => {
  folder.writeLines('in.jsonl', rows(5))
  await runFileStep(reason())
  const progress = createProgress()
  await runFileStep(reason({ progress, version: 'next' }))
  expect(progress.read()).toMatchObject({ found: 0, paid: 0, reused: 5, kept: 5 })
})

it('an unwritable place is an error that names the option that moves it', async () => {
  folder.writeLines('in.jsonl', rows(1))
  const file = folder.write('file', 'in the way')
  const moved = async (changes: Partial<FileStep>, by: string): Promise<void> => {
    const error = await runFileStep(reason(changes)).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      message: expect.stringContaining('file is in the way') as string,
      nextStep: `Give yourself the right to write there, or give ${by} a place where you may.`,
    })
  }
  await moved({ output: join(file, 'out.jsonl') }, '--output')
  await moved({ rejects: join(file, 'others.jsonl') }, '--rejects')
  await moved({ state: join(file, 'state') }, '--state')
  await moved({ replies: join(file, 'replies.jsonl') }, '--replies')
})

it('a full disk is an error that names the option that moves the files', async () => {
  folder.writeLines('in.jsonl', rows(1))
  // Every write to this device fails for lack of room.
  symlinkSync('/dev/full', folder.at('out.jsonl.partial'))
  const error = await runFileStep(reason()).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({
    type: 'StorageFull',
    nextStep: 'Free space there, or give --output a place on a disk with room.',
  })
})
