import { existsSync, linkSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { completion, FakeEndpoint, lastText } from '../models/fake-endpoint.ts'
import { StepFolder } from './step-world.ts'
import { hone } from './terminal.ts'

let folder: StepFolder
let endpoint: FakeEndpoint
beforeEach(async () => {
  folder = new StepFolder()
  endpoint = await new FakeEndpoint().start()
})
afterEach(async () => {
  await endpoint.stop()
  folder.remove()
})

const server = () => ['--endpoint', endpoint.url, '--model', 'fake-model']
const described = (count: number, description = (at: number) => `picture ${at}`) =>
  Array.from({ length: count }, (_, at) => ({
    id: `row-${at}`,
    images: [`img/${at}.png`],
    question: `question ${at}?`,
    answer: String(at),
    description: description(at),
  }))
const withPictures = async (count: number): Promise<string> => {
  for (let at = 0; at < count; at++) await folder.picture(`img/${at}.png`, at)
  return folder.writeLines(
    'in.jsonl',
    described(count, () => 'old'),
  )
}
const reasoned = (changes: readonly string[] = []) => [
  'step',
  'reason',
  '--input',
  folder.at('in.jsonl'),
  '--output',
  folder.at('out.jsonl'),
  ...server(),
  ...changes,
]

describe('a step on a file', () => {
  it('writes every row in the order of the input, with what came of it', async () => {
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

  it('gives several rows of one ids of their own, and separates what does not stay where asked to', async () => {
    folder.writeLines('in.jsonl', described(3))
    endpoint.reply = (request) => (lastText(request).includes('question 1?') ? '' : `thought ${request.seed}`)
    const ran = await hone(reasoned(['--set', 'samples=2', '--rejects', folder.at('rejects.jsonl')]))
    expect(ran.code).toBe(0)
    const rows = folder.read('out.jsonl')
    expect(rows.map(({ id }) => id)).toEqual(['row-0#0', 'row-0#1', 'row-2#0', 'row-2#1'])
    expect(rows.every(({ origin, parent }) => origin === parent)).toBe(true)
    expect(folder.read('rejects.jsonl').map(({ id, status, reason }) => [id, status, reason])).toEqual([
      ['row-1#0', 'dropped', 'empty-trace'],
      ['row-1#1', 'dropped', 'empty-trace'],
    ])
  })

  it('passes over what an earlier step has dropped or failed, and takes its output as it is', async () => {
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
    // A step that reads text alone needs no pictures: there are none.
    expect(existsSync(folder.at('img'))).toBe(false)
  })

  it('works on the rows of a question together, wherever they stand', async () => {
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

  it('looks at a whole question again when one of its rows has changed or gone', async () => {
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

  it('joins files in shares, in one order', async () => {
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

describe('what is bad', () => {
  it('becomes a failed row that names its line, and never ends the run', async () => {
    await folder.picture('ok.png')
    folder.write('cut.png', readFileSync(await folder.picture('whole.png')).subarray(0, 60))
    const good = { id: 'good', images: ['ok.png'], question: 'q?' }
    folder.writeLines('in.jsonl', [
      `\ufeff${JSON.stringify(good)}`,
      'not JSON',
      '',
      { id: 'good', images: ['ok.png'] },
      { id: 'none', image: 'ok.png' },
      { id: 'kind', images: ['ok.png'], kind: 'odd' },
      { ...good, id: 'gone', images: ['gone.png'] },
      { ...good, id: 'outside', images: ['../../etc/passwd'] },
      { ...good, id: 'folder', images: ['.'] },
      { ...good, id: 'device', images: ['/dev/zero'] },
      { ...good, id: 'cut', images: ['cut.png'] },
      { ...good, id: 'text', images: ['in.jsonl'] },
      '[1, 2]',
      { ...good, id: 'last' },
    ])
    const ran = await hone(['step', 'describe', '-i', folder.at('in.jsonl'), '-o', folder.at('out.jsonl'), ...server()])
    expect(ran.code).toBe(0)
    const rows = folder.read('out.jsonl')
    expect(rows.map(({ id, reason }) => [id, reason ?? 'kept'])).toEqual([
      ['good', 'kept'],
      ['line-2', 'bad-line'],
      ['line-4', 'duplicate-id'],
      ['line-5', 'bad-line'],
      ['line-6', 'bad-line'],
      ['gone', 'image-missing'],
      ['outside', 'image-outside'],
      ['folder', 'image-missing'],
      ['device', 'image-missing'],
      ['cut', 'image-broken'],
      ['text', 'image-broken'],
      ['line-13', 'bad-line'],
      ['last', 'kept'],
    ])
    expect(rows[1]).toMatchObject({ detail: 'line 2: not JSON', line: 2, images: [] })
    expect(rows[3]).toMatchObject({ given: 'none', detail: expect.stringMatching(/^line 5: images: /) as string })
    expect(rows[2]?.detail).toBe('line 4: line 1 has the id "good" already')
    // One request for both: a description goes by the picture.
    expect(endpoint.requests).toHaveLength(1)

    // A picture that has come is worked on; nothing else is sent.
    await folder.picture('gone.png', 9)
    const again = await hone([
      'step',
      'describe',
      '-i',
      folder.at('in.jsonl'),
      '-o',
      folder.at('out.jsonl'),
      ...server(),
    ])
    expect(again.code).toBe(0)
    expect(folder.read('out.jsonl')[5]).toMatchObject({ id: 'gone', status: 'kept' })
    expect(endpoint.requests).toHaveLength(2)
  })

  it('in whatever form, has one line in the output for each of the input', async () => {
    const line = fc.oneof(
      fc.string().map((text) => text.replaceAll(/[\r\n]/g, ' ')),
      fc.json().map((text) => text.replaceAll(/[\r\n]/g, ' ')),
      fc
        .record(
          {
            id: fc.oneof(fc.string(), fc.integer(), fc.constantFrom('a', 'a#0', 'line-1'), fc.constant(null)),
            images: fc.oneof(fc.array(fc.string(), { maxLength: 2 }), fc.constant(['a.png'])),
            trace: fc.oneof(fc.string(), fc.constant('<answer>1</answer>')),
            answer: fc.oneof(fc.string(), fc.integer(), fc.constant('1')),
            metadata: fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }),
          },
          { requiredKeys: [] },
        )
        .map((value) => JSON.stringify(value)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 12 }), async (lines) => {
        folder.writeLines('in.jsonl', lines)
        const ran = await hone(['step', 'verify', '-i', folder.at('in.jsonl'), '-o', folder.at('out.jsonl')])
        expect(ran.code).toBe(0)
        const rows = folder.read('out.jsonl')
        expect(rows).toHaveLength(lines.filter((text) => text.trim() !== '').length)
        expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
      }),
      { numRuns: 60 },
    )
  })

  it('of the endpoint has its reason, and is asked again only when told so', async () => {
    folder.writeLines('in.jsonl', described(6))
    endpoint.misbehave = (_, request) => (lastText(request).includes('question 2?') ? { status: 400 } : undefined)
    const ran = await hone(reasoned(['--set', 'samples=1', '--json']))
    expect(JSON.parse(ran.out)).toMatchObject({ kept: 5, failed: 1, reasons: { 'http-400': 1 } })
    expect(endpoint.requests).toHaveLength(6)
    endpoint.misbehave = () => undefined
    await hone(reasoned(['--set', 'samples=1']))
    expect(endpoint.requests).toHaveLength(6)
    const retried = await hone(reasoned(['--set', 'samples=1', '--retry-failed', '--json']))
    expect(JSON.parse(retried.out)).toMatchObject({ kept: 6, failed: 0, doneBefore: 5, requests: { paid: 1 } })
    expect(endpoint.requests).toHaveLength(7)
  })

  it('ends the run where more of it comes than may', async () => {
    folder.writeLines('in.jsonl', described(200))
    endpoint.misbehave = () => ({ status: 400 })
    const ran = await hone(reasoned(['--set', 'samples=1', '--max-failed', '5%']))
    expect(ran.code).toBe(1)
    expect(ran.err).toMatch(/\d+ of 200 rows failed \(http-400 \d+\); at most 10 may/)
    expect(existsSync(folder.at('out.jsonl'))).toBe(false)
  })
})

describe('what a step weighs as a whole', () => {
  const asked = (id: string, image: string, question: string) => ({ id, images: [image], question, answer: '1' })

  it('is its own input, where it looks for what comes twice', async () => {
    await folder.picture('a.png', 1)
    await folder.picture('same.png', 1)
    folder.writeLines('in.jsonl', [
      asked('first', 'a.png', 'How many?'),
      asked('other', 'a.png', 'What color is it?'),
      asked('again', 'same.png', 'how  many ?'),
      asked('first', 'a.png', 'an id twice'),
    ])
    const argv = ['step', 'dedupe', '-i', folder.at('in.jsonl'), '-o', folder.at('out.jsonl'), '--json']
    expect(JSON.parse((await hone(argv)).out)).toMatchObject({ kept: 2, dropped: 1, failed: 1, doneBefore: 0 })
    expect(folder.read('out.jsonl').map(({ id, status }) => `${id} ${status}`)).toEqual([
      'first kept',
      'other kept',
      'again dropped',
      'line-4 failed',
    ])
    expect(JSON.parse((await hone(argv)).out)).toMatchObject({ doneBefore: 3 })
  })

  it('are benchmarks, where it looks for what they have', async () => {
    await folder.picture('a.png', 1)
    await folder.picture('b.png', 70_000)
    await folder.picture('bench/a.png', 1)
    folder.writeLines('bench/items.jsonl', [asked('item', 'a.png', 'How many shapes?')])
    folder.writeLines('in.jsonl', [
      asked('leak', 'a.png', 'How many shapes?'),
      asked('clean', 'b.png', 'Where is the cat?'),
    ])
    const argv = ['step', 'decontaminate', '-i', folder.at('in.jsonl'), '-o', folder.at('out.jsonl')]
    expect((await hone([...argv, '--benchmark', `dev=${folder.at('bench/items.jsonl')}`])).code).toBe(0)
    expect(folder.read('out.jsonl').map(({ id, reason }) => [id, reason ?? 'kept'])).toEqual([
      ['leak', 'leak'],
      ['clean', 'kept'],
    ])
    // Another benchmark is another look at every row.
    folder.writeLines('bench/items.jsonl', [asked('item', 'a.png', 'Something else entirely?')])
    await hone([...argv, '--benchmark', `dev=${folder.at('bench/items.jsonl')}`])
    // A plain picture alone proves nothing.
    expect(folder.read('out.jsonl')[0]).toMatchObject({ id: 'leak', status: 'kept' })
  })

  it('are named files, with the rows that were dropped', async () => {
    const judged = (id: string, source: string, verdict: string) => ({
      ...asked(id, 'a.png', `question ${id}`),
      metadata: { source },
      verdict: { verdict, reason: 'x', verifierVersion: '1' },
      status: verdict === 'correct' ? 'kept' : 'dropped',
    })
    folder.writeLines('probe.jsonl', [
      ...Array.from({ length: 6 }, (_, at) => judged(`e${at}`, 'easy', 'correct')),
      ...Array.from({ length: 6 }, (_, at) => judged(`m${at}`, 'mid', at < 3 ? 'correct' : 'incorrect')),
      ...Array.from({ length: 6 }, (_, at) => judged(`h${at}`, 'hard', 'incorrect')),
    ])
    folder.writeLines(
      'in.jsonl',
      ['easy', 'mid', 'hard'].map((source) => ({ ...asked(source, 'a.png', 'q'), metadata: { source } })),
    )
    const argv = ['step', 'grade-difficulty', '-i', folder.at('in.jsonl'), '-o', folder.at('out.jsonl')]
    expect((await hone([...argv, '--evidence', `probe=${folder.at('probe.jsonl')}`])).code).toBe(0)
    expect(folder.read('out.jsonl').map(({ metadata }) => metadata['difficulty'])).toEqual(['easy', 'medium', 'hard'])
  })
})

describe('going on', () => {
  it('with other options pays for what they change', async () => {
    folder.writeLines('in.jsonl', described(10))
    await hone(reasoned(['--set', 'samples=2']))
    expect(endpoint.requests).toHaveLength(20)
    const more = await hone(reasoned(['--set', 'samples=3', '--json']))
    expect(JSON.parse(more.out)).toMatchObject({ doneBefore: 0, kept: 30, requests: { paid: 10, reused: 20 } })
    const back = await hone(reasoned(['--set', 'samples=2', '--json']))
    expect(JSON.parse(back.out)).toMatchObject({ doneBefore: 10, kept: 20, requests: { paid: 0 } })
    expect(folder.read('out.jsonl')).toHaveLength(20)
  })

  it('with some rows changed asks again for these alone', async () => {
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

  it('with a shared log finds what another output has paid for', async () => {
    folder.writeLines('in.jsonl', described(5))
    const shared = ['--set', 'samples=1', '--replies', folder.at('replies.jsonl')]
    await hone(reasoned(shared))
    const other = reasoned([...shared, '--json'])
    other[other.indexOf(folder.at('out.jsonl'))] = folder.at('other.jsonl')
    expect(JSON.parse((await hone(other)).out)).toMatchObject({ kept: 5, requests: { paid: 0, reused: 5 } })
  })

  it('after a budget keeps what was paid, and pays for the rest', async () => {
    folder.writeLines('in.jsonl', described(300))
    // 10 + 5 tokens a request: 20 for a hundred thousand of them.
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
    // Limits of every measure, in one grammar.
    const few = await hone(reasoned(['--set', 'samples=2', '--budget', 'tokens=1m,requests=310']))
    expect(few.code).toBe(4)
    expect(few.out).toContain('310 of 310 requests')
    expect(endpoint.requests).toHaveLength(310)
    // Nothing is left to pay: a spent budget does not keep a finished run from its output.
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

it('rows of text go through steps that need no picture, and say so to the others', async () => {
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

describe('the command line', () => {
  it('says what is wrong with an option, and which one was meant', async () => {
    folder.writeLines('in.jsonl', described(1))
    const said = async (...more: string[]) => {
      const { code, err } = await hone(reasoned(more))
      expect(code).toBe(2)
      return err
    }
    expect(await said('--set', 'sampels=3')).toMatch(/sampels = 3: unknown key "sampels"; did you mean "samples"\?/)
    expect(await said('--set', 'samples=many')).toMatch(/samples = "many": is not a (whole )?number/)
    expect(await said('--set', 'samples')).toContain('write KEY=VALUE')
    expect(await said('--set', 'endpoint=x')).toContain('--endpoint endpoint=URL')
    expect(await said('--set', 'step=x')).toContain('cannot be set here')
    expect(await said('--options', folder.write('o.yaml', 'samples: [1'))).toContain('is not YAML')
    expect(await said('--options', folder.write('o.yaml', 'temperatur: 1'))).toContain('did you mean "temperature"?')
    expect(await said('--model', 'judge=x')).toContain('reason asks no "judge"')
    expect(await said('--budget', '3')).toContain('needs prices')
    expect(await said('--price-prompt', 'much', '--price-completion', '1')).toContain('is no price')
    // What is left out is not free.
    expect(await said('--price-prompt', '1')).toMatch(/without the other price[^]*0 for what is free/)
    expect(await said('--price-completion', '1', '--budget', '20')).toContain('without the other price')
    expect(await said('--api-key-env', 'sk-secret')).not.toContain('sk-secret')
    expect(await said('--endpoint', 'http://user:pw@host/v1')).not.toContain('pw')
    expect(endpoint.requests).toHaveLength(0)
    expect(await said('--evidence', 'x=y')).toContain('weighs no evidence')
    expect(await said('--benchmark', 'x=y')).toContain('compares with no benchmark')
    expect(await said('--rejects', folder.at('in.jsonl'))).toContain('overwritten')
    const weighing = (name: string) => hone(['step', name, '-i', folder.at('in.jsonl'), '-o', folder.at('y')])
    expect((await weighing('grade-difficulty')).err).toContain('--evidence NAME=FILE')
    expect((await weighing('decontaminate')).err).toContain('--benchmark NAME=FILE')
    const unknown = await hone(['step', 'descrbe', '-i', 'x', '-o', 'y'])
    expect(unknown).toMatchObject({ code: 2 })
    expect(unknown.err).toContain('Did you mean "describe"?')
    expect((await hone(['step', 'verify', '-i', folder.at('none.jsonl'), '-o', folder.at('y')])).err).toContain(
      'Cannot read',
    )
    expect((await hone(['step', 'verify', '-i', 'x', '-o', 'x'])).err).toContain('overwritten')
  })

  it('writes to no file that it reads, whatever name the file has', async () => {
    const rows = folder.writeLines('in.jsonl', described(1))
    const before = readFileSync(rows, 'utf8')
    symlinkSync(rows, folder.at('link.jsonl'))
    linkSync(rows, folder.at('hard.jsonl'))
    const [at, out] = [(name: string) => folder.at(name), folder.at('out.jsonl')]
    for (const clash of [
      ['--replies', rows],
      ['--replies', at('link.jsonl')],
      ['--replies', at('hard.jsonl')],
      ['--replies', out],
      ['--replies', `${out}.partial`],
      ['--rejects', out],
      ['--rejects', at('sub/../out.jsonl')],
      ['--rejects', at('r.jsonl'), '--replies', at('r.jsonl')],
      ['--state', at('s'), '--replies', at('s/rows.jsonl')],
    ]) {
      folder.write('sub/file', '')
      const { code, err } = await hone(reasoned(clash))
      expect({ clash, code, err }).toMatchObject({ code: 2, err: expect.stringContaining('overwritten') as string })
    }
    const graded = (more: readonly string[]) =>
      hone(['step', 'grade-difficulty', '-i', rows, '-o', out, '--evidence', `e=${at('e.jsonl')}`, ...more])
    folder.writeLines('e.jsonl', described(1))
    expect((await graded(['--rejects', at('e.jsonl')])).err).toContain('overwritten')
    const cleaned = ['step', 'decontaminate', '-i', rows, '-o', at('e.jsonl'), '--benchmark', `b=${at('e.jsonl')}`]
    expect((await hone(cleaned)).err).toContain('overwritten')
    expect((await hone(['step', 'mix', '-i', rows, '-i', at('link.jsonl'), '-o', out])).err).toContain('given twice')
    expect(readFileSync(rows, 'utf8')).toBe(before)
    expect(readFileSync(at('e.jsonl'), 'utf8')).toBe(before)
  })

  it('gives values the type that the option wants, from a file too', async () => {
    folder.writeLines('in.jsonl', described(1))
    const file = folder.write('o.yaml', 'samples: 2\ntemperature: 0.5\n')
    const prompt = '{question} {description} {choices} #: 3'
    await hone(reasoned(['--options', file, '--set', 'samples=1', '--set', `prompt=${prompt}`, '--seed', '7']))
    expect(endpoint.requests).toHaveLength(1)
    expect(lastText(endpoint.requests[0]!)).toContain('#: 3')
    expect(endpoint.requests[0]).toMatchObject({ model: 'fake-model', top_p: 0.95 })
  })

  it('asks each model of a step at its own server', async () => {
    const other = await new FakeEndpoint().start()
    try {
      await withPictures(2)
      endpoint.reply = () => '<answer>1</answer>'
      other.reply = () => '<answer>1</answer>'
      const argv = ['step', 'agree', '-i', folder.at('in.jsonl'), '-o', folder.at('out.jsonl'), ...server()]
      const ran = await hone([...argv, '--endpoint', `reasoner=${other.url}`, '--model', 'reasoner=r1'])
      expect(ran.code).toBe(0)
      expect(other.requests.map(({ model }) => model)).toEqual(['r1', 'r1'])
      expect(endpoint.requests.map(({ model }) => model)).toEqual(['fake-model', 'fake-model'])
    } finally {
      await other.stop()
    }
  })

  it('shares the work of one model among several servers, and sends the key', async () => {
    const other = await new FakeEndpoint().start()
    try {
      folder.writeLines('in.jsonl', described(20))
      endpoint.latencyMs = 20
      other.latencyMs = 20
      const argv = reasoned([
        '--endpoint',
        other.url,
        '--api-key-env',
        'STEP_KEY',
        '--set',
        'samples=1',
        '--concurrency',
        '2',
      ])
      expect((await hone(argv)).err).toContain('STEP_KEY')
      expect((await hone(argv, { env: { STEP_KEY: 'k-1' } })).code).toBe(0)
      expect(endpoint.requests.length + other.requests.length).toBe(20)
      expect(Math.min(endpoint.requests.length, other.requests.length)).toBeGreaterThan(3)
      expect(new Set(other.authorizations)).toEqual(new Set(['Bearer k-1']))
    } finally {
      await other.stop()
    }
  })

  it('shows in a dry run what would be sent, and leaves nothing behind', async () => {
    await withPictures(3)
    const argv = ['step', 'describe', '-i', folder.at('in.jsonl'), '-o', folder.at('out.jsonl'), ...server()]
    const dry = await hone([...argv, '--dry-run', '--json'])
    expect(dry.code).toBe(0)
    const shown = JSON.parse(dry.out) as { request: { body: { seed: number } } }
    expect(shown).toMatchObject({ rows: 3, done: 0, bad: 0, calls: { endpoint: 3 } })
    expect(endpoint.requests).toHaveLength(0)
    expect(existsSync(folder.at('out.jsonl.hone'))).toBe(false)
    await hone([...argv, '--concurrency', '1'])
    const sent = endpoint.requests.find(({ seed }) => seed === shown.request.body.seed)
    const text = (body: unknown) => JSON.stringify(body).replaceAll(/"url":"[^"]*"/g, '"url":""')
    expect(shown.request.body).toMatchObject({ model: sent?.model, top_p: sent?.top_p })
    expect(text(shown.request.body)).toContain(text(sent?.messages))
    expect(dry.out).toContain('(0.png)')
    expect(JSON.parse((await hone([...argv, '--dry-run', '--json'])).out)).toMatchObject({ rows: 0, done: 3 })
  })

  it('is stopped by a full window of refusals with words, and never by a cut reply', async () => {
    folder.writeLines('in.jsonl', described(3))
    endpoint.misbehave = () => ({ status: 401 })
    const refused = await hone(reasoned())
    expect(refused.code).toBe(1)
    expect(refused.err).toContain('refuses')
    endpoint.misbehave = () => ({ body: completion('half a thou', 'length'), status: 200 })
    const cut = await hone(reasoned(['--set', 'samples=1', '--json']))
    expect(JSON.parse(cut.out)).toMatchObject({ dropped: 3, reasons: { truncated: 3 } })
  })
})

it('a state that someone has damaged costs a new look, and no wrong row', async () => {
  folder.writeLines('in.jsonl', described(5))
  await hone(reasoned(['--set', 'samples=1']))
  const rows = folder.read('out.jsonl')
  const log = folder.at('out.jsonl.hone/rows.jsonl')
  writeFileSync(log, `garbage\n${readFileSync(log, 'utf8').split('\n').slice(2).join('\n')}`)
  await hone(reasoned(['--set', 'samples=1']))
  expect(folder.read('out.jsonl')).toEqual(rows)
  expect(endpoint.requests).toHaveLength(5)
})
