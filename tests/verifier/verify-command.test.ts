import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CommanderError } from 'commander'
import { z } from 'zod'
import { Interrupted } from '../../cli/terminal.ts'
import { verifyCommand } from '../../cli/verbs/verify.ts'
import { answerKinds, answerPolicy } from '../../domain/answer-check.ts'

let folder: string
let exitCode: typeof process.exitCode
beforeEach(async () => {
  exitCode = process.exitCode
  folder = await mkdtemp(path.join(tmpdir(), 'hone-verify-'))
})
afterEach(async () => {
  process.exitCode = exitCode
  await rm(folder, { recursive: true })
})

async function hone(args: string[], input = ''): Promise<{ out: string; err: string; code: unknown }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const read = Promise.all([text(stdout), text(stderr)])
  await verifyCommand({ stdin: Readable.from([input]), stdout, stderr }).parseAsync(args, { from: 'user' })
  stdout.end()
  stderr.end()
  const [out, err] = await read
  return { out, err, code: process.exitCode }
}

const row = (id: string, gold: string, answer: string): string => JSON.stringify({ id, gold, answer })

describe('hone verify', () => {
  it('judges a file in order and prints a summary', async () => {
    const [input, output] = [path.join(folder, 'cases.jsonl'), path.join(folder, 'verdicts.jsonl')]
    await writeFile(
      input,
      [row('a', '3', '<answer>3</answer>'), row('b', '3', '4'), '', row('c', '\\sqrt2', '1.41')].join('\n'),
    )
    const { out, code } = await hone(['--input', input, '--output', output, '--json'])
    const lines = (await readFile(output, 'utf8')).trim().split('\n')
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { id: 'a', verdict: 'correct', reason: 'same-text', extracted: '3', rule: 'answer-tag' },
      { id: 'b', verdict: 'incorrect', reason: 'different-number', extracted: '4', rule: 'whole' },
      expect.objectContaining({ id: 'c', extracted: '1.41', rule: 'whole' }),
    ])
    expect(JSON.parse(out)).toMatchObject({ rows: 3, correct: 1, timedOut: 0, bad: 0 })
    expect(code).toBe(0)
  })

  it('reads standard input, writes standard output, and names bad lines with their fix', async () => {
    const input = [
      row('a', '3', '3'),
      '{"id":"b"',
      JSON.stringify({ id: 'c', gold: '1', answer: '1', kind: 'bx' }),
      row('d', '3', '3'),
    ]
    const { out, err, code } = await hone(['--input', '-'], input.join('\r\n'))
    expect(out.trim().split('\n')).toHaveLength(2)
    expect(err).toMatch(/stdin:2: The line is not JSON\.\n {2}→ Write one JSON object a line/)
    expect(err).toMatch(/stdin:3: Row "c": unknown kind "bx"/)
    expect(err).toMatch(/2 judged: 2 correct.*2 bad lines/)
    expect(code).toBe(2)
  })

  it('judges one case and explains it', async () => {
    const { out, code } = await hone(['--gold', '0.5', '--answer', '\\frac12', '--explain'])
    expect(out).toMatch(
      /^correct \(\S+\)\nkind +\w+ \(auto\)\ngold +0\.5\nextracted +\\frac12\nfound by +whole\nformat +not held/,
    )
    expect(code).toBe(0)
  })

  it('accepts any number of policies', async () => {
    const { out } = await hone(
      ['--gold', '3/4/2024', '--answer', '3/4/2024', '--kind', 'date', '--explain'].concat([
        '--policy',
        'percent=strict',
        '--policy',
        'dateOrder=dmy',
        '--policy',
        'width=640',
      ]),
    )
    expect(out).toMatch(/^policy +percent=strict, dateOrder=dmy, width=640$/m)
  })

  it('shows every kind and policy in its help', () => {
    let help = ''
    const command = verifyCommand().configureOutput({ writeOut: (text) => void (help += text) })
    command.outputHelp()
    for (const name of [...answerKinds, ...answerPolicy.keyof().options]) expect(help).toContain(name)
    for (const key of ['percent', 'ratio', 'units', 'ocr', 'years', 'form', 'dateOrder', 'match', 'coords'] as const) {
      expect(help).toMatch(new RegExp(`${key} +${answerPolicy.shape[key].unwrap().options.join('\\|')} `))
    }
  })

  it('judges many rows in threads, in order, with bad lines between them', async () => {
    const lines = Array.from({ length: 3000 }, (_, i) =>
      i % 500 === 7 ? 'oops' : row(`r${i}`, '3', i % 2 ? '3' : '4'),
    )
    const { out, err, code } = await hone(['--input', '-', '--workers', '2'], `\ufeff${lines.join('\n')}`)
    const ids = out
      .trim()
      .split('\n')
      .map((line) => z.object({ id: z.string() }).parse(JSON.parse(line)).id)
    expect(ids).toEqual(lines.flatMap((line, i) => (line === 'oops' ? [] : [`r${i}`])))
    expect(err.match(/stdin:\d+/g)).toEqual([8, 508, 1008, 1508, 2008, 2508].map((n) => `stdin:${n}`))
    expect(code).toBe(2)
  })

  it('answers a row before the next row arrives', async () => {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
    const done = verifyCommand({ stdin, stdout, stderr }).parseAsync(['--input', '-'], { from: 'user' })
    stdin.write(`${row('a', '3', '3')}\n`)
    expect(String((await once(stdout, 'data'))[0])).toMatch(/^\{"id":"a","verdict":"correct"/)
    stdin.end(row('b', '3', '3'))
    expect(String((await once(stdout, 'data'))[0])).toMatch(/^\{"id":"b","verdict":"correct"/)
    await done
  })

  it('ends cleanly at Ctrl-C', async () => {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
    const done = verifyCommand({ stdin, stdout, stderr }).parseAsync(['--input', '-'], { from: 'user' })
    stdin.write(`${row('a', '3', '3')}\n`)
    await once(stdout, 'data')
    process.emit('SIGINT', 'SIGINT')
    await expect(done).rejects.toBeInstanceOf(Interrupted)
    expect(String(stderr.read())).toContain('1 judged: 1 correct')
  })

  it('accepts the line breaks that JSON allows in a text, and goes on after a line that is too long', async () => {
    const long = `{"id":"long","gold":"1","answer":"${'x'.repeat(33 * 1024 * 1024)}"}`
    const { out, err } = await hone(['--input', '-'], [row('a', '3', '3\u2028'), long, row('b', '3', '3')].join('\n'))
    expect(out.trim().split('\n')).toHaveLength(2)
    expect(err).toMatch(/stdin:2: The line is longer than any row/)
  })

  it('prints one case as JSON', async () => {
    const { out } = await hone(['--gold', 'B', '--answer', 'blue', '--choices', 'red', 'blue', '--json'])
    expect(JSON.parse(out)).toMatchObject({ verdict: 'correct', reason: 'same-choice' })
  })

  it.each([
    [[], /either --input, or --gold and --answer/],
    [['--gold', '1'], /belong together/],
    [['--gold', '1', '--answer', '1', '--input', 'x'], /either --input/],
    [['--gold', '1', '--answer', '1', '--kind', 'numbr'], /unknown kind "numbr"/],
    [['--gold', '1', '--answer', '1', '--precision', 'two'], /"precision"/],
    [['--input', 'x', '--kind', 'number'], /are for one case/],
    [['--gold', '1', '--answer', '1', '--kind', 'date', '--policy', 'dateOrder=ymd'], /policy\.dateOrder/],
    [['--input', '/nowhere/cases.jsonl'], /Cannot open \/nowhere\/cases.jsonl/],
    [['--input', '/'], /\/.*directory/],
  ])('exits with 2 and says why for %j', async (args, reason) => {
    const { err, code } = await hone(args)
    expect(err).toMatch(reason)
    expect(code).toBe(2)
  })

  it.each([
    [['--policy', 'percent'], /KEY=VALUE/],
    [['--policy', 'percnt=strict'], /Policies are percent, ratio/],
    [['--workers', '0'], /whole number from 1/],
  ])('refuses %j', async (args, reason) => {
    let said = ''
    const command = verifyCommand()
      .exitOverride()
      .configureOutput({ writeErr: (text) => void (said += text) })
    await expect(command.parseAsync(args, { from: 'user' })).rejects.toBeInstanceOf(CommanderError)
    expect(said).toMatch(reason)
  })

  it('exits with 2 when the output cannot be written', async () => {
    const { err, code } = await hone(
      ['--input', '-', '--output', path.join(folder, 'no', 'folder.jsonl')],
      row('a', '1', '1'),
    )
    expect(err).toMatch(/Cannot open .*folder\.jsonl/)
    expect(code).toBe(2)
  })
})
