import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { bringUpPython, trainerFolder } from '../../services/python.ts'
import type { Python } from '../../services/python.ts'

const minutes = 60_000
const failed = z.object({ code: z.unknown(), stdout: z.string(), stderr: z.string() })

let python: Python

// On a machine where nothing was installed yet this makes the trainer's environment.
beforeAll(async () => {
  python = await bringUpPython({ imports: ['torch', 'trl', 'transformers', 'fastapi', 'httpx', 'pytest', 'ruff'] })
}, 15 * minutes)

/**
 * What a Python module printed in the trainer's folder. A failure is an error that shows all of it.
 */
async function runModule(...args: string[]): Promise<string> {
  const env = { ...process.env, ...python.env, PYTHONDONTWRITEBYTECODE: '1' }
  try {
    const { stdout } = await promisify(execFile)(python.python, ['-m', ...args], {
      cwd: trainerFolder,
      env,
      maxBuffer: 64 * 1024 * 1024,
    })
    return stdout
  } catch (error) {
    const { code, stdout, stderr } = failed.parse(error)
    throw new Error(`python -m ${args.join(' ')} ended with ${String(code)}:\n${stdout}\n${stderr}`, { cause: error })
  }
}

test(
  'the trainer passes its linter and is formatted',
  async () => {
    const rules = ['--no-cache', '--config', join(trainerFolder, 'pyproject.toml')]
    // Scripts that other trainers' jobs run are held to the same rules.
    const folders = ['.', join('..', 'trainers')]
    expect(await runModule('ruff', 'check', ...rules, ...folders)).toContain('All checks passed')
    expect(await runModule('ruff', 'format', '--check', ...rules, ...folders)).toContain('formatted')
  },
  2 * minutes,
)

test(
  "the trainer's own tests pass, and there are some",
  async () => {
    const said = await runModule('pytest', '-q', '--color=no', '-p', 'no:cacheprovider')
    const passed = Number(/(\d+) passed/.exec(said)?.[1] ?? 0)
    expect(passed).toBeGreaterThan(40)
    expect(said).not.toMatch(/\d+ (skipped|xfailed|deselected)/)
  },
  15 * minutes,
)
