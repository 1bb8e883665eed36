import { homePaths } from './home.ts'
import { acquireLock, lockHolder } from './lock.ts'
import type { LockOwner, LockResult } from './lock.ts'

/**
 * Claims this home for one dev stack; `held` with its owner if another runs. A dead owner's claim
 * is taken over.
 */
export function claimHome(home: string, command: string): LockResult {
  return acquireLock(homePaths(home).devLock, command)
}

/** Who runs the dev stack of this home now, or null. */
export function homeOwner(home: string): LockOwner | null {
  return lockHolder(homePaths(home).devLock)
}
