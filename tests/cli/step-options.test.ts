import { existsSync, linkSync, readFileSync, symlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { completion, FakeEndpoint, lastText } from '../models/fake-endpoint.ts'
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

describe('the command line', () => {
  it('says what is wrong with an option, and names the right option', async () => {
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
    // A price that is left out does not mean free.
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

  it('gives values the type of the option, also from a file', async () => {
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

  it('shows the next request in a dry run, and leaves nothing behind', async () => {
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

  it('ends with a message when every request is refused, and never because of a cut reply', async () => {
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
