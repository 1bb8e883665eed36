import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Argument, Command } from 'commander'
import { environmentNamed, pythonEnvironments } from '../../services/environments.ts'
import type { PythonEnvironment } from '../../services/environments.ts'
import { honeCache } from '../../services/home.ts'
import { createProgress, quietProgress } from '../../services/progress.ts'
import { bringUpEnvironment, environmentState } from '../../services/python.ts'
import { untilInterrupted } from '../interrupt.ts'
import { jsonOption } from '../options.ts'
import { printResult } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { environmentLines } from '../text/environments.ts'
import type { ListedEnvironment } from '../text/environments.ts'

const examples = `
Examples:
  $ hone env                     all environments, where they are, and how much of the disk they take
  $ hone env vllm-cpu            makes one now, and not when a campaign first needs it
  $ $(hone env trl) -m pip list  the command prints the interpreter

Trainers and servers need packages that exclude each other, so each product has a Python of its own. It is made once
from hashed requirements and kept in HONE_CACHE (default: ~/.cache/hone) for every clone. An environment that is made
is left as it is. Ctrl-C leaves nothing half made. A place of the site file may name a Python of your own instead.`

/** `hone env [NAME]`: lists the Python environments, or makes one of them. */
export function envCommand(terminal: Terminal): Command {
  const name = new Argument('[name]', `the one to make: ${pythonEnvironments.map(({ name }) => name).join(', ')}`)
  return new Command('env')
    .description('List the Python environments of trainers and servers, or make one of them.')
    .addArgument(name)
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action(async (wanted: string | undefined, options: { json?: boolean }) => {
      if (wanted === undefined) await list(terminal, options)
      else await make(terminal, environmentNamed(wanted), options)
    })
}

async function list(terminal: Terminal, options: { json?: boolean }): Promise<void> {
  const cache = honeCache(terminal.env)
  const environments = await Promise.all(pythonEnvironments.map((each) => listed(each, cache, terminal.env)))
  printResult(terminal, options, { environments }, () => environmentLines(environments))
}

async function listed(environment: PythonEnvironment, cache: string, env: Terminal['env']): Promise<ListedEnvironment> {
  const { name, purpose, bytes } = environment
  const found = await environmentState(environment, cache, env)
  const { state } = found
  const common = { name, purpose, state, python: null, bytes: null, why: null }
  if (found.state === 'impossible') return { ...common, why: found.why }
  if (found.state === 'not made') return { ...common, bytes }
  if (found.state === 'yours') return { ...common, python: found.python }
  return { ...common, python: found.python, bytes: await bytesIn(found.folder) }
}

async function make(terminal: Terminal, environment: PythonEnvironment, options: { json?: boolean }): Promise<void> {
  const progress = options.json === true ? quietProgress : createProgress(terminal.stderr)
  const { env } = terminal
  const before = await environmentState(environment, honeCache(env), env)
  const { python } = await untilInterrupted(terminal, async (signal) =>
    bringUpEnvironment(environment, { env, progress, signal }),
  )
  const made = { name: environment.name, python, madeNow: before.state === 'not made' }
  printResult(terminal, options, made, () => [python])
}

/**
 * Bytes of the files below a folder. Links are not followed; files shared with uv's cache count
 * too.
 */
async function bytesIn(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) bytes += await bytesIn(path)
    else if (entry.isFile()) bytes += (await lstat(path)).size
  }
  return bytes
}
