import { realpathSync } from 'node:fs'
import { Client } from 'pg'
import { HoneError, messageOf } from '../domain/errors.ts'

/** Name of Hone's database and of its user. */
export const database = 'hone'

/** URL of a server of ours. It holds the password: never print it. */
export function urlOf(port: number, password: string, name: string = database): string {
  return `postgres://${database}:${password}@127.0.0.1:${port}/${name}`
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  // A connection that is cut after our answer came is no error for us.
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/**
 * Whether the server answers and serves this data folder: another server may have taken the port.
 * Throws the driver's error when nobody answers.
 */
export async function serves(url: string, data: string): Promise<boolean> {
  return await withClient(url, async (client) => {
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory')
    return realpathSync(rows[0]?.data_directory ?? '') === realpathSync(data)
  })
}

/** Makes Hone's database unless it is there. `url` leads to another database of the server. */
export async function createDatabase(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [database])
    if (rowCount === 0) await client.query(`CREATE DATABASE ${database}`)
  })
}

/** Throws EndpointRefused when the server of DATABASE_URL does not answer. */
export async function checkUsersServer(url: string): Promise<void> {
  try {
    await withClient(url, (client) => client.query('SELECT 1'))
  } catch (error) {
    // A driver's message may quote the URL, which holds the password.
    const reason = messageOf(error).split(url).join('the URL')
    throw new HoneError({
      type: 'EndpointRefused',
      message: `DATABASE_URL is set, but ${withoutPassword(url)} does not answer: ${reason || 'connection refused'}.`,
      nextStep: 'Start that server or correct DATABASE_URL; unset it to use the PostgreSQL that Hone brings.',
      cause: error,
    })
  }
}

/** Host, port and database of a URL: what may be printed of it. */
export function withoutPassword(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url)
    return `${hostname}${port ? `:${port}` : ''}${pathname}`
  } catch {
    return 'its server (the URL cannot be parsed)'
  }
}
