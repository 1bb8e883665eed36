import { existsSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lastText } from '../models/fake-endpoint.ts'
import type { FakeEndpoint } from '../models/fake-endpoint.ts'
import { described, reasonArguments, serverOptions } from './step-parts.ts'
import { eachWithFolderAndServer } from './step-hooks.ts'
import type { StepFolder } from './step-world.ts'
import { hone } from './terminal.ts'

let folder: StepFolder
let endpoint: FakeEndpoint
eachWithFolderAndServer((...given) => {
  ;[folder, endpoint] = given
})

const server = () => serverOptions(endpoint)
const reasoned = (changes: readonly string[] = []) => reasonArguments(folder, endpoint, changes)

describe('a bad row or reply', () => {
  it('becomes a failed row with its line, and never ends the run', async () => {
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
    expect(rows[1]).toMatchObject({ detail: expect.stringContaining('line 2: not JSON'), line: 2, images: [] })
    expect(rows[3]).toMatchObject({ given: 'none', detail: expect.stringMatching(/^line 5: images: /) as string })
    expect(rows[2]?.detail).toBe('line 4: line 1 has the id "good" already')
    // Both rows share a request, because a description depends on the picture only.
    expect(endpoint.requests).toHaveLength(1)

    // The next run describes the picture that is there now and sends nothing else.
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

  it('has one line in the output for each line of the input, whatever its form', async () => {
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

  it('of the endpoint has a reason, and is asked for again only on demand', async () => {
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

  it('ends the run when more rows fail than the limit allows', async () => {
    folder.writeLines('in.jsonl', described(200))
    const tooLong = JSON.stringify({
      error: { message: "This model's maximum context length is 32768 tokens, and the messages have 40000." },
    })
    endpoint.misbehave = () => ({ status: 400, body: tooLong })
    const ran = await hone(reasoned(['--set', 'samples=1', '--max-failed', '5%']))
    expect(ran.code).toBe(1)
    expect(ran.err).toMatch(/\d+ of 200 rows failed \(http-400 \d+\); at most 10 may/)
    expect(existsSync(folder.at('out.jsonl'))).toBe(false)
  })
})
