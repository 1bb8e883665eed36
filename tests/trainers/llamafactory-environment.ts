import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * The Python of an environment with LLaMA-Factory (trainers/llamafactory/requirements.lock), or null: named by
 * HONE_ENV_LLAMAFACTORY, else in the user's cache. It takes 6 GB, so no test installs it.
 */
export function llamafactoryPython(): string | null {
  const cached = join(homedir(), '.cache', 'hone', 'environments', 'llamafactory', 'bin', 'python')
  const found = [process.env['HONE_ENV_LLAMAFACTORY'], cached].find((path) => path !== undefined && existsSync(path))
  return found ?? null
}

/** Why a test that needs the environment was left out. */
export const withoutEnvironment = 'no environment of LLaMA-Factory: set HONE_ENV_LLAMAFACTORY to its Python'
