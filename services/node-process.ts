import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * How to run one of our own entry files as a process: through tsx from sources, plainly from a
 * build. `entry` is its path below the project, without extension, e.g. `worker/main`.
 */
export function nodeEntry(entry: string): { command: string; args: string[] } {
  const source = fileURLToPath(new URL(`../${entry}.ts`, import.meta.url))
  if (existsSync(source)) return { command: process.execPath, args: ['--import', import.meta.resolve('tsx'), source] }
  return { command: process.execPath, args: [fileURLToPath(new URL(`../${entry}.js`, import.meta.url))] }
}
