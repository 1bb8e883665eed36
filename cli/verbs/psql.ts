import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { Command } from 'commander'
import { HoneError } from '../../domain/errors.ts'
import { honeHome, homePaths } from '../../services/home.ts'
import { findPostgres } from '../../services/postgres.ts'
import { findProgram } from '../../services/programs.ts'
import { notRunning } from '../connections.ts'
import { exitCodes, printJson } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { usageError } from '../usage-error.ts'

const examples = `
Examples:
  $ hone psql
  $ hone psql -c 'select name, row_count from datasets'
  $ hone psql --json                   where the database is, for another client

All other options and words go to psql. The password travels in PGPASSWORD, never on a command line.`

/**
 * `hone psql [ARGS…]`: psql on this home's database (or DATABASE_URL). Ends with psql's own exit
 * code.
 */
export function psqlCommand(terminal: Terminal): Command {
  return new Command('psql')
    .description("Open psql on this home's database: every row, reply, job, metric and score.")
    .argument('[args...]', 'passed on to psql')
    .option('--json', 'print where the database is as JSON, and start nothing')
    .allowUnknownOption()
    .addHelpText('after', examples)
    .action(async (args: string[], options: { json?: boolean }) => {
      const home = honeHome(terminal.env)
      const url = findPostgres(home, terminal.env)
      if (url === null) throw notRunning('Hone', home)
      const place = placeOf(url, terminal.env['DATABASE_URL'] ? null : join(homePaths(home).postgres, 'password'))
      const psql = findProgram('psql', terminal.env)
      const { connection: _, password: __, ...shown } = place
      if (options.json === true) return printJson(terminal, { ...shown, psql })
      if (psql === null) throw notInstalled(place)
      const code = await runPsql(terminal, psql, place, args)
      if (code !== 0) process.exitCode = code
    })
}

interface Place {
  host: string
  port: number
  user: string
  database: string
  /** File that holds the password; null when DATABASE_URL holds it. */
  passwordFile: string | null
  password: string
  /** The URL without its password. */
  connection: string
}

function placeOf(text: string, passwordFile: string | null): Place {
  if (!URL.canParse(text))
    throw usageError('DATABASE_URL is no URL.', 'Write it as postgres://user:password@host:5432/database.')
  const url = new URL(text)
  const password = url.searchParams.get('password') ?? decodeURIComponent(url.password)
  url.searchParams.delete('password')
  url.password = ''
  return {
    host: url.hostname || (url.searchParams.get('host') ?? 'local socket'),
    port: Number(url.port || '5432'),
    user: decodeURIComponent(url.username),
    database: decodeURIComponent(url.pathname.slice(1)),
    passwordFile,
    password,
    connection: url.href,
  }
}

function notInstalled({ host, port, user, database, passwordFile }: Place): HoneError {
  return new HoneError({
    type: 'MissingDependency',
    message: 'psql is not installed here: no program of that name is on PATH.',
    nextStep: [
      'Install it (`apt install postgresql-client`, `dnf install postgresql`, `brew install libpq`), or use any other client:',
      `    host      ${host}`,
      `    port      ${port}`,
      `    user      ${user}`,
      `    database  ${database}`,
      `    password  ${passwordFile === null ? 'the one in DATABASE_URL' : `in the file ${passwordFile}`}`,
    ].join('\n'),
  })
}

/**
 * Runs psql on the terminal itself, where there is one. Returns psql's exit code; 130 after a
 * signal.
 */
async function runPsql(
  terminal: Terminal,
  program: string,
  { connection, password }: Place,
  args: readonly string[],
): Promise<number> {
  const isOwn = terminal.stdout === process.stdout
  const child = spawn(program, ['-d', connection, ...args], {
    stdio: isOwn ? 'inherit' : 'pipe',
    env: { ...process.env, ...terminal.env, PGPASSWORD: password },
  })
  // Ctrl-C is for psql, where it ends a statement.
  const ignore = (): void => undefined
  process.on('SIGINT', ignore)
  try {
    if (!isOwn) {
      if (child.stdin) terminal.stdin.pipe(child.stdin)
      passOn(child.stdout, terminal.stdout)
      passOn(child.stderr, terminal.stderr)
    }
    const [code]: unknown[] = await once(child, 'close')
    return typeof code === 'number' ? code : exitCodes.interrupted
  } finally {
    process.removeListener('SIGINT', ignore)
  }
}

const passOn = (from: Readable | null, to: Terminal['stdout']): void => void from?.pipe(to, { end: false })
