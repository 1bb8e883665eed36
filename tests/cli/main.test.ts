import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { verbs } from '../../cli/verbs.ts'
import { temporaryHome } from '../world/home.ts'
import { hone } from './terminal.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

describe('help', () => {
  it('lists every verb in groups, with examples', async () => {
    const { out, code } = await hone(['--help'])
    expect(code).toBe(0)
    for (const { name, summary } of verbs) expect(out).toMatch(new RegExp(`^  ${name} +${summary.slice(0, 20)}`, 'm'))
    expect(out).toMatch(/Run:[^]*Look:[^]*Steer:[^]*Tools:[^]*Examples:/)
  })

  it('of every verb has at least two examples and --json', async () => {
    for (const { name } of verbs) {
      const { out, code } = await hone(['help', name])
      const examples = out.match(/^ {2}\$ .*hone/gm) ?? []
      expect({ name, code, hasJson: out.includes('--json'), hasExamples: examples.length >= 2 }).toEqual({
        name,
        code: 0,
        hasJson: true,
        hasExamples: true,
      })
    }
  })

  it('summaries are no longer than a line', async () => {
    for (const verb of verbs) expect(verb.summary.length).toBeLessThan(70)
  })

  it('prints the version of the package', async () => {
    expect(await hone(['--version'])).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })

  it('and verify load neither Temporal, nor the database, nor the picture library', async () => {
    const script = `
      const { main } = await import('./cli/main.ts')
      await main(['--help'])
      await main(['verify', '--gold', '3', '--answer', '3'])
      const { createRequire } = await import('node:module')
      const loaded = Object.keys(createRequire(import.meta.url).cache)
      process.stdout.write('LOADED ' + JSON.stringify(loaded.filter((path) => /temporalio|drizzle|sharp|[/]pg[/]/.test(path))))`
    const { stdout } = await run(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      cwd: root,
    })
    expect(stdout.split('LOADED ')[1]).toBe('[]')
  })

  it('and verbs that only read load neither Temporal, nor the picture library, nor Parquet', async () => {
    const script = `
      const { verbs } = await import('./cli/verbs.ts')
      const { processTerminal } = await import('./cli/terminal.ts')
      for (const { name, group, load } of verbs) if (group === 'Look:') await load(processTerminal())
      const { createRequire } = await import('node:module')
      const loaded = Object.keys(createRequire(import.meta.url).cache)
      const heavy = /temporalio[/](?:client|worker|core-bridge)|sharp|duckdb/
      process.stdout.write('LOADED ' + JSON.stringify([loaded.length > 10, loaded.filter((path) => heavy.test(path))]))`
    const { stdout } = await run(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      cwd: root,
    })
    expect(stdout.split('LOADED ')[1]).toBe('[true,[]]')
  })
})

describe('wrong usage', () => {
  it('of a verb ends with 2 and a suggestion', async () => {
    const { code, err } = await hone(['rollbak'])
    expect(code).toBe(2)
    expect(err).toContain('Did you mean rollback?')
  })

  it('of an option ends with 2 and a suggestion', async () => {
    const { code, err } = await hone(['verify', '--inptu', 'x'])
    expect(code).toBe(2)
    expect(err).toContain('Did you mean --input?')
  })

  it('explains a required option that is missing', async () => {
    const { code, err } = await hone(['rollback', 'demo', '--to', '1'])
    expect(code).toBe(2)
    expect(err).toContain("required option '--reason <text>' not specified")
  })

  it('refuses a round that is not a number', async () => {
    expect((await hone(['rollback', '--to', '-1x', '--reason', 'r'])).code).toBe(2)
  })

  it('is one JSON object with --json, and nothing on standard error', async () => {
    const { code, out, err } = await hone(['lsit', '--json'])
    expect(code).toBe(2)
    expect(err).toBe('')
    expect(JSON.parse(out)).toMatchObject({ error: { type: 'Usage', message: expect.stringContaining('lsit') } })
  })

  it('without any verb prints the help and ends with 2', async () => {
    const { code, err } = await hone([])
    expect(code).toBe(2)
    expect(err).toContain('Usage: hone')
  })
})

describe('a home where nothing runs', () => {
  it('is an error that says what to do', async () => {
    const env = { HONE_HOME: temporaryHome() }
    for (const argv of [['list'], ['status'], ['rounds', 'demo'], ['pause', 'demo'], ['lineage', 'abc']]) {
      const { code, err } = await hone(argv, { env })
      expect(code).toBe(1)
      expect(err).toMatch(/^No Hone runs in this home \(.*\)\.\n {2}→ Start it with `hone dev`/)
    }
  })

  it('is an error as JSON', async () => {
    const { code, out } = await hone(['list', '--json'], { env: { HONE_HOME: temporaryHome() } })
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      error: { type: 'MissingDependency', nextStep: expect.stringMatching(/hone dev/) },
    })
  })

  it('with a database that does not answer is an error without the password', async () => {
    const { code, err } = await hone(['list'], { env: { DATABASE_URL: 'postgres://me:secret@127.0.0.1:1/hone' } })
    expect(code).toBe(1)
    expect(err).toContain('PostgreSQL at 127.0.0.1:1/hone does not answer (ECONNREFUSED).')
    expect(err).not.toContain('secret')
  })
})

it('doctor lists what it finds and ends with 1 when a required part is missing', async () => {
  const { out, code } = await hone(['doctor', '--json'], { env: { PATH: '', HONE_HOME: temporaryHome() } })
  const { ok, findings }: { ok: boolean; findings: { name: string; found: string }[] } = JSON.parse(out)
  expect({ ok, code }).toEqual({ ok: false, code: 1 })
  expect(findings).toContainEqual(
    expect.objectContaining({ name: 'python', found: 'missing', fix: expect.any(String) }),
  )
})

it('verify runs as a program and returns its exit code', async () => {
  expect(await hone(['verify', '--gold', '3', '--answer', '3'])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^correct/),
  })
  expect((await hone(['verify'])).code).toBe(2)
})

it('a reader that closes the pipe causes no error', async () => {
  const { stdout } = await run('bash', ['-c', `set -o pipefail; node bin/hone.js --help | head -1`], { cwd: root })
  expect(stdout).toMatch(/^Usage: hone/)
})
