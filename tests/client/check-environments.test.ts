import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { environmentProblem } from '../../client/check-environments.ts'
import { parseSite } from '../../jobs/site/read-site.ts'
import { temporaryHome } from '../world/home.ts'

const problem = (site: string, place = 'box'): Promise<string | null> =>
  environmentProblem(parseSite(`hone: 1\n${site}`, 'site.yaml'), place, 'trl')

/** Writes a program to a folder's `bin` that replaces Python. */
async function python(folder: string, script: string): Promise<string> {
  await mkdir(join(folder, 'bin'), { recursive: true })
  const path = join(folder, 'bin', 'python')
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

it('a Python with every module of the product has no problem', async () => {
  const path = await python(temporaryHome(), `echo '[]'`)
  expect(await problem(`places: { box: { launcher: local, environments: { trl: { python: ${path} } } } }`)).toBeNull()
})

it('an environment of the whole site counts when the place names none, and conda environments are checked', async () => {
  const folder = temporaryHome()
  const path = await python(folder, `echo '["torch", "trl"]'`)
  const site = `places: { box: { launcher: local } }\nenvironments: { trl: { conda: ${folder} } }`
  expect(await problem(site)).toBe(`environment "trl" of place "box": ${path} lacks torch, trl`)
})

it.each([
  ['fails', 'echo broken >&2; exit 1', /does not run: /],
  ['says something else', 'echo hello', /does not run: /],
])('a program that %s is no Python', async (_, script, message) => {
  const path = await python(temporaryHome(), script)
  const found = await problem(`places: { box: { launcher: local, environments: { trl: { python: ${path} } } } }`)
  expect(found).toMatch(message)
  expect(found?.split('\n')).toHaveLength(1)
})

it('an environment that Hone makes, that runs elsewhere or is in a container is not checked', async () => {
  const nowhere = '{ trl: { python: /nowhere/python } }'
  expect(await problem('places: { box: { launcher: local } }')).toBeNull()
  expect(await problem(`places: { box: { launcher: slurm, environments: ${nowhere} } }`)).toBeNull()
  expect(
    await problem('places: { box: { launcher: local, environments: { trl: { image: docker.example/trl } } } }'),
  ).toBeNull()
})
