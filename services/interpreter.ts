import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { z } from 'zod'
import { suits, trlEnvironment } from './environments.ts'
import type { PythonEnvironment } from './environments.ts'
import { findProgram } from './programs.ts'

/** A Python that was found. */
export interface Interpreter {
  path: string
  /** e.g. "3.11.7" */
  version: string
}

const run = promisify(execFile)
const answer = z.object({ path: z.string(), version: z.string() })
const describeSelf =
  'import sys, json; print(json.dumps({"path": sys.executable, "version": ".".join(map(str, sys.version_info[:3]))}))'

/**
 * The newest Python on PATH of the versions that are asked for, or null. Default: the versions that
 * the trainer runs on.
 */
export async function findInterpreter(
  env: Readonly<Record<string, string | undefined>> = process.env,
  pythons: PythonEnvironment['pythons'] = trlEnvironment.pythons,
): Promise<Interpreter | null> {
  for (const name of ['python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3', 'python']) {
    const program = findProgram(name, env)
    // A version manager's shim may exist for a version that is not there: it must answer.
    const found = program === null ? null : await describeInterpreter(program)
    if (found && suits(pythons, found.version)) return found
  }
  return null
}

/** What an interpreter says about itself; null when it does not run. */
export async function describeInterpreter(program: string): Promise<Interpreter | null> {
  try {
    const { stdout } = await run(program, ['-c', describeSelf], { timeout: 20_000 })
    return answer.parse(JSON.parse(stdout))
  } catch {
    return null
  }
}
