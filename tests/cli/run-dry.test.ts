import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { FakeEndpoint } from '../models/fake-endpoint.ts'
import { described, reasonArguments } from './step-parts.ts'
import { eachWithFolderAndServer } from './step-hooks.ts'
import type { StepFolder } from './step-world.ts'

const program = fileURLToPath(new URL('lost-wait.ts', import.meta.url))
let folder: StepFolder
let endpoint: FakeEndpoint
eachWithFolderAndServer((...given) => {
  ;[folder, endpoint] = given
})

/** Runs `hone step` as a process of its own, which loses its wait after three calls. */
async function runDry(...more: readonly string[]): Promise<{ code: unknown; out: string; err: string }> {
  folder.writeLines('in.jsonl', described(8))
  const argv = ['--import', 'tsx/esm', program, ...reasonArguments(folder, endpoint, more)]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, out, err }
}

it('a process that runs out of events in the middle of a step says what is undone and how to go on, and fails', async () => {
  const { code, out, err } = await runDry('--set', 'samples=1')
  expect(code).toBe(1)
  expect(out).toBe('')
  expect(err).toContain('3 of 8 rows are done')
  expect(err).toContain('a fault of Hone')
  expect(err).toContain('The same command goes on')
})

it('tells a program so with --json', async () => {
  const { code, out } = await runDry('--set', 'samples=1', '--json')
  expect(code).toBe(1)
  expect(JSON.parse(out)).toMatchObject({ error: { type: 'StepIncomplete' } })
})
