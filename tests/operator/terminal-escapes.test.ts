import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { markdownText, plainText } from '../../domain/plain-text.ts'
import { control, safeOutput } from '../../services/safe-output.ts'
import { campaignDetails } from '../../workflows/details.ts'
import { filesLike, read } from '../architecture/sources.ts'
import { StepFolder } from '../cli/step-world.ts'

const unsafe = /[^\P{Cc}\t\n]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u
/** Sets the title, clears the screen, writes to the clipboard, moves up, turns the direction. */
const attack = '\u001b]0;owned\u0007\u001b[2J\u001b]52;c;b3duZWQ=\u0007\u009b1A\rfake\u202e'

describe('text of others', () => {
  it('cannot control a terminal, and stays readable', () => {
    expect(plainText(attack)).toBe(
      '\\u001b]0;owned\\u0007\\u001b[2J\\u001b]52;c;b3duZWQ=\\u0007\\u009b1A\\u000dfake\\u202e',
    )
    expect(plainText('häßlich 漢字 🙂\tשלום\n')).toBe('häßlich 漢字 🙂\tשלום\n')
  })

  it('whatever it is, has no control character left, and means the same in JSON', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(plainText(text)).not.toMatch(unsafe)
        expect(JSON.parse(plainText(JSON.stringify({ text })))).toEqual({ text })
        expect(plainText(plainText(text))).toBe(plainText(text))
      }),
    )
  })

  it('is plain on every safe output, where only the program’s own sequences go through', () => {
    const written: string[] = []
    const output = safeOutput(new Writable({ write: (chunk, _, done) => (written.push(String(chunk)), done()) }))
    output.write(attack)
    control(output, '\u001b[K')
    expect(written).toEqual([plainText(attack), '\u001b[K'])
  })

  it('means itself in Markdown: no mark-up, no HTML, no new cell', () => {
    const name = 'x|**b**<img src=x onerror=alert(1)>[a](javascript:b)\n# h'
    expect(markdownText(name)).toBe('x\\|\\*\\*b\\*\\*\\<img src=x onerror=alert(1)\\>\\[a\\](javascript:b) \\# h')
    const score = { benchmark: name, accuracy: 0.5, low: 0.4, high: 0.6, n: 10 }
    const round = { round: 1, parent: 0, status: 'done', decision: null, scores: [score], seconds: 1 }
    const page = campaignDetails({ status: 'running', head: 1, rounds: [round], running: null } as never)
    expect(page).not.toMatch(/(?<!\\)<img/)
    expect(page.split('\n')).toHaveLength(5)
  })
})

describe('hone', { timeout: 60_000 }, () => {
  const program = fileURLToPath(new URL('../../bin/hone.js', import.meta.url))
  const run = async (...argv: string[]): Promise<string> => {
    const child = spawn(process.execPath, [program, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] })
    return (await Promise.all([textOf(child.stdout), textOf(child.stderr)])).join('')
  }

  it('prints no control character of an answer that it explains', async () => {
    const said = await run('verify', '--gold', '12', '--answer', `The answer is ${attack}13`, '--explain')
    expect(said).toContain('\\u001b')
    expect(said).not.toMatch(unsafe)
  })

  it('prints no control character of a server’s error or of a row', async () => {
    const server = createServer((request, response) => {
      request.resume()
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { message: `no ${attack}` } }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const folder = new StepFolder()
    onTestFinished(() => folder.remove())
    const row = { id: attack, images: ['a.png'], question: 'q?', description: attack }
    const input = folder.writeLines('in.jsonl', [row, { ...row, id: 'b', images: 3 }])
    const { port } = server.address() as AddressInfo
    const endpoint = ['--endpoint', `http://127.0.0.1:${port}/v1`, '--model', 'm']
    const said = await run('step', 'reason', '-i', input, '-o', folder.at('out.jsonl'), ...endpoint)
    expect(said).toContain('\\u001b')
    expect(said).not.toMatch(unsafe)
  })

  it('prints by its terminal alone: other writers would let control characters through', () => {
    const writers = /process\.(stdout|stderr)|console\.(log|error|warn|info)/
    const own = /^(tests|bench|demo)\/|^recipes\/write-/
    const found = filesLike('*.ts').filter((path) => !own.test(path) && writers.test(read(path)))
    expect(found.toSorted()).toEqual([
      'cli/terminal.ts',
      // The user's own shell on the database has the terminal while it runs.
      'cli/verbs/psql.ts',
      // A default for programs that have no terminal of Hone.
      'services/progress.ts',
      'verifier/serve/reward-server-main.ts',
      'worker/bundle.ts',
      'worker/main.ts',
    ])
  })
})
