import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { completion, lastText } from '../models/fake-endpoint.ts'
import type { FakeEndpoint } from '../models/fake-endpoint.ts'
import { described, reasonArguments, serverOptions, writeRowsWithPictures } from './step-parts.ts'
import { eachWithFolderAndServer } from './step-hooks.ts'
import type { StepFolder } from './step-world.ts'
import { hone } from './terminal.ts'

let folder: StepFolder
let endpoint: FakeEndpoint
eachWithFolderAndServer((...given) => {
  ;[folder, endpoint] = given
})

const server = () => serverOptions(endpoint)
const withPictures = (count: number) => writeRowsWithPictures(folder, count)
const reasoned = (changes: readonly string[] = []) => reasonArguments(folder, endpoint, changes)

describe('a step on a file', () => {
  it('writes every row in the order of the input, with its outcome', async () => {
    await withPictures(20)
    endpoint.reply = (request) => `a picture, ${request.seed}`
    const argv = ['step', 'describe', '-i', folder.at('in.jsonl'), '-o', folder.at('out.jsonl'), ...server()]
    const ran = await hone(argv)
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.out).toContain('20 rows in; 20 kept, 0 dropped, 0 failed')
    const rows = folder.read('out.jsonl')
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, at) => `row-${at}`))
    expect(rows[3]).toMatchObject({
      images: ['img/3.png'],
      status: 'kept',
      parent: 'row-3',
      description: expect.stringMatching(/^a picture, \d+$/) as string,
      requests: [expect.stringMatching(/^[0-9a-f]{64}$/)],
    })
    expect(endpoint.requests).toHaveLength(20)
    expect(existsSync(folder.at('out.jsonl.partial'))).toBe(false)

    const again = await hone([...argv, '--json'])
    expect(JSON.parse(again.out)).toMatchObject({ ended: 'done', doneBefore: 20, kept: 20, requests: { paid: 0 } })
    expect(folder.read('out.jsonl')).toEqual(rows)
    expect(endpoint.requests).toHaveLength(20)
  })

  it('gives several rows from one row different ids, and writes rejected rows to their own file on demand', async () => {
    folder.writeLines('in.jsonl', described(3))
    endpoint.reply = (request) => `thought ${request.seed}`
    endpoint.misbehave = (_, request) =>
      lastText(request).includes('question 1?') ? { status: 200, body: completion('I', 'length') } : undefined
    const ran = await hone(reasoned(['--set', 'samples=2', '--rejects', folder.at('rejects.jsonl')]))
    expect(ran.code).toBe(0)
    const rows = folder.read('out.jsonl')
    expect(rows.map(({ id }) => id)).toEqual(['row-0#0', 'row-0#1', 'row-2#0', 'row-2#1'])
    expect(rows.every(({ origin, parent }) => origin === parent)).toBe(true)
    expect(folder.read('rejects.jsonl').map(({ id, status, reason }) => [id, status, reason])).toEqual([
      ['row-1#0', 'dropped', 'truncated'],
      ['row-1#1', 'dropped', 'truncated'],
    ])
  })

  it('skips rows that an earlier step dropped or failed, and reads that step’s output unchanged', async () => {
    folder.writeLines('in.jsonl', described(4))
    endpoint.reply = (request) => (lastText(request).includes('question 1?') ? '' : '<answer>2</answer>')
    await hone(reasoned(['--set', 'samples=1']))
    const verified = await hone([
      'step',
      'verify',
      '-i',
      folder.at('out.jsonl'),
      '-o',
      folder.at('verified.jsonl'),
      '--json',
    ])
    expect(JSON.parse(verified.out)).toMatchObject({
      rows: 3,
      passedOver: 1,
      kept: 1,
      dropped: 2,
      reasons: { incorrect: 2 },
    })
    expect(folder.read('verified.jsonl').map(({ id, status }) => [id, status])).toEqual([
      ['row-0', 'dropped'],
      ['row-2', 'kept'],
      ['row-3', 'dropped'],
    ])
    const selected = await hone([
      'step',
      'select',
      '-i',
      folder.at('verified.jsonl'),
      '-o',
      folder.at('s.jsonl'),
      '--json',
    ])
    expect(JSON.parse(selected.out)).toMatchObject({ rows: 1, kept: 1 })
    // The pictures do not exist, because steps that only read text need no pictures.
    expect(existsSync(folder.at('img'))).toBe(false)
  })

  it('works on the rows of a question together, wherever they are in the file', async () => {
    const row = (id: string, origin: string, trace: string) => ({
      id,
      origin,
      images: ['a.png'],
      question: 'q?',
      trace,
    })
    folder.writeLines('in.jsonl', [
      row('a1', 'a', 'one two three'),
      row('b1', 'b', 'one'),
      row('a2', 'a', 'one'),
      'bad',
      row('b2', 'b', 'one two'),
    ])
    const ran = await hone(['step', 'select', '-i', folder.at('in.jsonl'), '-o', folder.at('out.jsonl')])
    expect(ran.code).toBe(0)
    expect(folder.read('out.jsonl').map(({ id, reason }) => [id, reason ?? 'kept'])).toEqual([
      ['a1', 'not-shortest'],
      ['b1', 'kept'],
      ['a2', 'kept'],
      ['line-4', 'bad-line'],
      ['b2', 'not-shortest'],
    ])
  })

  it('looks at a whole question again when one of its rows changed or disappeared', async () => {
    const row = (id: string, trace: string) => ({ id, origin: 'a', images: ['a.png'], question: 'q?', trace })
    const argv = ['step', 'select', '-i', folder.at('in.jsonl'), '-o', folder.at('out.jsonl'), '--json']
    const chosen = () => folder.read('out.jsonl').flatMap(({ id, status }) => (status === 'kept' ? [id] : []))
    folder.writeLines('in.jsonl', [row('a1', 'one two three'), row('a2', 'one two')])
    await hone(argv)
    expect(chosen()).toEqual(['a2'])
    folder.writeLines('in.jsonl', [row('a1', 'one two three'), row('a2', 'one two three four')])
    expect(JSON.parse((await hone(argv)).out)).toMatchObject({ doneBefore: 0 })
    expect(chosen()).toEqual(['a1'])
    folder.writeLines('in.jsonl', [row('a2', 'one two three four')])
    await hone(argv)
    expect(chosen()).toEqual(['a2'])
  })

  it('mixes files by their shares, in the same order each time', async () => {
    const rows = (name: string) =>
      Array.from({ length: 30 }, (_, at) => ({ id: `${name}${at}`, images: ['a.png'], question: 'q' }))
    folder.writeLines('a/rows.jsonl', rows('a'))
    folder.writeLines('b/rows.jsonl', rows('b'))
    const argv = [
      'step',
      'mix',
      '-i',
      folder.at('a/rows.jsonl'),
      '-i',
      folder.at('b/rows.jsonl'),
      '--set',
      'weights=[3, 1]',
      '-o',
      folder.at('out.jsonl'),
      '--rejects',
      folder.at('rest.jsonl'),
    ]
    expect((await hone(argv)).code).toBe(0)
    const mixed = folder.read('out.jsonl')
    expect(mixed.filter(({ id }) => id.startsWith('a'))).toHaveLength(30)
    expect(mixed).toHaveLength(40)
    expect(mixed.find(({ id }) => id === 'a0')?.images).toEqual(['a/a.png'])
    expect(folder.read('rest.jsonl')).toHaveLength(20)
    expect((await hone(argv)).code).toBe(0)
    expect(folder.read('out.jsonl')).toEqual(mixed)
  })

  it('reads standard input, with pictures from the folder where it runs', async () => {
    const line = JSON.stringify({ id: 1, images: ['a.png'], question: 'q?', trace: '<answer>1</answer>', answer: 1 })
    const ran = await hone(['step', 'verify', '-i', '-', '-o', folder.at('out.jsonl')], { typed: `${line}\n` })
    expect(ran.code).toBe(0)
    expect(folder.read('out.jsonl')).toMatchObject([{ id: '1', status: 'kept', images: [`${process.cwd()}/a.png`] }])
  })
})

it('rows of text pass steps that need no picture, and are dropped with a reason by other steps', async () => {
  folder.writeLines(
    'in.jsonl',
    described(2).map((row) => ({ ...row, images: [] })),
  )
  expect((await hone(reasoned(['--set', 'samples=1']))).code).toBe(0)
  expect(folder.read('out.jsonl')).toMatchObject([
    { status: 'kept', images: [] },
    { status: 'kept', images: [] },
  ])
  const describing = ['step', 'describe', '-i', folder.at('out.jsonl'), '-o', folder.at('described.jsonl'), ...server()]
  expect((await hone(describing)).code).toBe(0)
  expect(folder.read('described.jsonl').map(({ reason }) => reason)).toEqual(['no-image', 'no-image'])
  folder.writeLines('none.jsonl', [{ id: 'a', image: 'a.png', question: 'q' }])
  const misnamed = ['step', 'reason', '-i', folder.at('none.jsonl'), '-o', folder.at('x.jsonl'), ...server()]
  await hone(misnamed)
  expect(folder.read('x.jsonl')).toMatchObject([{ status: 'failed', reason: 'bad-line' }])
})
