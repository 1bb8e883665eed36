import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { homePaths } from '../../services/home.ts'
import { rewardToken } from '../../services/stack/own-services.ts'

let home: string
const file = () => join(homePaths(home).services, 'reward-token')
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'hone-token-'))
  mkdirSync(homePaths(home).services, { recursive: true })
})
afterAll(() => rmSync(home, { recursive: true }))

describe("the home's token", () => {
  it('stays the same', () => {
    const token = rewardToken(home)
    expect(token).toMatch(/^[\w-]{32}$/)
    expect(rewardToken(home)).toBe(token)
    expect(statSync(file()).mode & 0o777).toBe(0o600)
  })

  it.each([
    ['empty', ''],
    ['white space', ' \n'],
    ['cut', 'abcdef'],
  ])('is made anew where its file is %s, as a full disk leaves it', (_, content) => {
    writeFileSync(file(), content)
    const token = rewardToken(home)
    expect(token).toMatch(/^[\w-]{32}$/)
    expect(readFileSync(file(), 'utf8')).toBe(token)
  })
})

const entry = fileURLToPath(new URL('../../verifier/serve/reward-server-main.ts', import.meta.url))

/** Starts the reward server. Resolves with its first words, or with its error. */
async function serve(token: string | undefined, ...argv: string[]): Promise<string> {
  const { HONE_REWARD_TOKEN: _, ...env } = process.env
  const child = spawn(process.execPath, ['--import', 'tsx', entry, '--port', '0', ...argv], {
    env: token === undefined ? env : { ...env, HONE_REWARD_TOKEN: token },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  try {
    return await new Promise((resolve) => {
      let said = ''
      child.stdout.once('data', (data: Buffer) => resolve(data.toString()))
      child.stderr.on('data', (data: Buffer) => (said += data.toString()))
      child.once('close', (code) => resolve(`exit ${code}: ${said}`))
    })
  } finally {
    child.kill('SIGKILL')
  }
}

describe('a reward server', { timeout: 30_000 }, () => {
  it.each([
    ['without a token', undefined, [], 'HONE_REWARD_TOKEN is not set'],
    ['with an empty token', '', [], 'HONE_REWARD_TOKEN has 0 characters'],
    ['with a short token', 'abc', [], 'HONE_REWARD_TOKEN has 3 characters'],
    ['with an empty token that is no wish for none', '', ['--no-token'], 'HONE_REWARD_TOKEN has 0 characters'],
    ['without a token for the network', undefined, ['--no-token', '--host', '0.0.0.0'], 'HONE_REWARD_TOKEN is not set'],
  ])('does not start %s', async (_, token, argv, why) => {
    const said = await serve(token, ...argv)
    expect(said).toContain('exit 1')
    expect(said).toContain(why)
    expect(said).toContain('openssl rand')
  })

  it('starts without a token where its user says so, for this machine alone', async () => {
    expect(await serve(undefined, '--no-token')).toContain('"ready":true')
  })
})
