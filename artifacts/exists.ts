import { stat } from 'node:fs/promises'
import { errorCode } from '../domain/errors.ts'

/**
 * Whether there is something at the path. Errors other than its absence are thrown: a disk that is
 * away is no answer.
 */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
}
