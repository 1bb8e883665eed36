import { errorCode, HoneError } from '../domain/errors.ts'

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EPERM: 'not permitted',
  EROFS: 'the disk is read-only',
  ENOTDIR: 'a file is in the way',
  EEXIST: 'a file is in the way',
  ENAMETOOLONG: 'the name is too long',
}

/**
 * Turns a file system error that a person can mend (a full disk, rights) into a StorageFull that
 * says how. Other errors are returned as they are. `movedBy` is the variable or option that names
 * another place.
 */
export function storageError(error: unknown, path: string, movedBy: string = 'HONE_HOME'): unknown {
  const code = errorCode(error) ?? ''
  const move = movedBy.startsWith('-') ? `give ${movedBy} a place` : `set ${movedBy} to a folder`
  // DuckDB names a full disk only in its message.
  const isFull = error instanceof Error && error.message.includes('No space left on device')
  if (code === 'ENOSPC' || code === 'EDQUOT' || isFull)
    return new HoneError({
      type: 'StorageFull',
      message: `No space is left to write ${path} (${code || 'ENOSPC'}).`,
      nextStep: `Free space there, or ${move} on a disk with room.`,
      cause: error,
    })
  const why = reasons[code]
  if (why === undefined) return error
  return new HoneError({
    type: 'StorageFull',
    message: `Cannot write to ${path}: ${why} (${code}).`,
    nextStep: `Give yourself the right to write there, or ${move} where you may.`,
    cause: error,
  })
}
