import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { findInterpreter } from '../../services/interpreter.ts'

const program = fileURLToPath(new URL('../../bin/hone.js', import.meta.url))

/**
 * Runs `hone` in its own process until it ends. Its Python claims to have every module that the
 * trainer imports.
 */
export async function honeProcess(
  argv: readonly string[],
  { home, env }: { home: string; env: Record<string, string> },
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [program, ...argv], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      HONE_HOME: home,
      HONE_PYTHON: await fakePython(),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGTERM'))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, out, err }
}

/** Runs the real interpreter without the list of modules to look for, so that it misses nothing. */
async function fakePython(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'hone-python-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'fake-python')
  writeFileSync(path, `#!/bin/sh\nexec "${(await findInterpreter())?.path ?? 'python3'}" "$1" "$2"\n`)
  chmodSync(path, 0o755)
  return path
}
