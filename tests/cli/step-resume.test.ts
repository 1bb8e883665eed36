import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { lastText } from '../models/fake-endpoint.ts'
import type { FakeEndpoint } from '../models/fake-endpoint.ts'
import { described, reasonArguments } from './step-parts.ts'
import { eachWithFolderAndServer } from './step-hooks.ts'
import type { StepFolder } from './step-world.ts'
import { hone } from './terminal.ts'

let folder: StepFolder
let endpoint: FakeEndpoint
eachWithFolderAndServer((...given) => {
  ;[folder, endpoint] = given
})

const reasoned = (changes: readonly string[] = []) => reasonArguments(folder, endpoint, changes)

describe('another run of a step', () => {
  it('with other options pays only for requests that they change', async () => {
    folder.writeLines('in.jsonl', described(10))
    await hone(reasoned(['--set', 'samples=2']))
    expect(endpoint.requests).toHaveLength(20)
    const more = await hone(reasoned(['--set', 'samples=3', '--json']))
    expect(JSON.parse(more.out)).toMatchObject({ doneBefore: 0, kept: 30, requests: { paid: 10, reused: 20 } })
    const back = await hone(reasoned(['--set', 'samples=2', '--json']))
    expect(JSON.parse(back.out)).toMatchObject({ doneBefore: 10, kept: 20, requests: { paid: 0 } })
    expect(folder.read('out.jsonl')).toHaveLength(20)
  })

  it('with changed rows asks again about these rows only', async () => {
    folder.writeLines('in.jsonl', described(50))
    await hone(reasoned(['--set', 'samples=1']))
    const before = folder.read('out.jsonl')
    folder.writeLines(
      'in.jsonl',
      described(50, (at) => (at % 10 === 0 ? `another picture ${at}` : `picture ${at}`)),
    )
    endpoint.requests.length = 0
    await hone(reasoned(['--set', 'samples=1']))
    expect(endpoint.requests).toHaveLength(5)
    expect(endpoint.requests.every((request) => lastText(request).includes('another picture'))).toBe(true)
    const after = folder.read('out.jsonl')
    expect(after.filter((row, at) => JSON.stringify(row) === JSON.stringify(before[at]))).toHaveLength(45)
  })

  it('with a shared log finds replies that another output has paid for', async () => {
    folder.writeLines('in.jsonl', described(5))
    const shared = ['--set', 'samples=1', '--replies', folder.at('replies.jsonl')]
    await hone(reasoned(shared))
    const other = reasoned([...shared, '--json'])
    other[other.indexOf(folder.at('out.jsonl'))] = folder.at('other.jsonl')
    expect(JSON.parse((await hone(other)).out)).toMatchObject({ kept: 5, requests: { paid: 0, reused: 5 } })
  })

  it('after a reached budget keeps paid replies, and pays for the rest', async () => {
    folder.writeLines('in.jsonl', described(300))
    // A request has 10 + 5 tokens and costs 0.02.
    const prices = ['--set', 'samples=1', '--concurrency', '4', '--price-prompt', '1000', '--price-completion', '2000']
    const ended = await hone(reasoned([...prices, '--budget', '2', '--json']))
    expect(ended.code).toBe(4)
    const first = JSON.parse(ended.out) as { done: number; cost: number; requests: { paid: number } }
    expect(first).toMatchObject({ ended: 'budget', cost: first.requests.paid * 0.02 })
    expect(first.requests.paid).toBe(endpoint.requests.length)
    expect(first.cost).toBeLessThanOrEqual(2)
    expect(first.cost).toBeGreaterThan(1)
    expect(existsSync(folder.at('out.jsonl'))).toBe(false)
    expect(folder.read('out.jsonl.partial').length).toBeGreaterThan(0)
    const again = await hone(reasoned([...prices, '--budget', '2']))
    expect(again.code).toBe(4)
    expect(again.out).toContain('larger --budget')
    const last = await hone(reasoned([...prices, '--budget', '20', '--json']))
    expect(last.code).toBe(0)
    expect(JSON.parse(last.out)).toMatchObject({ kept: 300, cost: expect.closeTo(6, 6) as number })
    expect(endpoint.requests).toHaveLength(300)
    // One option holds limits of all measures.
    const few = await hone(reasoned(['--set', 'samples=2', '--budget', 'tokens=1m,requests=310']))
    expect(few.code).toBe(4)
    expect(few.out).toContain('310 of 310 requests')
    expect(endpoint.requests).toHaveLength(310)
    // A spent budget does not stop a run that has nothing left to pay for.
    expect((await hone(reasoned([...prices, '--budget', '2']))).code).toBe(0)
  })

  it('is refused while another run writes the same output', async () => {
    folder.writeLines('in.jsonl', described(3))
    endpoint.latencyMs = 400
    const first = hone(reasoned(['--set', 'samples=1']))
    while (endpoint.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    const second = await hone(reasoned(['--set', 'samples=1']))
    expect(second.code).toBe(1)
    expect(second.err).toContain('hone step reason')
    const elsewhere = await hone(reasoned(['--state', folder.at('other')]))
    expect(elsewhere.code).toBe(1)
    const other = reasoned(['--state', folder.at('other'), '--rejects', folder.at('out.jsonl')])
    other[other.indexOf(folder.at('out.jsonl'))] = folder.at('other.jsonl')
    expect((await hone(other)).err).toMatch(/writes \S+out\.jsonl since/)
    expect((await first).code).toBe(0)
    expect((await hone(reasoned(['--set', 'samples=1']))).code).toBe(0)
  })
})

it('a damaged state makes the step look again, and makes no row wrong', async () => {
  folder.writeLines('in.jsonl', described(5))
  await hone(reasoned(['--set', 'samples=1']))
  const rows = folder.read('out.jsonl')
  const log = folder.at('out.jsonl.hone/rows.jsonl')
  writeFileSync(log, `garbage\n${readFileSync(log, 'utf8').split('\n').slice(2).join('\n')}`)
  await hone(reasoned(['--set', 'samples=1']))
  expect(folder.read('out.jsonl')).toEqual(rows)
  expect(endpoint.requests).toHaveLength(5)
})
