import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describeError } from '../../../domain/errors.ts'
import { runKeyCommand } from '../../../models/http/key-command.ts'
import { Keys } from '../../../models/http/keys.ts'
import { failureOf, range } from '../asking.ts'
import { completion } from '../fake-endpoint.ts'
import { ManualClock } from '../manual-clock.ts'
import { clientOf, serve } from './serving.ts'
import type { Served } from './serving.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-keys-'))
})
afterEach(() => rm(folder, { recursive: true }))

const answering = (): Promise<Served> => serve((_, response) => response.end(completion('fine')))
const keysOf = ({ got }: Served) => got.map(({ headers }) => headers.authorization)

describe('a key', () => {
  it('comes from a file, which is read again when it changes', async () => {
    const server = await answering()
    const apiKeyFile = join(folder, 'key')
    await writeFile(apiKeyFile, 'first\n')
    const client = clientOf(server.url, { apiKeyFile })
    await client.ask()
    await client.ask()
    await writeFile(apiKeyFile, ' second ')
    await client.ask()
    expect(keysOf(server)).toEqual(['Bearer first', 'Bearer first', 'Bearer second'])
  })

  it.each(['nowhere', 'empty'])('that is in a file %s is missing, before anything is sent', async (name) => {
    const server = await answering()
    const apiKeyFile = join(folder, name)
    if (name === 'empty') await writeFile(apiKeyFile, '\n')
    const error = await failureOf(clientOf(server.url, { apiKeyFile }).ask())
    expect(error).toMatchObject({ type: 'MissingSecret', message: expect.stringContaining(apiKeyFile) })
    expect(server.got).toEqual([])
  })

  it('comes from a command, which runs once for calls at one time and for calls after it', async () => {
    const server = await answering()
    const runs = join(folder, 'runs')
    const client = clientOf(
      server.url,
      { apiKeyCommand: `echo run >> ${runs}; sleep 0.1; echo ' token ' | cat` },
      process.env,
    )
    await Promise.all(range(8).map(() => client.ask()))
    await client.ask()
    expect(new Set(keysOf(server))).toEqual(new Set(['Bearer token']))
    expect(await readFile(runs, 'utf8')).toBe('run\n')
  })

  it('that expires while many calls are in flight is asked for once, and no call fails', async () => {
    let valid = 'token-1'
    const server = await serve((got, response) => {
      if (got.headers.authorization === `Bearer ${valid}`) response.end(completion('fine'))
      else response.writeHead(401).end('{"error":{"message":"token expired"}}')
    })
    const [counter, runs] = [join(folder, 'counter'), join(folder, 'runs')]
    await writeFile(counter, valid)
    const client = clientOf(server.url, { apiKeyCommand: `echo run >> ${runs}; cat ${counter}` }, process.env)
    expect((await client.ask()).kind).toBe('ok')
    valid = 'token-2'
    await writeFile(counter, valid)
    const results = await Promise.all(range(20).map(() => client.ask()))
    expect(results.map(({ kind }) => kind)).toEqual(range(20).map(() => 'ok'))
    expect(await readFile(runs, 'utf8')).toBe('run\nrun\n')
  })

  it('that stays refused is refused, and is asked for once a call', async () => {
    const server = await serve((_, response) => response.writeHead(401).end('{"error":{"message":"bad token"}}'))
    const result = await clientOf(server.url, { apiKeyCommand: 'echo token' }, process.env).ask()
    expect(result.kind).not.toBe('ok')
    expect(server.got).toHaveLength(1)
  })

  it.each([
    ['two lines', 'sk-secret\nsk-more'],
    ['a space', 'sk-secret more'],
    ['a quote of a word processor', 'sk-secret”'],
  ])('with %s in its middle is refused for every row, and never quoted', async (_, key) => {
    const server = await answering()
    const error = await failureOf(clientOf(server.url, { apiKeyEnv: 'KEY' }, { KEY: key }).ask())
    expect(error).toMatchObject({ type: 'MissingSecret' })
    expect(describeError(error)).toContain('KEY')
    expect(describeError(error)).not.toContain('sk-')
    expect(server.got).toEqual([])
  })

  it('is never in what a server says, nor are the other secrets', async () => {
    const server = await serve((got, response) =>
      response.writeHead(400).end(
        JSON.stringify({
          error: {
            message: `you sent ${String(got.headers.authorization)} ${String(got.headers['x-tenant'])} ${got.url}`,
          },
        }),
      ),
    )
    const client = clientOf(
      server.url,
      { apiKeyEnv: 'KEY', headers: { 'x-tenant': '$TENANT' }, query: { sig: '$SIGNATURE' } },
      { KEY: 'sk-secret', TENANT: 'tenant-secret', SIGNATURE: 'a+b/secret' },
    )
    const said = JSON.stringify(await client.ask())
    expect(said).toContain('you sent Bearer [key] [key]')
    expect(said).not.toContain('secret')
  })
})

describe('a variable in a header or in the query', () => {
  it('that is not set is named, before anything is sent', async () => {
    const server = await answering()
    const error = await failureOf(clientOf(server.url, { headers: { 'x-tenant': '$TENANT' } }).ask())
    expect(error).toMatchObject({
      type: 'MissingSecret',
      message: expect.stringMatching(/x-tenant.*TENANT is not set/),
    })
    expect(server.got).toEqual([])
  })

  it('with a line break is refused, and never quoted', async () => {
    const server = await answering()
    const client = clientOf(server.url, { headers: { 'x-tenant': '$TENANT' } }, { TENANT: 'se\ncret' })
    const error = await failureOf(client.ask())
    expect(error).toMatchObject({ type: 'MissingSecret', message: expect.stringContaining('x-tenant') })
    expect(describeError(error)).not.toMatch(/se\s?cret/)
  })
})

describe('the command of a key', () => {
  it.each([
    ['fails', 'echo sk-secret; exit 3', 'exit code 3'],
    ['prints nothing', 'true', 'printed nothing'],
    ['prints without end', 'yes sk-secret', 'printed more than 65536 bytes'],
    ['does not exist', 'no-such-command-here', 'exit code 127'],
  ])('that %s says so without its output', async (_, command, words) => {
    const error = await failureOf(runKeyCommand(command, process.env))
    expect(error).toMatchObject({ type: 'MissingSecret' })
    expect(describeError(error).replace(command, '')).toContain(words)
    expect(describeError(error).replace(command, '')).not.toContain('sk-secret')
  })

  it('that takes too long ends with all its parts', async () => {
    const file = join(folder, 'late')
    const script = join(folder, 'slow.sh')
    await writeFile(script, `#!/bin/sh\nsleep 0.6; echo late > ${file}`)
    await chmod(script, 0o700)
    const error = await failureOf(runKeyCommand(`${script} | cat`, process.env, 200))
    expect(error).toMatchObject({ message: expect.stringContaining('took more than 0.2 s') })
    await sleep(700)
    await expect(readFile(file)).rejects.toThrow('ENOENT')
  })

  it('runs again after five minutes, and after a failure', async () => {
    const clock = new ManualClock()
    const keys = new Keys(clock)
    const [runs, flag] = [join(folder, 'runs'), join(folder, 'flag')]
    const command = `echo run >> ${runs}; test -e ${flag} && cat ${flag}`
    await expect(keys.ofCommand(command, process.env)).rejects.toThrow('exit code 1')
    await writeFile(flag, 'one')
    expect(await keys.ofCommand(command, process.env)).toBe('one')
    await writeFile(flag, 'two')
    await clock.advance(299_000)
    expect(await keys.ofCommand(command, process.env)).toBe('one')
    await clock.advance(2000)
    expect(await keys.ofCommand(command, process.env)).toBe('two')
    expect(await readFile(runs, 'utf8')).toBe('run\n'.repeat(3))
  })
})
