import { existsSync, linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { ensureFolder, storageError } from './home.ts'
import { identify, isRunning, processIdentity } from './identity.ts'
import { errorCode } from '../domain/errors.ts'

const lockOwner = z.object({ ...processIdentity.shape, command: z.string(), since: z.string() })

/** Who holds a lock. */
export type LockOwner = z.infer<typeof lockOwner>

/** A lock taken, or who has it. */
export type LockResult = { status: 'acquired'; release: () => void } | { status: 'held'; owner: LockOwner }

/**
 * Takes an exclusive lock among the processes of this machine; the lock of a process that is gone
 * is taken over.
 *
 * Files `<path>.<n>` are made by an exclusive link; the highest n rules. A stale lock is never
 * replaced but outbid by n+1, so that of two processes that both find it stale only one can win.
 * (Renaming the stale file away was rejected: the slower of two would rename the winner's fresh
 * lock.) `movedBy` is as in {@link storageError}.
 */
export function acquireLock(path: string, command: string, movedBy?: string): LockResult {
  const folder = dirname(path)
  ensureFolder(folder, movedBy)
  const self = identify(process.pid)
  if (!self) throw new Error('this process cannot read its own start time')
  const draft = join(folder, `.${basename(path)}.${process.pid}.${Math.random().toString(36).slice(2)}`)
  try {
    writeFileSync(draft, JSON.stringify({ ...self, command, since: new Date().toISOString() } satisfies LockOwner))
  } catch (error) {
    throw storageError(error, draft, movedBy)
  }
  try {
    for (;;) {
      const held = generations(path)
      const highest = held.at(-1) ?? 0
      const owner = highest > 0 ? readOwner(`${path}.${highest}`) : null
      if (owner && isRunning(owner)) return { status: 'held', owner }
      const mine = highest + 1
      if (!link(draft, `${path}.${mine}`, movedBy)) continue
      const above = generations(path).some((generation) => generation > mine)
      if (above) {
        rmSync(`${path}.${mine}`, { force: true })
        continue
      }
      for (const generation of held) rmSync(`${path}.${generation}`, { force: true })
      return { status: 'acquired', release: () => rmSync(`${path}.${mine}`, { force: true }) }
    }
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Who holds the lock now, or null. */
export function lockHolder(path: string): LockOwner | null {
  const highest = generations(path).at(-1)
  const owner = highest === undefined ? null : readOwner(`${path}.${highest}`)
  return owner && isRunning(owner) ? owner : null
}

/**
 * Runs `work` under the lock, after its holder has released it. `onWait` hears of the holder at
 * each look, four times a second.
 */
export async function withLock<T>(
  path: string,
  command: string,
  work: () => Promise<T>,
  onWait: (owner: LockOwner) => void = () => {},
): Promise<T> {
  let lock = acquireLock(path, command)
  while (lock.status === 'held') {
    onWait(lock.owner)
    await sleep(250)
    lock = acquireLock(path, command)
  }
  try {
    return await work()
  } finally {
    lock.release()
  }
}

function generations(path: string): number[] {
  if (!existsSync(dirname(path))) return []
  const prefix = `${basename(path)}.`
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => a - b)
}

/**
 * A file that vanished or that nobody can read has no owner. A lock file is complete from the
 * start, because it is made by a link.
 */
function readOwner(file: string): LockOwner | null {
  try {
    return lockOwner.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return null
  }
}

function link(from: string, to: string, movedBy: string | undefined): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw storageError(error, to, movedBy)
  }
}
