import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HoneError } from '../domain/errors.ts'
import { homePaths, storageError } from './home.ts'
import { database } from './postgres-client.ts'
import type { PostgresBinaries, PostgresUser } from './postgres-binaries.ts'
import type { Progress } from './progress.ts'
import { runProgram } from './run-program.ts'

/**
 * Makes the data folder `<folder>/data` and its password. The data folder is made under another
 * name first, so that a half-made one is never taken for a whole one. Throws StorageFull or
 * MissingDependency; the signal's reason.
 */
export async function initialiseFiles(options: {
  binaries: PostgresBinaries
  user: PostgresUser
  folder: string
  durability: 'safe' | 'fast'
  progress: Progress
  signal: AbortSignal | undefined
}): Promise<void> {
  const { binaries, user, folder, durability, progress, signal } = options
  progress.update('creating the database files')
  const draft = join(folder, 'data.new')
  const passwordFile = join(folder, 'password')
  const handOver = join(folder, 'password.initdb')
  try {
    for (const path of [draft, handOver]) rmSync(path, { recursive: true, force: true })
    mkdirSync(draft, { mode: 0o700 })
    const password = randomBytes(24).toString('base64url')
    for (const path of [passwordFile, handOver]) {
      writeFileSync(path, `${password}\n`, { mode: 0o600 })
      chmodSync(path, 0o600)
    }
    if (user.owner) for (const path of [draft, handOver]) chownSync(path, user.owner.uid, user.owner.gid)
    const args = [
      '-D',
      draft,
      '-U',
      database,
      '-A',
      'scram-sha-256',
      `--pwfile=${handOver}`,
      '--encoding=UTF8',
      '--locale=C',
    ]
    const program = user.spawn(binaries.initdb, durability === 'fast' ? [...args, '--no-sync'] : args)
    const { failure, output } = await runProgram({ ...program, signal })
    if (failure !== null) throw initFailed(draft, failure, output)
    renameSync(draft, join(folder, 'data'))
  } catch (error) {
    throw storageError(error, folder)
  } finally {
    rmSync(handOver, { force: true })
  }
}

function initFailed(target: string, failure: string, output: string): HoneError {
  const isFull = /No space left|Disk quota/.test(output)
  const why = isFull ? 'no space left on the disk' : failure
  return new HoneError({
    type: isFull ? 'StorageFull' : 'MissingDependency',
    message: `Could not create the PostgreSQL files in ${target}: ${why}.\n${output}`,
    nextStep: isFull
      ? 'Free space there, or set HONE_HOME to a folder on a disk with room.'
      : 'If the program cannot run on this system, set DATABASE_URL to a PostgreSQL server of yours.',
  })
}

/** Throws MissingDependency where another major version of PostgreSQL made the data folder. */
export function checkVersion(data: string, binaries: PostgresBinaries): void {
  const made = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()
  if (made === binaries.version.split('.')[0]) return
  throw new HoneError({
    type: 'MissingDependency',
    message: `The database in ${data} was made by PostgreSQL ${made}; this Hone brings ${binaries.version}.`,
    nextStep: `Dump it with a Hone of that version and load it here (pg_dump, psql), or set HONE_HOME to a new folder.`,
  })
}

/** The error for a home that has a database and no password file. */
export function lostPassword(home: string): HoneError {
  const folder = homePaths(home).postgres
  return new HoneError({
    type: 'MissingSecret',
    message: `${folder} holds a database, but its password file is gone.`,
    nextStep: `Restore ${join(folder, 'password')} from a backup, or move ${folder} away to start with an empty database.`,
  })
}

/** The password of this home's database; null where there is no database. */
export function readPassword(home: string): string | null {
  try {
    return readFileSync(join(homePaths(home).postgres, 'password'), 'utf8').trim()
  } catch {
    return null
  }
}
