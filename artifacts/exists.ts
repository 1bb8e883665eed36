import { stat } from 'node:fs/promises'
import { errorCode } from '../domain/errors.ts'

/**
 * Whether the path exists. Every other error is thrown: a disk that does not answer says nothing
 * about the path.
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
