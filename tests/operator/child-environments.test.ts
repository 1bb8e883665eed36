import { readFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { secretVariables } from '../../domain/recipe/secret-variables.ts'
import { inheritedEnvironment, withhold } from '../../jobs/launchers/secrets.ts'
import { parseRecipe } from '../../recipes/read-recipe.ts'
import { basicEnvironment } from '../../services/basic-environment.ts'
import { bringUpPostgres } from '../../services/postgres.ts'
import { findService } from '../../services/processes.ts'
import { startTeacherService } from '../../services/stack/own-services.ts'
import { temporaryHome } from '../world/home.ts'

/** The environment of a process, as its user can read it. */
const environmentOf = (pid: number): string => readFileSync(`/proc/${pid}/environ`, 'utf8')

function stubKeys(): void {
  for (const name of ['OPENAI_API_KEY', 'HF_TOKEN', 'MY_GATEWAY', 'DATABASE_URL']) vi.stubEnv(name, `canary-${name}`)
  onTestFinished(() => void vi.unstubAllEnvs())
}

describe('a child that asks no model', { timeout: 60_000 }, () => {
  it('PostgreSQL has no key in its environment', async () => {
    stubKeys()
    const home = temporaryHome()
    const postgres = await bringUpPostgres({ home, env: {} })
    onTestFinished(() => postgres.stop())
    const environment = environmentOf(findService(home, 'postgres')?.identity.pid ?? 0)
    expect(environment).toContain('PATH=')
    expect(environment).not.toContain('canary-')
  })

  it('the demo’s teacher has no key in its environment', async () => {
    stubKeys()
    const home = temporaryHome()
    const teacher = await startTeacherService({ home })
    onTestFinished(() => teacher.stop())
    const environment = environmentOf(teacher.record.identity.pid)
    expect(environment).toContain('PATH=')
    expect(environment).not.toContain('canary-')
  })

  it('gets what every program needs', () => {
    const given = {
      PATH: '/bin',
      HOME: '/h',
      LC_ALL: 'C',
      XDG_CACHE_HOME: '/c',
      SSL_CERT_FILE: '/ca',
      EMPTY: undefined,
    }
    expect(basicEnvironment({ ...given, AWS_SECRET: 's', PYTHONPATH: '/p', PATHS: '/x' })).toEqual({
      PATH: '/bin',
      HOME: '/h',
      LC_ALL: 'C',
      XDG_CACHE_HOME: '/c',
      SSL_CERT_FILE: '/ca',
    })
  })
})

describe('a training job', () => {
  const endpoints = parseRecipe(
    `hone: 1
campaign: mine
baseModel: { path: models/base }
endpoints:
  a: { url: 'http://a/v1', model: m, apiKeyEnv: PLAIN_NAME }
  b: { provider: groq, model: m, headers: { X-Team: $TEAM_WORD }, query: { tier: $TIER }, proxy: $PROXY_URL }
  c: { checkpoint: base }
sources: { seed: { path: data/seed } }
rounds: { count: 1, first: [{ step: describe, from: seed, endpoint: a }] }
`,
    { file: 'mine.yaml' },
  ).endpoints

  it('inherits no variable that a recipe names for a secret, whatever its name looks like', () => {
    const names = secretVariables(endpoints)
    expect(names.toSorted()).toEqual(['GROQ_API_KEY', 'PLAIN_NAME', 'PROXY_URL', 'TEAM_WORD', 'TIER'])
    const environment = Object.fromEntries([...names, 'CUDA_HOME'].map((name) => [name, 'value']))
    withhold(names)
    expect(inheritedEnvironment(environment)).toEqual({ CUDA_HOME: 'value' })
  })

  it.each([
    ['a key of OpenAI', 'sk-proj-abcdefghij'],
    ['a token of Hugging Face', 'hf_abcdefghijklmnop'],
    ['a JWT', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x'],
    ['a URL with a password', 'http://me:pass@proxy:3128'],
  ])('inherits no variable whose value is %s', (_, value) => {
    expect(inheritedEnvironment({ MY_SETTING: value, NCCL_DEBUG: 'INFO' })).toEqual({ NCCL_DEBUG: 'INFO' })
  })

  it('inherits what the machine needs', () => {
    const machine = {
      CUDA_VISIBLE_DEVICES: '0',
      CONDA_PREFIX: '/c',
      LD_LIBRARY_PATH: '/l',
      HF_HOME: '/h',
      OMP_NUM_THREADS: '2',
    }
    expect(inheritedEnvironment(machine)).toEqual(machine)
  })
})
