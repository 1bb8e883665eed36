import type { CampaignClient } from '../client/campaigns.ts'
import { getCampaign, listCampaigns, type CampaignRecord } from '../db/campaigns.ts'
import { openDatabase, type Database } from '../db/database.ts'
import { HoneError } from '../domain/errors.ts'
import { honeHome } from '../services/home.ts'
import { findPostgres } from '../services/postgres.ts'
import type { Terminal } from './terminal.ts'

/**
 * Opens this home's database (or DATABASE_URL), does the work and closes it. Starts nothing.
 * @throws HoneError MissingDependency when no database runs, it does not answer, or it is not Hone's.
 */
export async function withDatabase<Result>(
  { env }: Pick<Terminal, 'env'>,
  work: (db: Database) => Promise<Result>,
): Promise<Result> {
  const home = honeHome(env)
  const url = findPostgres(home, env)
  if (url === null) throw notRunning(home)
  const { db, close } = openDatabase(url, { max: 4 })
  try {
    return await work(db)
  } catch (error) {
    throw connectionError(error, url)
  } finally {
    await close()
  }
}

/**
 * Connects to this home's Temporal (or TEMPORAL_ADDRESS), does the work and closes the connection. The Temporal client is
 * loaded only here: verbs that read start without it.
 * @throws HoneError MissingDependency when none runs.
 */
export async function withClient<Result>(
  { env, connect }: Pick<Terminal, 'env' | 'connect'>,
  work: (client: CampaignClient) => Promise<Result>,
): Promise<Result> {
  const home = honeHome(env)
  const { findTemporal } = await import('../services/temporal.ts')
  const address = findTemporal(home, env)
  if (address === null) throw notRunning(home)
  const client = await connect(address)
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}

function notRunning(home: string): HoneError {
  return new HoneError({
    type: 'MissingDependency',
    message: `No Hone runs in this home (${home}).`,
    nextStep:
      'Start it with `hone dev`; or name another home in HONE_HOME, or your own servers in DATABASE_URL and TEMPORAL_ADDRESS.',
  })
}

/** The campaign that is meant: the named one, or the only one there is. Throws UnknownCampaign or InvalidInput. */
export async function chooseCampaign(db: Database, named: string | undefined): Promise<CampaignRecord> {
  if (named !== undefined) return getCampaign(db, named)
  const ids = (await listCampaigns(db)).map(({ id }) => id)
  const [only, ...others] = ids
  if (only === undefined)
    throw new HoneError({
      type: 'UnknownCampaign',
      message: 'There is no campaign yet.',
      nextStep: 'Start one: `hone demo`, or `hone start recipe.yaml`.',
    })
  if (others.length > 0)
    throw new HoneError({
      type: 'InvalidInput',
      message: `Which campaign? There are ${ids.length}: ${ids.slice(0, 10).join(', ')}${ids.length > 10 ? ', …' : ''}.`,
      nextStep: 'Name one; it may be left out only when there is a single one.',
    })
  return getCampaign(db, only)
}

const advice: Readonly<Record<string, readonly [problem: string, nextStep: string]>> = {
  '28P01': ['refuses the password', 'Correct the password in DATABASE_URL.'],
  '28000': ['refuses the user', 'Correct the user in DATABASE_URL.'],
  '3D000': ['has no such database', 'Create it, or correct the name in DATABASE_URL.'],
  '42P01': ["lacks Hone's tables", '`hone dev` brings them up to date.'],
  '42703': ['has tables of another version of Hone', '`hone dev` brings them up to date.'],
}
const unreachable = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH', 'EAI_AGAIN'])

/** A database that cannot be used, in words, without the password. Other errors come back as they are. */
function connectionError(error: unknown, url: string): unknown {
  const code = codeOf(error)
  const known = code === null ? undefined : advice[code]
  if (code === null || (!known && !unreachable.has(code))) return error
  const [problem, nextStep] = known ?? [
    'does not answer',
    'Start it: `hone dev` for your own home, else the server of DATABASE_URL.',
  ]
  return new HoneError({
    type: 'MissingDependency',
    message: `PostgreSQL at ${placeOf(url)} ${problem} (${code}).`,
    nextStep,
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
