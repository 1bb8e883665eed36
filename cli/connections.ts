import type { CampaignClient } from '../client/campaigns.ts'
import { openDatabase } from '../db/database.ts'
import type { Database } from '../db/database.ts'
import { HoneError } from '../domain/errors.ts'
import { honeHome } from '../services/home.ts'
import { findPostgres } from '../services/postgres.ts'
import type { Terminal } from './terminal.ts'

/**
 * Opens this home's database (or DATABASE_URL), does the work and closes the database. Starts
 * nothing. Throws MissingDependency when no database runs, or when the database does not answer or
 * is not Hone's.
 */
export async function withDatabase<Result>(
  { env }: Pick<Terminal, 'env'>,
  work: (db: Database) => Promise<Result>,
): Promise<Result> {
  const home = honeHome(env)
  const url = findPostgres(home, env)
  if (url === null) throw notRunning('Hone', home)
  const { db, close } = openDatabase(url, { max: 4 })
  try {
    return await work(db)
  } catch (error) {
    throw connectionError(error, url, !env['DATABASE_URL'])
  } finally {
    await close()
  }
}

/**
 * Connects to this home's Temporal (or the user's own), does the work and closes the connection.
 * The Temporal client is loaded only here: verbs that read start without it. Throws
 * MissingDependency when no Temporal runs.
 */
export async function withClient<Result>(
  { env, connect }: Pick<Terminal, 'env' | 'connect'>,
  work: (client: CampaignClient) => Promise<Result>,
): Promise<Result> {
  const home = honeHome(env)
  const { findTemporal } = await import('../services/temporal.ts')
  const server = findTemporal(home, env)
  if (server === null) throw notRunning('Temporal', home)
  const client = await connect(server)
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}

/** The error for a home in which no database or no Temporal runs, with what to do about it. */
export function notRunning(what: 'Hone' | 'Temporal', home: string): HoneError {
  return new HoneError({
    type: 'MissingDependency',
    message: `No ${what} runs in this home (${home}).`,
    nextStep:
      'Start it with `hone dev`; or name another home in HONE_HOME, or your own servers in DATABASE_URL and TEMPORAL_ADDRESS.',
  })
}

// SQLSTATE codes: PostgreSQL's manual, appendix A.
const problems: Readonly<Record<string, string>> = {
  '28P01': 'refuses the password',
  '28000': 'refuses the user',
  '3D000': 'has no such database',
  '42P01': "lacks Hone's tables",
  '42703': 'has tables of another version of Hone',
  '57P03': 'is starting or stopping',
}
const unreachable = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH', 'EAI_AGAIN'])

/**
 * Says in words, without the password, why a database cannot be used. Returns other errors as they
 * are.
 */
function connectionError(error: unknown, url: string, isOwn: boolean): unknown {
  const code = codeOf(error)
  const problem = code !== null && unreachable.has(code) ? 'does not answer' : problems[code ?? '']
  if (problem === undefined) return error
  return new HoneError({
    type: 'MissingDependency',
    message: `PostgreSQL at ${placeOf(url)} ${problem} (${code}).`,
    nextStep: isOwn
      ? 'If it is just starting, try again in a moment; else `hone dev` puts it right.'
      : 'Check the server and DATABASE_URL; `hone dev` makes the tables in an empty database.',
    cause: error,
  })
}

function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  if ('code' in error && typeof error.code === 'string') return error.code
  return codeOf(error.cause)
}

function placeOf(url: string): string {
  if (!URL.canParse(url)) return 'DATABASE_URL'
  const { host, pathname } = new URL(url)
  return `${host}${pathname}`
}
