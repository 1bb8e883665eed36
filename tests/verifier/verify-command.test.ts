import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { verifyCommand } from '../../cli/verify.ts'

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
      { id: 'c', verdict: 'unverifiable', reason: 'needs-expression', extracted: '1.41', rule: 'whole' },
    ])
    expect(JSON.parse(out)).toMatchObject({ rows: 3, correct: 1, incorrect: 1, unverifiable: 1, bad: 0 })
    expect(code).toBe(0)
  })

  it('reads standard input, writes standard output, and names bad lines with their fix', async () => {
    const input = [
      row('a', '3', '3'),
      '{"id":"b"',
      JSON.stringify({ id: 'c', gold: '1', answer: '1', kind: 'box' }),
      row('d', '3', '3'),
    ]
    const { out, err, code } = await hone(['--input', '-'], input.join('\r\n'))
    expect(out.trim().split('\n')).toHaveLength(2)
    expect(err).toMatch(/stdin:2: The line is not JSON\.\n {2}→ Write one JSON object a line/)
    expect(err).toMatch(/stdin:3: Row "c": kind "box" is reserved/)
    expect(err).toMatch(/2 judged: 2 correct.*2 bad lines/)
    expect(code).toBe(2)
  })

  it('judges one case and explains it', async () => {
    const { out, code } = await hone(['--gold', '0.5', '--answer', '\\frac12', '--explain'])
    expect(out).toMatch(
      /^correct \(same-number\)\nkind +number\nextracted +\\frac12\nfound by +whole\nformat +not held/,
    )
    expect(code).toBe(0)
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
    [['--input', '/nowhere/cases.jsonl'], /Cannot open \/nowhere\/cases.jsonl/],
    [['--input', '/'], /\/.*directory/],
  ])('exits with 2 and says why for %j', async (args, reason) => {
    const { err, code } = await hone(args)
    expect(err).toMatch(reason)
    expect(code).toBe(2)
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
